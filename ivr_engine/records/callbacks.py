"""Wishes to be called back. The number is private data, kept apart; the dialling is a later matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.records.journal import milliseconds, seconds

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.events import CallbackWished
    from ivr_engine.records.database import Reader

NUMBER = "callback_number"
"""The name of PrivateNoted that holds it."""


@dataclass(frozen=True, slots=True)
class Callback:
    """Who wants to be called back, when best (morning, afternoon, any) and about what; `number` is "" once it was erased."""

    contact: str
    line: str
    topic: str
    best_time: str
    wished: float
    number: str


def note(connection: sqlite3.Connection, event: CallbackWished) -> None:
    """Keep a wish; the last one of a contact counts."""
    connection.execute(
        "INSERT OR REPLACE INTO callbacks (contact, line, topic, best_time, wished) VALUES (?, ?, ?, ?, ?)",
        (event.contact, event.line, event.topic, event.best_time, milliseconds(event.at)),
    )


class Callbacks:
    """Looks wishes up. Every method may raise Unavailable."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def list(self, line: str | None = None) -> tuple[Callback, ...]:
        """All wishes, oldest first."""
        with self._reader.open() as connection:
            rows = connection.execute(
                "SELECT callbacks.*, coalesce(value, '') AS number FROM callbacks"
                " LEFT JOIN private ON private.contact = callbacks.contact AND private.name = ?"
                " WHERE ? IS NULL OR line = ? ORDER BY wished",
                (NUMBER, line, line),
            ).fetchall()
        return tuple(
            Callback(row["contact"], row["line"], row["topic"], row["best_time"], seconds(row["wished"]), row["number"])
            for row in rows
        )
