"""The journal: every event of a contact in the order it was acknowledged. Rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import structlog

from ivr_engine.records.codec import Unreadable, from_journal, journal_data

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from ivr_engine.events import Event

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One event: its place in the contact (from 1), when (seconds since 1970 UTC), its kind and its other fields."""

    seq: int
    at: float
    kind: str
    data: Mapping[str, Any]


Row: TypeAlias = tuple[str, int, int, str, str]
"""Contact, place in it, milliseconds, kind, other fields as JSON."""


def last_place(connection: sqlite3.Connection, contact: str) -> int:
    """The place of a contact's last event; 0 when it has none."""
    found: int = connection.execute("SELECT coalesce(max(seq), 0) FROM journal WHERE contact = ?", (contact,)).fetchone()[0]
    return found


def row_of(event: Event, place: int) -> Row:
    """An event as the journal keeps it at that place of its contact."""
    return event.contact, place, milliseconds(event.at), type(event).__name__, journal_data(event)


def add_rows(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Write events down."""
    connection.executemany("INSERT INTO journal (contact, seq, at, kind, data) VALUES (?, ?, ?, ?, ?)", rows)


def add(connection: sqlite3.Connection, event: Event) -> None:
    """Write an event down behind the others of its contact."""
    add_rows(connection, [row_of(event, last_place(connection, event.contact) + 1)])


def entries(connection: sqlite3.Connection, contact: str) -> tuple[JournalEntry, ...]:
    """A contact's journal."""
    rows = connection.execute("SELECT seq, at, kind, data FROM journal WHERE contact = ? ORDER BY seq", (contact,))
    return tuple(JournalEntry(row["seq"], seconds(row["at"]), row["kind"], msgspec.json.decode(row["data"])) for row in rows)


def events(connection: sqlite3.Connection, contact: str) -> Iterator[Event]:
    """A contact's journal as events; rows of kinds this engine does not know are passed over."""
    rows = connection.execute("SELECT at, kind, data FROM journal WHERE contact = ? ORDER BY seq", (contact,))
    for row in rows:
        try:
            yield from_journal(row["kind"], contact, seconds(row["at"]), row["data"])
        except Unreadable as error:
            log.warning("passed over a journal row", contact=contact, kind=row["kind"], error=str(error))


def milliseconds(at: float) -> int:
    """An instant as the tables keep it."""
    return round(at * 1000)


def seconds(at: int) -> float:
    """An instant as the rest of the engine has it."""
    return at / 1000
