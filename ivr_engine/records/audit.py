"""Who did what, and when: written in the transaction of the deed, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.records.journal import milliseconds, seconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


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


def citizens(seen: Iterable[int]) -> str:
    """How the detail of an entry begins that named these citizens; it is found by each of them."""
    return " ".join(f"{_NAMED}{citizen}" for citizen in sorted(seen)) or "nobody"


_NAMED = "citizen:"


def entries(connection: sqlite3.Connection, last: int, object_: str | None = None) -> tuple[Entry, ...]:
    """The latest deeds, newest first; only those of an object when one is named."""
    rows = connection.execute(
        "SELECT * FROM audit WHERE ? IS NULL OR object = ? ORDER BY id DESC LIMIT ?", (object_, object_, last)
    )
    return tuple(Entry(seconds(row["at"]), row["who"], row["what"], row["object"], row["detail"]) for row in rows)


PAGE = 100


def search(
    connection: sqlite3.Connection,
    *,
    who: str = "",
    what: str = "",
    words: str = "",
    since: float | None = None,
    until: float | None = None,
    before: int | None = None,
) -> tuple[list[Entry], int | None]:
    """A page of deeds, newest first, and what to pass as `before` for the next one (None: this is the last). `what`: the
    whole deed. `words`: its beginning, or the object, as "citizen 7", which also finds the lists, cases and contacts that named
    them. `since` is included, `until` is not."""
    rows = connection.execute(
        "SELECT * FROM audit WHERE ?1 IN ('', who) AND ?8 IN ('', what)"
        " AND (?2 = '' OR object = ?2 OR substr(what, 1, length(?2)) = ?2"
        "  OR (?7 IS NOT NULL AND detail >= 'citizen:' AND detail < 'citizen;' AND instr(detail || ' ', ?7)))"
        " AND (?3 IS NULL OR at >= ?3) AND (?6 IS NULL OR at < ?6) AND (?4 IS NULL OR id < ?4) ORDER BY id DESC LIMIT ?5",
        (
            who,
            words,
            None if since is None else milliseconds(since),
            before,
            PAGE + 1,
            None if until is None else milliseconds(until),
            f"{_NAMED}{words.removeprefix('citizen ')} " if words.startswith("citizen ") else None,
            what,
        ),
    ).fetchall()
    found = [Entry(seconds(row["at"]), row["who"], row["what"], row["object"], row["detail"]) for row in rows[:PAGE]]
    return found, rows[PAGE - 1]["id"] if len(rows) > PAGE else None
