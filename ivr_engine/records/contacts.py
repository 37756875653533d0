"""Contacts, to be looked up: what each was, how it ended, and its journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.events import Cause, Outcome, QueueLeft
from ivr_engine.records import cases
from ivr_engine.records.journal import JournalEntry, entries, events, seconds
from ivr_engine.records.outcome import OutcomeFold
from ivr_engine.records.private import NUMBER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ivr_engine.records.database import Reader

_MANY = 500  # names in one question; SQLite allows some more


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A contact. Instants are seconds since 1970 UTC, `wait_s` and `talk_s` whole seconds over all its stays in queues; `line`
    is the one it ended on; `ended_at`, `outcome` and `cause` are None while it is open."""

    id: str
    medium: str
    line: str
    language: str
    dialled: str
    exchange: str
    channel: str
    caller_key: str
    caller_kind: str
    citizen: int | None
    started_at: float
    ended_at: float | None
    outcome: Outcome | None
    cause: Cause | None
    queue: str
    wait_s: int
    talk_s: int
    operator: str


@dataclass(frozen=True, slots=True)
class ContactFile:
    """A contact with its journal and the numbers of its cases."""

    contact: ContactRow
    journal: tuple[JournalEntry, ...]
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenContact:
    """A contact without an end, as an engine finds it at its start.

    `queue` is where it waits or talks ("" = in no queue), since `queued_at`; `answered_at` is when an operator took it there
    (0 = nobody did), `operator` who; `left_at` is when its last stay in a queue was over (0 = none was); `number` the caller's
    ("" when withheld or erased); `fold` knows the outcome so far.
    """

    id: str
    line: str
    exchange: str
    channel: str
    number: str
    started_at: float
    queue: str
    queued_at: float
    answered_at: float
    operator: str
    left_at: float
    fold: OutcomeFold


def of_citizen(connection: sqlite3.Connection, citizen: int, limit: int) -> tuple[ContactRow, ...]:
    """A citizen's contacts on every channel, the newest first."""
    rows = connection.execute("SELECT * FROM contacts WHERE citizen = ? ORDER BY started DESC LIMIT ?", (citizen, limit))
    return tuple(map(_contact, rows))


def of_ids(connection: sqlite3.Connection, ids: Iterable[str]) -> list[ContactRow]:
    """Those contacts, in that order."""
    rows = (connection.execute("SELECT * FROM contacts WHERE id = ?", (one,)).fetchone() for one in ids)
    return [_contact(row) for row in rows if row is not None]


class Contacts:
    """Looks contacts up. Every method may raise Unavailable."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def list(
        self, *, line: str = "", outcome: Outcome | None = None, open_only: bool = False, limit: int = 100
    ) -> tuple[ContactRow, ...]:
        """Contacts, newest first; of one line, with one outcome, or without an end, when asked."""
        conditions = ["line = ?1" if line else "?1 = ''", "outcome = ?2" if outcome else "?2 = ''"]
        if open_only:
            conditions.append("ended IS NULL")
        with self._reader.open() as connection:
            rows = connection.execute(
                f"SELECT * FROM contacts WHERE {' AND '.join(conditions)} ORDER BY started DESC, id DESC LIMIT ?3",  # noqa: S608 - own names
                (line, outcome or "", limit),
            ).fetchall()
        return tuple(map(_contact, rows))

    def show(self, contact: str) -> ContactFile | None:
        """One contact, whole; None when there is none of that id."""
        with self._reader.open() as connection:
            row = connection.execute("SELECT * FROM contacts WHERE id = ?", (contact,)).fetchone()
            if row is None:
                return None
            return ContactFile(_contact(row), entries(connection, contact), tuple(cases.of_contact(connection, contact)))

    def open_contacts(self) -> tuple[OpenContact, ...]:
        """Those without an end, oldest first: after a start, the ones an engine that died has left. Flush the writer first."""
        with self._reader.open() as connection:
            rows = connection.execute(
                "SELECT contacts.*, private.value AS number FROM contacts"
                " LEFT JOIN private ON private.contact = contacts.id AND private.name = ?"
                " WHERE ended IS NULL ORDER BY started, id",
                (NUMBER,),
            ).fetchall()
            return tuple(_open_contact(connection, row) for row in rows)

    def channels_known(self, channels: Iterable[str]) -> set[str]:
        """Those of the exchange's channels that have a contact."""
        asked, known = sorted(set(channels)), set[str]()
        with self._reader.open() as connection:
            for start in range(0, len(asked), _MANY):
                part = asked[start : start + _MANY]
                marks = ", ".join("?" * len(part))
                rows = connection.execute(f"SELECT channel FROM contacts WHERE channel IN ({marks})", part)  # noqa: S608 - marks only
                known.update(row["channel"] for row in rows)
        return known


def _contact(row: sqlite3.Row) -> ContactRow:
    return ContactRow(
        id=row["id"],
        medium=row["medium"],
        line=row["line"],
        language=row["language"],
        dialled=row["dialled"],
        exchange=row["exchange"],
        channel=row["channel"],
        caller_key=row["caller_key"],
        caller_kind=row["caller_kind"],
        citizen=row["citizen"],
        started_at=seconds(row["started"]),
        ended_at=None if row["ended"] is None else seconds(row["ended"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        cause=None if row["cause"] is None else Cause(row["cause"]),
        queue=row["queue"],
        wait_s=row["wait_s"],
        talk_s=row["talk_s"],
        operator=row["operator"],
    )


def _open_contact(connection: sqlite3.Connection, row: sqlite3.Row) -> OpenContact:
    fold, left_at = OutcomeFold(), 0.0
    for event in events(connection, row["id"]):
        fold.apply(event)
        left_at = event.at if isinstance(event, QueueLeft) else left_at
    queueing = row["queued"] is not None
    answered = queueing and row["answered"] is not None
    return OpenContact(
        id=row["id"],
        line=row["line"],
        exchange=row["exchange"],
        channel=row["channel"],
        number=row["number"] or "",
        started_at=seconds(row["started"]),
        queue=row["queue"] if queueing else "",
        queued_at=seconds(row["queued"]) if queueing else 0.0,
        answered_at=seconds(row["answered"]) if answered else 0.0,
        operator=row["operator"] if answered else "",
        left_at=left_at,
        fold=fold,
    )
