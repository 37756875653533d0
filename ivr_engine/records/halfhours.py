"""Recorded half hours: how many calls reached a queue in each, and how long operators talked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.events import Outcome
from ivr_engine.records.journal import milliseconds, seconds

if TYPE_CHECKING:
    import sqlite3

_MS = 1_800_000


class HalfHour(NamedTuple):
    """`at`: its beginning, seconds since 1970 UTC. `offered` calls reached a queue of the line, `answered` of them an operator,
    for `talk_s` seconds in all."""

    at: float
    line: str
    offered: int
    answered: int
    talk_s: int


def half_hours(connection: sqlite3.Connection, since: float, until: float) -> list[HalfHour]:
    """Those from `since` to `until` in which a telephone call came that reached a queue. Half hours begin at the same instants
    in Rome and in UTC, on the days the clocks change too."""
    rows = connection.execute(
        "SELECT started / ?1 AS slot, line, count(*) AS offered, sum(outcome = ?2) AS answered, sum(talk_s) AS talk_s"
        " FROM contacts WHERE medium IN ('phone', '') AND queue != '' AND outcome IS NOT NULL"
        " AND started >= ?3 AND started < ?4 GROUP BY slot, line ORDER BY slot, line",
        (_MS, Outcome.ANSWERED, milliseconds(since), milliseconds(until)),
    )
    return [HalfHour(seconds(row["slot"] * _MS), row["line"], row["offered"], row["answered"], row["talk_s"]) for row in rows]
