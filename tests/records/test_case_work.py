"""What people do with a case: who may, where it may go, what is kept, and when it is due."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from ivr_engine.clock import ROME, rome
from ivr_engine.errors import IvrError
from ivr_engine.records import audit, case_search, people
from ivr_engine.records.case_search import Filter
from ivr_engine.records.case_work import PASSES, Disposition, Work, moves, of_contact
from ivr_engine.records.cases import CaseState, Level, case_file
from ivr_engine.records.deadlines import due
from ivr_engine.records.journal import milliseconds
from ivr_engine.records.schema import migrate
from ivr_engine.records.users import Role, User

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER = "2026-000001"
AT = datetime(2026, 11, 24, 9, 0, tzinfo=ROME).timestamp()  # a Tuesday
SUBJECT = ("rapporto", "dimissioni")


def person(role: Role) -> User:
    return User(role.value, "", role, disabled=False)


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    connection.row_factory = sqlite3.Row
    connection.execute(
        "INSERT INTO citizens (id, number, name, tax_code, created)"
        " VALUES (1, '+393331234567', 'Mario Rossi', 'RSSMRA80A01H501U', 0)"
    )
    for serial in (1, 2):
        connection.execute(
            "INSERT INTO cases (year, serial, number, citizen, line, state, level, opened, updated)"
            " VALUES (2026, ?, ?, 1, 'lavoro', 'open', 'front_line', ?, ?)",
            (serial, f"2026-{serial:06d}", milliseconds(AT), milliseconds(AT) + serial),
        )
    yield connection
    connection.close()


def work(store: sqlite3.Connection, role: Role = Role.OPERATOR, at: float = AT) -> Work:
    return Work(store, NUMBER, person(role), at)


def test_it_goes_to_the_ministry_and_back_and_every_change_is_kept(store: sqlite3.Connection) -> None:
    work(store).file(Disposition.SECOND_LEVEL, "Chiede un parere", SUBJECT)
    work(store, Role.BACK_OFFICE, AT + 1).hand_to(Level.MINISTRY, "Serve un parere")
    case = work(store, Role.MINISTRY, AT + 2).case
    assert (case.level, case.state) == (Level.MINISTRY, CaseState.WAITING_MINISTRY)
    work(store, Role.MINISTRY, AT + 2).hand_to(Level.BACK_OFFICE, "Sette giorni")
    closing = work(store, Role.BACK_OFFICE, AT + 3)
    closing.move(CaseState.RESOLVED)
    closing.move(CaseState.CLOSED)
    file = case_file(store, NUMBER)
    assert file is not None
    assert file.case.deadline is None
    assert [(change.what, change.operator) for change in file.history if change.what in {"level", "disposition"}] == [
        ("disposition", "operator"),
        ("level", "operator"),
        ("level", "back_office"),
        ("level", "ministry"),
    ]
    assert [change.detail for change in file.history if change.what == "note"] == [
        "Chiede un parere",
        "Serve un parere",
        "Sette giorni",
    ]


@pytest.mark.parametrize("role", [Role.MINISTRY, Role.KNOWLEDGE_MANAGER, Role.ADMINISTRATOR])
def test_whose_it_is_not_may_not_change_it(store: sqlite3.Connection, role: Role) -> None:
    with pytest.raises(IvrError, match="is with front line"):
        work(store, role)


def test_it_goes_only_where_it_may(store: sqlite3.Connection) -> None:
    for level in set(Level) - set(PASSES[Level.FRONT_LINE]):
        with pytest.raises(IvrError):
            work(store).hand_to(level, "perché")
    with pytest.raises(IvrError, match="say why"):
        work(store).hand_to(Level.BACK_OFFICE, "")
    for state in set(CaseState) - set(moves(work(store).case)):
        with pytest.raises(IvrError):
            work(store).move(state)


def test_what_is_closed_can_be_reopened_and_is_due_again(store: sqlite3.Connection) -> None:
    work(store).file(Disposition.SOLVED, "", SUBJECT)
    assert work(store).case.finished
    work(store).move(CaseState.REOPENED)
    assert work(store).case.deadline == due(AT, 10)


def test_who_took_a_call_files_it_though_the_case_has_gone_on(store: sqlite3.Connection) -> None:
    work(store).file(Disposition.SECOND_LEVEL, "Chiede un parere", SUBJECT)
    before = work(store, Role.BACK_OFFICE).case
    with pytest.raises(IvrError, match="is with back office"):
        work(store)
    again = Work(store, NUMBER, person(Role.OPERATOR), AT + 60, contact="C2")
    again.file(Disposition.SOLVED, "Chiede a che punto è", ("altro", "altro"))
    file = case_file(store, NUMBER)
    assert file is not None
    assert (file.case.state, file.case.level, file.case.deadline) == (before.state, before.level, before.deadline)
    assert (file.case.disposition, file.case.topic) == (Disposition.SECOND_LEVEL, SUBJECT[1])
    assert [(it.what, it.contact, it.detail) for it in file.history[-2:]] == [
        ("disposition", "C2", "solved"),
        ("note", "C2", "Chiede a che punto è"),
    ]


def test_each_line_of_a_transferred_call_has_its_own_case(store: sqlite3.Connection) -> None:
    store.execute("UPDATE cases SET line = 'sociale' WHERE number = '2026-000002'")
    store.execute("INSERT INTO contacts (id, started) VALUES ('C1', 0)")
    for case in (1, 2):
        store.execute("INSERT INTO case_contacts (contact, case_id) VALUES ('C1', ?)", (case,))
    found = {line: of_contact(store, "C1", line) for line in ("lavoro", "sociale", "co")}
    assert {line: case and case.number for line, case in found.items()} == {
        "lavoro": "2026-000001",
        "sociale": "2026-000002",
        "co": None,
    }


def test_whoever_must_be_called_back_is_called_within_a_day_and_nobody_is_late_who_waits_for_the_citizen(
    store: sqlite3.Connection,
) -> None:
    work(store).file(Disposition.DROPPED, "", SUBJECT)
    assert work(store).case.deadline is None
    work(store, at=AT + 60).file(Disposition.CALL_BACK, "Dopo le 15", SUBJECT)
    assert work(store).case.deadline == due(AT + 60, 10)


def test_of_a_contact_the_same_words_are_noted_once(store: sqlite3.Connection) -> None:
    def notes() -> list[str]:
        found = case_file(store, NUMBER)
        assert found is not None
        return [change.detail for change in found.history if change.what == "note"]

    call = Work(store, NUMBER, person(Role.OPERATOR), AT, contact="C")
    call.note("Chiede del TFR")
    call.file(Disposition.SOLVED, "Chiede del TFR", SUBJECT)
    assert notes() == ["Chiede del TFR"]
    call.note("Chiede anche dello stipendio")
    work(store).note("Chiede del TFR")
    assert notes() == ["Chiede del TFR", "Chiede anche dello stipendio", "Chiede del TFR"], "by hand as often as one likes"


def test_a_note_has_a_length(store: sqlite3.Connection) -> None:
    for text in ("", "x" * 5001):
        with pytest.raises(IvrError):
            work(store).note(text)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), 2),
        (Filter(words="2026-000002"), 1),
        (Filter(words="2026-"), 2),
        (Filter(words="333 1234567"), 2),
        (Filter(words="Mario"), 2),
        (Filter(words="rossi"), 2),
        (Filter(words="ossi"), 0),
        (Filter(words="rss mra 80 a01 h501 u"), 2),
        (Filter(words="2"), 1),
        (Filter(words="000002"), 1),
        (Filter(words="%"), 0),
        (Filter(line="sociale"), 0),
        (Filter(level="back_office"), 0),
        (Filter(open_only=True), 2),
        (Filter(late_at=AT), 0),
    ],
)
def test_lists_are_filtered(store: sqlite3.Connection, wanted: Filter, found: int) -> None:
    cases, after = case_search.search(store, wanted)
    assert (len(cases), after) == (found, "")


@pytest.mark.parametrize(
    ("words", "found"),
    [("mario", 1), ("rossi", 1), ("ossi", 0), ("rss mra 80a01 h501u", 1), ("%", 0), ("", 0)],
)
def test_citizens_are_found_by_any_word_of_their_name(store: sqlite3.Connection, words: str, found: int) -> None:
    assert len(people.search(store, words, None)) == found


def test_the_audit_log_cannot_be_changed(store: sqlite3.Connection) -> None:
    audit.note(store, AT, "anna", "looked at", "citizen 1")
    for statement in ("UPDATE audit SET who = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            store.execute(statement)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-24 09:00", 10, "2026-11-25 09:00"),
        ("2026-11-24 20:00", 1, "2026-11-25 09:00"),
        ("2026-11-27 17:00", 2, "2026-11-30 09:00"),  # over a weekend
        ("2026-12-07 17:00", 2, "2026-12-09 09:00"),  # over the Immacolata
        ("2026-12-24 17:00", 2, "2026-12-28 09:00"),  # over Christmas and a weekend
        ("2026-10-23 17:00", 2, "2026-10-26 09:00"),  # over the end of summer time
        ("2026-11-29 12:00", 1, "2026-11-30 09:00"),  # begun on a Sunday
    ],
)
def test_working_hours_are_counted(start: str, hours: float, end: str) -> None:
    began = datetime.fromisoformat(start).replace(tzinfo=ROME).timestamp()
    assert f"{rome(due(began, hours)):%Y-%m-%d %H:%M}" == end
