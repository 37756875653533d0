"""Who did what, and when: written in the transaction of the deed, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.records.journal import milliseconds, seconds

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Entry:
    """A deed: by whom, what, to which object ("line lavoro"), with which particulars."""

    at: float
    who: str
    what: str
    object: str
    detail: str


def note(connection: sqlite3.Connection, at: float, who: str, what: str, object_: str, detail: str = "") -> None:
    """Write a deed down."""
    connection.execute(
        "INSERT INTO audit (at, who, what, object, detail) VALUES (?, ?, ?, ?, ?)",
        (milliseconds(at), who, what, object_, detail),
    )


def entries(connection: sqlite3.Connection, last: int, object_: str | None = None) -> tuple[Entry, ...]:
    """The latest deeds, newest first; only those of an object when one is named."""
    rows = connection.execute(
        "SELECT * FROM audit WHERE ? IS NULL OR object = ? ORDER BY id DESC LIMIT ?", (object_, object_, last)
    )
    return tuple(Entry(seconds(row["at"]), row["who"], row["what"], row["object"], row["detail"]) for row in rows)
