"""Closed months: what the figures of a month were when somebody answered for them. Never changed; corrections are told apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.records import audit
from ivr_engine.records.figures import MONTH, SUMS
from ivr_engine.records.journal import milliseconds, seconds

if TYPE_CHECKING:
    import sqlite3

TABLES = (
    """CREATE TABLE closed_months (
        month INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, sha256 TEXT NOT NULL, content TEXT NOT NULL
    )""",
    "CREATE TRIGGER closed_months_keep UPDATE ON closed_months BEGIN SELECT RAISE(ABORT, 'a closed month is never changed'); END",
    "CREATE TRIGGER closed_months_stay DELETE ON closed_months BEGIN SELECT RAISE(ABORT, 'a closed month is never changed'); END",
)
_COLUMNS = ("line", "medium", "article", "outcome", *SUMS)

Cells = dict[tuple[str, str, str, str], tuple[int, ...]]
"""(line, medium, article, outcome) → sums in the order of figures.SUMS."""
Columns = Mapping[str, tuple[str, ...]]
"""Column of the Ministry's tables → its lines."""


@dataclass(frozen=True, slots=True)
class Closing:
    """`month` as 202611; `at`: seconds since 1970 UTC; `sha256` of the content; `cells` as they were;
    `sound`: does the checksum still fit? `columns`: the lines of each column of the Ministry's tables, as they were; none when an
    earlier engine closed the month, which kept the cells alone."""

    month: int
    at: float
    who: str
    sha256: str
    cells: Cells
    sound: bool
    columns: Columns


def now_in(connection: sqlite3.Connection, month: int) -> Cells:
    """What the month's figures are now."""
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM figures WHERE span = ? AND period = ? ORDER BY line, medium, article, outcome",  # noqa: S608 - own names
        (MONTH, month),
    )
    return {(row[0], row[1], row[2], row[3]): tuple(row)[4:] for row in rows}


def close(connection: sqlite3.Connection, month: int, columns: Columns, who: str, at: float) -> Closing:
    """Keep the month's figures as they are, and the columns they stand in. Raises IvrError when it is closed already."""
    if connection.execute("SELECT 1 FROM closed_months WHERE month = ?", (month,)).fetchone():
        raise IvrError(f"month {month} is closed already", "corrections show in the reports beside what was closed")
    rows = [[*key, *sums] for key, sums in now_in(connection, month).items()]
    document = {"columns": _COLUMNS, "month": month, "rows": rows, "tables": columns}
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    connection.execute(
        "INSERT INTO closed_months (month, at, who, sha256, content) VALUES (?, ?, ?, ?, ?)",
        (month, milliseconds(at), who, sha256, content),
    )
    audit.note(connection, at, who, "closed", f"month {month}", f"sha256 {sha256}")
    return _closing(connection.execute("SELECT * FROM closed_months WHERE month = ?", (month,)).fetchone())


def closed(connection: sqlite3.Connection, first: int, last: int) -> dict[int, Closing]:
    """The closed ones from month `first` to `last`."""
    rows = connection.execute("SELECT * FROM closed_months WHERE month BETWEEN ? AND ? ORDER BY month", (first, last))
    return {row["month"]: _closing(row) for row in rows}


def _closing(row: sqlite3.Row) -> Closing:
    document = json.loads(row["content"])
    cells: Cells = {}
    for values in document["rows"]:
        # By name: a later version may keep other sums than this month had.
        kept = dict(zip(document["columns"], values, strict=True))
        key = (kept["line"], kept["medium"], kept["article"], kept["outcome"])
        cells[key] = tuple(kept.get(name, 0) for name in SUMS)
    sound = hashlib.sha256(row["content"].encode()).hexdigest() == row["sha256"]
    columns = {name: tuple(lines) for name, lines in document.get("tables", {}).items()}
    return Closing(row["month"], seconds(row["at"]), row["who"], row["sha256"], cells, sound, columns)
