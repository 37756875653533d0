"""Which case a contact of another channel joins, and whose it is."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from ivr_engine.errors import IvrError
from ivr_engine.records import by_hand, people
from ivr_engine.records.by_hand import Received
from ivr_engine.records.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_795_000_000.0
OPEN, CLOSED = "2026-000001", "2026-000002"
MARIO, LUCIA = 1, 2


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    """Two citizens; Mario's open case and his closed one, on two lines."""
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    connection.row_factory = sqlite3.Row
    for citizen in (MARIO, LUCIA):
        connection.execute("INSERT INTO citizens (id, number, created) VALUES (?, ?, 0)", (citizen, f"+39333000000{citizen}"))
    for serial, line, state in ((1, "lavoro", "open"), (2, "sociale", "closed")):
        connection.execute(
            "INSERT INTO cases (year, serial, number, citizen, line, state, level, opened, updated)"
            " VALUES (2026, ?, ?, ?, ?, ?, 'front_line', 0, 0)",
            (serial, f"2026-{serial:06d}", MARIO, line, state),
        )
    yield connection
    connection.close()


def register(store: sqlite3.Connection, *, citizen: int | None = None, case: str = "", line: str = "lavoro") -> tuple[int, str]:
    """Whose contact it is now, and the case it is in."""
    received = Received(medium="post", line=line, at=NOW - 60, text="Chiede.", citizen=citizen, case=case)
    contact, number = by_hand.register(store, received, "anna", NOW)
    return store.execute("SELECT citizen FROM contacts WHERE id = ?", (contact,)).fetchone()[0], number


def test_a_case_gives_its_citizen_and_takes_no_other(store: sqlite3.Connection) -> None:
    assert register(store, case=OPEN) == (MARIO, OPEN)
    assert register(store, case=OPEN, citizen=LUCIA) == (MARIO, OPEN)


def test_a_finished_case_is_not_joined(store: sqlite3.Connection) -> None:
    citizen, number = register(store, case=CLOSED)
    assert citizen == MARIO
    assert number not in {OPEN, CLOSED}
    assert register(store, case=CLOSED) == (MARIO, number)


def test_without_a_case_the_citizens_open_one_goes_on(store: sqlite3.Connection) -> None:
    assert register(store, citizen=MARIO) == (MARIO, OPEN)
    assert register(store, citizen=LUCIA)[1] not in {OPEN, CLOSED}


def test_who_is_not_known_or_was_erased_gets_no_contact(store: sqlite3.Connection) -> None:
    people.erase(store, LUCIA, "ada", NOW)
    for citizen in (LUCIA, 99):
        with pytest.raises(IvrError, match="not known, or their data were erased"):
            register(store, citizen=citizen)
    assert store.execute("SELECT count(*) FROM contacts").fetchone()[0] == 0
