"""When something must be done: so many working hours from now, on Rome's clocks, Italian holidays left out."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays

from ivr_engine.clock import ROME, rome

OPENS, CLOSES = time(8, 0), time(18, 0)
DAY_HOURS = 10.0


def due(start: float, hours: float) -> float:
    """The instant when that many working hours have passed since `start` (both seconds since 1970 UTC)."""
    local = rome(start)
    left = timedelta(hours=hours)
    day, clock = local.date(), local.time()
    while True:
        if _works(day):
            opens = _at(day, max(clock, OPENS))
            closes = _at(day, CLOSES)
            if opens < closes:
                if opens + left.total_seconds() <= closes:
                    return opens + left.total_seconds()
                left -= timedelta(seconds=closes - opens)
        day, clock = day + timedelta(days=1), time(0, 0)


def _at(day: date, clock: time) -> float:
    return datetime.combine(day, clock, ROME).timestamp()


def _works(day: date) -> bool:
    return day.weekday() < 5 and day not in _holidays(day.year)


@lru_cache(maxsize=16)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("IT", years=year))
