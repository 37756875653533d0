"""Lists of cases: filtered, searched, a page at a time from the last touched on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.records.cases import FINISHED, case_row
from ivr_engine.records.citizens import caller_of
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.records.cases import CaseRow

PAGE = 50
AGE = f"(CASE WHEN state IN ('{FINISHED[0]}', '{FINISHED[1]}') THEN updated ELSE :now END - opened)"
"""Milliseconds: an open case's until now, a finished one's when it was last touched."""
DAY_MS = 86_400_000
_DIGITS = 6
"""Of a case's number, after its year."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; "" is anything. `open_only` leaves finished ones out, `late_at`: only those overdue at that instant.
    `words`: a case's number, its beginning or its end, a telephone number, a tax code, or the beginning of a citizen's name or of
    a word in it. `opened`: from when, to before when
    (milliseconds). `age`: from how many days, to below how many (None: without end), at `now`."""

    line: str = ""
    state: str = ""
    level: str = ""
    assigned: str = ""
    words: str = ""
    open_only: bool = False
    late_at: float | None = None
    opened: tuple[int, int] | None = None
    age: tuple[int, int | None] | None = None
    now: float = 0.0


def search(connection: sqlite3.Connection, wanted: Filter, after: str = "") -> tuple[list[CaseRow], str]:
    """A page of cases, and what to pass as `after` for the next one ("" when this is the last)."""
    conditions, values = ["1"], dict[str, str | int]()
    for name in ("line", "state", "level", "assigned"):
        if value := getattr(wanted, name):
            conditions.append(f"{name} = :{name}")
            values[name] = value
    if wanted.open_only:
        conditions.append("state NOT IN (:resolved, :closed)")
        values.update(zip(("resolved", "closed"), FINISHED, strict=True))
    if wanted.late_at is not None:
        conditions.append("deadline < :late")
        values["late"] = milliseconds(wanted.late_at)
    if wanted.opened is not None:
        conditions.append("opened >= :since AND opened < :until")
        values.update(since=wanted.opened[0], until=wanted.opened[1])
    if wanted.age is not None:
        least, below = wanted.age
        conditions.append(f"{AGE} >= :least" + (f" AND {AGE} < :below" if below is not None else ""))
        values.update(now=milliseconds(wanted.now), least=least * DAY_MS, below=(below or 0) * DAY_MS)
    if wanted.words:
        condition, more = _words(wanted.words)
        conditions.append(condition)
        values.update(more)
    updated, _, last = after.partition("-")
    if updated.isdigit() and last.isdigit():
        conditions.append("(updated, id) < (:updated, :last)")
        values.update(updated=int(updated), last=int(last))
    rows = connection.execute(
        f"SELECT * FROM cases WHERE {' AND '.join(conditions)} ORDER BY updated DESC, id DESC LIMIT {PAGE + 1}",  # noqa: S608 - own names
        values,
    ).fetchall()
    more_to_come = f"{rows[PAGE - 1]['updated']}-{rows[PAGE - 1]['id']}" if len(rows) > PAGE else ""
    return [case_row(row) for row in rows[:PAGE]], more_to_come


def _words(words: str) -> tuple[str, dict[str, str | int]]:
    if words[:4].isdigit() and words[4:5] == "-":
        return "number >= :number AND number < :number || '~'", {"number": words}
    if words.isascii() and words.isdigit() and len(words) <= _DIGITS:
        return "number LIKE '%-' || :number", {"number": words.zfill(_DIGITS)}
    if number := caller_of(words).number:
        return "citizen = (SELECT id FROM citizens WHERE number = :number)", {"number": number}
    named = "name LIKE :name ESCAPE '!' OR name LIKE '% ' || :name ESCAPE '!'"
    condition = f"citizen IN (SELECT id FROM citizens WHERE {named} OR tax_code = :code LIMIT 500)"  # noqa: S608 - own names
    return condition, {"name": f"{literal(words)}%", "code": "".join(words.split()).upper()}


def literal(text: str) -> str:
    """As LIKE takes it, with '!' for ESCAPE."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
