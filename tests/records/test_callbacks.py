"""Who wishes to be called back: their place, what came of it, and when the wish is over."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from ivr_engine.errors import IvrError
from ivr_engine.events import CallbackWished, Cause, ContactEnded, ContactStarted, Outcome, PrivateNoted
from ivr_engine.records import callbacks, people, projection
from ivr_engine.records.callbacks import Result
from ivr_engine.records.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = 1_700_000_000.0


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


def wish(store: sqlite3.Connection, contact: str, number: str, at: float = AT, line: str = "lavoro") -> None:
    for event in (
        ContactStarted(contact, at, line, "800196001", "virtual", contact, "key", "mobile", "it"),
        PrivateNoted(contact, at, callbacks.NUMBER, number),
        CallbackWished(contact, at, line, "naspi", "any"),
        ContactEnded(contact, at + 60, Cause.GOODBYE, Outcome.CALLBACK),
    ):
        projection.apply(store, event)


def contacts(store: sqlite3.Connection, line: str = "") -> list[str]:
    return [it.contact for it in callbacks.to_call(store, line)]


def test_the_longest_waiting_come_first_and_who_wishes_it_again_keeps_the_place(store: sqlite3.Connection) -> None:
    wish(store, "A", "+393331234567")
    wish(store, "B", "+393337654321", AT + 10)
    wish(store, "C", "+393331234567", AT + 20, "sociale")  # about something else
    assert contacts(store) == ["A", "B", "C"]
    wish(store, "D", "3331234567", AT + 30)  # the same number, as it was keyed
    assert contacts(store) == ["D", "B", "C"]
    assert contacts(store, "sociale") == ["C"]
    assert callbacks.to_call(store)[0].wished == AT
    assert callbacks.called(store) == []
    for contact, number in (("E", "000001"), ("F", "000002")):  # numbers that are none are not one another's
        wish(store, contact, number, AT + 40)
    assert contacts(store) == ["D", "B", "C", "E", "F"]


def test_no_answer_leaves_it_in_the_list_and_a_talk_ends_it(store: sqlite3.Connection) -> None:
    wish(store, "A", "+393331234567")
    callbacks.tried(store, "A", Result.NO_ANSWER, 0, "anna", AT + 100)
    (it,) = callbacks.to_call(store)
    assert (it.tries, it.tried, it.who, it.result) == (1, AT + 100, "anna", "no_answer")
    callbacks.tried(store, "A", Result.REACHED, 1, "bruno", AT + 200)
    assert callbacks.to_call(store) == []
    (it,) = callbacks.called(store)
    assert (it.tries, it.who, it.result, it.open) == (2, "bruno", "reached", False)


def test_nobody_calls_a_citizen_who_was_forgotten(store: sqlite3.Connection) -> None:
    wish(store, "A", "+393331234567")
    store.execute("UPDATE contacts SET citizen = 1")
    people.erase(store, 1, "ada", AT + 100)
    assert (contacts(store), callbacks.called(store)[0].result) == ([], "given_up")
    keys = "SELECT caller_key FROM contacts UNION SELECT data ->> 'caller_key' FROM journal WHERE kind = 'ContactStarted'"
    assert [tuple(row) for row in store.execute(keys)] == [("",)], "not even the key by which their calls are alike"


def test_two_people_do_not_note_the_same_call(store: sqlite3.Connection) -> None:
    wish(store, "A", "+393331234567")
    callbacks.tried(store, "A", Result.NO_ANSWER, 0, "anna", AT + 100)
    with pytest.raises(IvrError, match="meanwhile"):
        callbacks.tried(store, "A", Result.NO_ANSWER, 0, "bruno", AT + 101)
    callbacks.tried(store, "A", Result.GIVEN_UP, 1, "bruno", AT + 102)
    with pytest.raises(IvrError, match="meanwhile"):
        callbacks.tried(store, "A", Result.REACHED, 1, "anna", AT + 103)
    with pytest.raises(IvrError, match="nobody wishes"):
        callbacks.tried(store, "B", Result.REACHED, 0, "anna", AT)
    assert callbacks.called(store)[0].tries == 1  # closing it was no call


def test_who_has_talked_to_an_operator_since_is_told(store: sqlite3.Connection) -> None:
    wish(store, "A", "+393331234567")
    assert callbacks.to_call(store)[0].answered is None
    projection.apply(store, ContactStarted("B", AT + 500, "lavoro", "800196001", "virtual", "B", "key", "mobile", "it"))
    projection.apply(store, ContactEnded("B", AT + 600, Cause.OPERATOR, Outcome.ANSWERED))
    assert callbacks.to_call(store)[0].answered == AT + 500
