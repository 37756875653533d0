"""What operators' time went to, by half hour, queues and state: seconds of all of them together, never of one.

Figures of single operators need an agreement; occupancy and wrap-up time do not need single operators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.records.figures import HALF_HOUR_MS
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

TABLES = """
CREATE TABLE staff_time (
    half INTEGER NOT NULL, queues TEXT NOT NULL, state TEXT NOT NULL, ms INTEGER NOT NULL,
    PRIMARY KEY (half, queues, state)
) WITHOUT ROWID
"""
LONGEST_MS = 24 * 3_600_000
"""Nobody is in one state for longer: a clock was set, or a desk forgotten."""


def add(connection: sqlite3.Connection, queues: tuple[str, ...], state: str, since: float, until: float) -> None:
    """Somebody of those queues was in that state from `since` to `until` (seconds since 1970 UTC)."""
    names = f",{','.join(sorted(queues))},"
    connection.executemany(
        "INSERT INTO staff_time VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET ms = ms + excluded.ms",
        [(half, names, state, ms) for half, ms in _split(milliseconds(since), milliseconds(until))],
    )


def _split(since: int, until: int) -> Iterator[tuple[int, int]]:
    until = min(until, since + LONGEST_MS)
    while since < until:
        half = since // HALF_HOUR_MS
        end = min(until, (half + 1) * HALF_HOUR_MS)
        yield half, end - since
        since = end


def by_state(connection: sqlite3.Connection, first: int, last: int, queues: frozenset[str] | None) -> dict[str, float]:
    """Seconds by state in the half hours from `first` to `last`, `last` excluded; of operators of those queues (None: of all).
    Who serves several queues counts for each."""
    found: dict[str, float] = {}
    for row in connection.execute(
        "SELECT queues, state, sum(ms) AS ms FROM staff_time WHERE half >= ? AND half < ? GROUP BY queues, state", (first, last)
    ):
        if queues is None or queues & set(row["queues"].strip(",").split(",")):
            found[row["state"]] = found.get(row["state"], 0.0) + row["ms"] / 1000
    return found
