"""Are a line's operators there? Weekly periods on Rome's wall clock; national holidays are closed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import holidays

from ivr_engine.clock import rome
from ivr_engine.dialogue.hours import week

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date


class WeekHours:
    """The periods of a week, as `line.yaml` writes them. Raises ValueError."""

    def __init__(self, hours: Mapping[str, Sequence[str]]) -> None:
        self._week = week(hours)

    def is_open(self, at: float) -> bool:
        """At that instant (seconds since 1970 UTC)."""
        local = rome(at)
        if is_holiday(local.date()):
            return False
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self._week[local.weekday()])


class LineHours:
    """The hours of all lines, by name; satisfies dialogue.services.Hours."""

    def __init__(self, lines: Mapping[str, WeekHours]) -> None:
        self._lines = lines

    def is_open(self, line: str, at: float) -> bool:
        """At that instant (seconds since 1970 UTC)."""
        return self._lines[line].is_open(at)


def is_holiday(day: date) -> bool:
    """A national holiday of that year's law. Sundays are for the weekly hours to say."""
    return day in _holidays(day.year)


@lru_cache(maxsize=32)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("IT", years=year))
