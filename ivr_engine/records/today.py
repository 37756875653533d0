"""A day's figures per line, derived from its contacts; see docs/outcomes.md for what each outcome means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.events import Outcome
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Figures:
    """Of contacts that began in the day and are over: how many, by what became of them; `in_time`: answered within the
    threshold."""

    contacts: int = 0
    served: int = 0
    answered: int = 0
    in_time: int = 0
    abandoned: int = 0


def figures(connection: sqlite3.Connection, since: float, until: float, threshold: float) -> dict[str, Figures]:
    """Line → figures of the telephone contacts that began from `since` to `until` (seconds since 1970 UTC)."""
    rows = connection.execute(
        "SELECT line, count(*) AS contacts, sum(outcome = :served) AS served, sum(outcome = :answered) AS answered,"
        " sum(outcome = :answered AND wait_s <= :threshold) AS in_time, sum(outcome = :abandoned) AS abandoned"
        " FROM contacts WHERE medium IN ('phone', '') AND started >= :since AND started < :until"
        " AND outcome IS NOT NULL GROUP BY line",
        {
            "served": Outcome.SERVED_BY_IVR,
            "answered": Outcome.ANSWERED,
            "abandoned": Outcome.ABANDONED_QUEUE,
            "threshold": threshold,
            "since": milliseconds(since),
            "until": milliseconds(until),
        },
    )
    return {
        row["line"]: Figures(row["contacts"], row["served"], row["answered"], row["in_time"], row["abandoned"]) for row in rows
    }
