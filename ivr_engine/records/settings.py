"""Small things the store remembers about itself, by name: how far the spool and the exchange's ledger were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.records.segments import Position

if TYPE_CHECKING:
    import sqlite3

LEDGER = "ledger"
_SPOOL = "spool"


def get(connection: sqlite3.Connection, name: str) -> str | None:
    """The value kept under a name, or None."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def put(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a value under a name."""
    connection.execute(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )


def probe(connection: sqlite3.Connection) -> None:
    """Raises sqlite3.OperationalError when the database cannot be written; changes nothing and needs no room on the disk."""
    connection.execute("DELETE FROM settings WHERE name = ''")


def spool_position(connection: sqlite3.Connection, identity: str) -> Position:
    """How far the spool of that identity is in this database; its beginning when the database was fed from another one."""
    fed_from, *place = (get(connection, _SPOOL) or "").split(" ")
    return Position(*map(int, place)) if fed_from == identity and place else Position()


def last_segment(connection: sqlite3.Connection) -> int:
    """The segment of that place, whatever spool it was in; 0 when there is none."""
    _, *place = (get(connection, _SPOOL) or "").split(" ")
    return int(place[0]) if place else 0


def put_spool_position(connection: sqlite3.Connection, identity: str, position: Position) -> None:
    """Note it, in the transaction of the events before it: so nothing is taken twice."""
    put(connection, _SPOOL, f"{identity} {position.segment} {position.offset}")
