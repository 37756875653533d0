"""Cases: matters that live longer than one contact, opened or continued when an operator answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ivr_engine.clock import rome
from ivr_engine.errors import IvrError
from ivr_engine.records.articles import subject_of
from ivr_engine.records.citizens import caller_of
from ivr_engine.records.deadlines import DAY_HOURS, due
from ivr_engine.records.journal import milliseconds, seconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from ivr_engine.events import OperatorAnswered
    from ivr_engine.records.database import Reader


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING_CITIZEN = "waiting_citizen"
    WAITING_MINISTRY = "waiting_ministry"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


class Level(StrEnum):
    """Who has the case in hand."""

    FRONT_LINE = "front_line"
    BACK_OFFICE = "back_office"
    MINISTRY = "ministry"


FINISHED = (CaseState.RESOLVED, CaseState.CLOSED)


@dataclass(frozen=True, slots=True)
class CaseTouched:
    """Committed: an operator answered, and the citizen's case was opened or continued. `citizen` is None for the unknown."""

    contact: str
    case: str
    opened: bool
    citizen: int | None
    line: str


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case. `number` can be read aloud ("2026-000123"); instants are seconds since 1970 UTC."""

    number: str
    line: str
    state: CaseState
    level: Level
    category: str
    topic: str
    citizen: int | None
    opened_at: float
    updated_at: float
    disposition: str = ""
    assigned: str = ""
    deadline: float | None = None

    @property
    def finished(self) -> bool:
        """Is there nothing left to do?"""
        return self.state in FINISHED


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One entry of a case's history. `what`: opened, continued, note, state, level, assigned, subject, disposition, article;
    `operator` whoever did it, `detail` the note's text, or what it became."""

    at: float
    what: str
    contact: str
    operator: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with its contacts' ids and its history, oldest first."""

    case: CaseRow
    contacts: tuple[str, ...]
    history: tuple[CaseChange, ...]


def answered(connection: sqlite3.Connection, event: OperatorAnswered, contact: Mapping[str, Any]) -> CaseTouched:
    """Open or continue the case of the contact (its row). A contact that has one already keeps it."""
    line, citizen = contact["line"], contact["citizen"]
    linked = connection.execute(
        "SELECT number FROM cases JOIN case_contacts ON case_id = id WHERE contact = ? AND line = ?", (event.contact, line)
    ).fetchone()
    if linked:
        return CaseTouched(event.contact, linked["number"], opened=False, citizen=citizen, line=line)
    found = connection.execute(
        "SELECT id, number FROM cases WHERE citizen = ? AND line = ? AND state NOT IN (?, ?)"
        " ORDER BY updated DESC, id DESC LIMIT 1",
        (citizen, line, *FINISHED),
    ).fetchone()
    case_id, number = (found["id"], found["number"]) if found else _open(connection, event, contact)
    at = milliseconds(event.at)
    connection.execute("INSERT INTO case_contacts (contact, case_id) VALUES (?, ?)", (event.contact, case_id))
    _continue(connection, case_id, event.contact, event.operator, at, "continued" if found else "opened")
    return CaseTouched(event.contact, number, opened=not found, citizen=citizen, line=line)


def attach(connection: sqlite3.Connection, number: str, contact: str, who: str, at: float) -> None:
    """A contact belongs to that case. Raises IvrError when there is no such case."""
    row = connection.execute("SELECT id FROM cases WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise IvrError(f"there is no case {number}")
    connection.execute("INSERT INTO case_contacts (contact, case_id) VALUES (?, ?)", (contact, row["id"]))
    _continue(connection, row["id"], contact, who, milliseconds(at), "continued")


def _continue(connection: sqlite3.Connection, case_id: int, contact: str, who: str, at: int, what: str) -> None:
    connection.execute("UPDATE cases SET updated = max(updated, ?) WHERE id = ?", (at, case_id))
    connection.execute(
        "INSERT INTO case_history (case_id, seq, at, what, contact, operator)"
        " SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5 FROM case_history WHERE case_id = ?1",
        (case_id, at, what, contact, who),
    )


def _open(connection: sqlite3.Connection, event: OperatorAnswered, contact: Mapping[str, Any]) -> tuple[int, str]:
    at, year = milliseconds(event.at), rome(event.at).year
    (last,) = connection.execute("SELECT coalesce(max(serial), 0) FROM cases WHERE year = ?", (year,)).fetchone()
    number = f"{year}-{last + 1:06d}"
    category, topic = subject_of(connection, contact["answer_line"], contact["answer"])
    row = connection.execute(
        "INSERT INTO cases (year, serial, number, citizen, line, state, level, category, topic, opened, updated, deadline)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            year,
            last + 1,
            number,
            contact["citizen"],
            contact["line"],
            CaseState.OPEN,
            Level.FRONT_LINE,
            category,
            topic,
            at,
            at,
            milliseconds(due(event.at, DAY_HOURS)),
        ),
    )
    assert row.lastrowid is not None
    return row.lastrowid, number


class Cases:
    """Looks cases up. Every method may raise Unavailable."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def list(self, *, line: str = "", open_only: bool = False, limit: int = 100) -> tuple[CaseRow, ...]:
        """Cases, the last touched first; of one line, or open ones only, when asked."""
        with self._reader.open() as connection:
            rows = connection.execute(
                "SELECT * FROM cases WHERE ?1 IN ('', line) AND NOT (?2 AND state IN (?3, ?4))"
                " ORDER BY updated DESC, id DESC LIMIT ?5",
                (line, open_only, *FINISHED, limit),
            ).fetchall()
        return tuple(map(case_row, rows))

    def show(self, number: str) -> CaseFile | None:
        """One case, whole; None when there is none of that number."""
        with self._reader.open() as connection:
            return case_file(connection, number)

    def open_cases(self, number: str) -> tuple[CaseRow, ...]:
        """The open cases of the citizen with that telephone number, on all lines, the last touched first."""
        caller = caller_of(number)
        if caller.number is None:
            return ()
        with self._reader.open() as connection:
            rows = connection.execute(
                "SELECT cases.* FROM cases JOIN citizens ON citizens.id = cases.citizen WHERE citizens.number = ?"
                " AND state NOT IN (?, ?) ORDER BY updated DESC, cases.id DESC",
                (caller.number, *FINISHED),
            ).fetchall()
        return tuple(map(case_row, rows))


def of_citizen(connection: sqlite3.Connection, citizen: int) -> list[CaseRow]:
    """A citizen's cases on all lines, the last touched first."""
    rows = connection.execute("SELECT * FROM cases WHERE citizen = ? ORDER BY updated DESC, id DESC", (citizen,))
    return [case_row(row) for row in rows]


def to_call_back(connection: sqlite3.Connection, line: str = "") -> list[CaseRow]:
    """Cases whose citizen an operator promised to call back, of one line or of all, the most urgent first; 200 at most."""
    rows = connection.execute(
        "SELECT * FROM cases WHERE disposition = 'call_back' AND state = ?1 AND ?2 IN ('', line) ORDER BY deadline LIMIT 200",
        (CaseState.IN_PROGRESS, line),
    )
    return [case_row(row) for row in rows]


def of_contact(connection: sqlite3.Connection, contact: str) -> list[str]:
    """The numbers of the cases a contact belongs to, oldest first."""
    rows = connection.execute(
        "SELECT number FROM cases JOIN case_contacts ON case_id = id WHERE contact = ? ORDER BY id", (contact,)
    )
    return [row["number"] for row in rows]


def case_file(connection: sqlite3.Connection, number: str) -> CaseFile | None:
    """One case, whole; None when there is none of that number."""
    row = connection.execute("SELECT * FROM cases WHERE number = ?", (number,)).fetchone()
    if row is None:
        return None
    changes = connection.execute("SELECT * FROM case_history WHERE case_id = ? ORDER BY seq", (row["id"],))
    history = tuple(CaseChange(seconds(it["at"]), it["what"], it["contact"], it["operator"], it["detail"]) for it in changes)
    contacts = connection.execute("SELECT contact FROM case_contacts WHERE case_id = ? ORDER BY contact", (row["id"],))
    return CaseFile(case_row(row), tuple(it["contact"] for it in contacts), history)


def case_row(row: sqlite3.Row) -> CaseRow:
    return CaseRow(
        number=row["number"],
        line=row["line"],
        state=CaseState(row["state"]),
        level=Level(row["level"]),
        category=row["category"],
        topic=row["topic"],
        citizen=row["citizen"],
        opened_at=seconds(row["opened"]),
        updated_at=seconds(row["updated"]),
        disposition=row["disposition"],
        assigned=row["assigned"],
        deadline=None if row["deadline"] is None else seconds(row["deadline"]),
    )
