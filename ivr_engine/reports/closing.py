"""Closing a month: only one that is over, and adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.records import closings, figure_queries
from ivr_engine.reports.ministry import columns_of
from ivr_engine.reports.period import Period, check

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.config import ReportsSection
    from ivr_engine.records.closings import Closing


def close(connection: sqlite3.Connection, year: int, month: int, settings: ReportsSection, who: str, at: float) -> Closing:
    """Keep the month as it is for good. Raises IvrError: it is not over, has open contacts, does not add up, is closed
    already; a line stands in two columns."""
    period = Period(year, month)
    check(connection, period, "", ())
    if period.until > at * 1000:
        raise IvrError(f"month {period} is not over yet", "close it afterwards")
    days = figure_queries.balance(connection, period.first_day, period.last_day)
    if not any(day.offered for day in days):
        raise IvrError(f"there are no contacts of {period}")
    if still := sum(day.open for day in days):
        raise IvrError(f"{still} contacts of {period} are still open", "close it when they are over: ivr contacts list --open")
    if wrong := [day for day in days if not day.adds_up]:
        raise IvrError(
            f"the figures of {wrong[0].day} do not add up", "see `ivr figures check`; `ivr figures rebuild` counts anew"
        )
    # What is kept are the month's own sums, and it is kept for good: they must be those of its days.
    kept, offered = closings.now_in(connection, period.months[0]), sum(day.offered for day in days)
    if sum(sums[0] for sums in kept.values()) != offered:
        raise IvrError(f"the figures of {period} do not add up", "see `ivr figures check`; `ivr figures rebuild` counts anew")
    return closings.close(connection, period.months[0], columns_of(settings), who, at)
