"""Reads what can still be read in a table of a damaged database: from both its ends, then row by row in between."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PORTION = 500  # rows read at once
_ONE_BY_ONE = 200_000  # row numbers tried singly where reading on fails


class Salvaged(NamedTuple):
    """How many rows of a table were read, and whether that was all of it."""

    rows: int
    whole: bool


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """The tables that hold anything of their own: not SQLite's, and not an index of words, which can be made anew."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall()
    indexes = [str(name) for name, sql in rows if sql and sql.startswith("CREATE VIRTUAL TABLE")]
    made = (*indexes, "sqlite_", "_sqlite_")
    return [str(name) for name, _sql in rows if not str(name).startswith(made)]


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Names of a table's columns."""
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]


def salvage(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> Salvaged:
    """Carry a table's readable rows over; a table that the old database had not yet is whole. Never raises sqlite3.DatabaseError
    for what ails `old`."""
    try:
        theirs = columns_of(old, table)
    except sqlite3.DatabaseError:
        return Salvaged(0, whole=False)
    if not theirs:
        return Salvaged(0, whole=_has_schema(old))
    columns = [name for name in columns_of(new, table) if name in theirs]
    reading = _Reading(old, table, columns, _key(new, table))
    put = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - own names
    new.execute("BEGIN")
    before, spoiled = new.total_changes, 0
    for row in reading.rows(new):
        try:
            new.execute(put, row)
        except sqlite3.IntegrityError:  # damaged bytes made a row that cannot be
            spoiled += 1
    new.execute("COMMIT")
    return Salvaged(new.total_changes - before, whole=reading.whole and not spoiled)


def _has_schema(old: sqlite3.Connection) -> bool:
    return old.execute("SELECT 1 FROM sqlite_master WHERE name = 'settings'").fetchone() is not None


def _key(connection: sqlite3.Connection, table: str) -> list[str]:
    """What the table's rows are kept in order by."""
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if "WITHOUT ROWID" not in sql.upper():
        return ["rowid"]
    info = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [str(row[1]) for row in sorted((row for row in info if row[5]), key=lambda row: row[5])]


class _Reading:
    def __init__(self, old: sqlite3.Connection, table: str, columns: Sequence[str], key: Sequence[str]) -> None:
        self._old, self._table, self._columns, self._key = old, table, columns, key
        self._last: tuple[Any, ...] | None = None
        self.whole = True

    def rows(self, known: sqlite3.Connection) -> Iterable[Sequence[Any]]:
        """All that can be read; `known` tells which contacts there are. May give a row twice."""
        yield from self._towards(">", "")
        if self.whole:
            return
        first = self._last
        yield from self._towards("<", "DESC")
        yield from self._between(first, self._last, known)

    def _towards(self, sign: str, direction: str) -> Iterable[Sequence[Any]]:
        keys, order = ", ".join(self._key), ", ".join(f"{name} {direction}" for name in self._key)
        self._last, portion = None, _PORTION
        while True:
            beyond = f"WHERE ({keys}) {sign} ({', '.join('?' * len(self._key))})" if self._last else ""
            query = f"SELECT {keys}, {', '.join(self._columns)} FROM {self._table} {beyond} ORDER BY {order} LIMIT {portion}"  # noqa: S608
            try:
                found = self._old.execute(query, self._last or ()).fetchall()
            except sqlite3.DatabaseError:
                if portion == 1:
                    self.whole = False
                    return
                portion = 1
                continue
            for row in found:
                yield row[len(self._key) :]
            if len(found) < portion:
                return
            self._last = tuple(found[-1][: len(self._key)])

    def _between(
        self, low: tuple[Any, ...] | None, high: tuple[Any, ...] | None, known: sqlite3.Connection
    ) -> Iterable[Sequence[Any]]:
        """Rows between two places where reading on failed, each asked for by its key."""
        if self._key == ["rowid"]:
            first = int(low[0]) + 1 if low else 1
            last = int(high[0]) if high else first + _ONE_BY_ONE
            asked: Iterable[Any] = range(first, min(last, first + _ONE_BY_ONE))
        elif self._key[0] == "contact":
            query = "SELECT id FROM contacts WHERE id >= ? AND id <= ?"
            asked = [row[0] for row in known.execute(query, (low[0] if low else "", high[0] if high else "\x7f"))]
        else:
            return
        query = f"SELECT {', '.join(self._columns)} FROM {self._table} WHERE {self._key[0]} = ?"  # noqa: S608 - own names
        for value in asked:
            try:
                yield from self._old.execute(query, (value,)).fetchall()
            except sqlite3.DatabaseError:
                continue
