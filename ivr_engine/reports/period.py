"""A year, or a month of it, in Rome."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.records import figure_queries
from ivr_engine.records.figure_queries import midnight
from ivr_engine.records.figures import HALF_HOUR_MS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_FIRST, _LAST = 1970, 9998


@dataclass(frozen=True, slots=True)
class Period:
    """`month` None: the whole year. Raises IvrError for one the calendar has not."""

    year: int
    month: int | None = None

    def __post_init__(self) -> None:
        if not _FIRST <= self.year <= _LAST:
            raise IvrError(f"there is no year {self.year}", f"years are {_FIRST} to {_LAST}")
        if self.month is not None and not 1 <= self.month <= 12:
            raise IvrError(f"there is no month {self.month}", "months are 1 to 12")

    @property
    def months(self) -> tuple[int, ...]:
        """As the figures have them: 202611."""
        return tuple(self.year * 100 + month for month in ((self.month,) if self.month else range(1, 13)))

    @property
    def first_day(self) -> date:
        """The first one."""
        return date(self.year, self.month or 1, 1)

    @property
    def last_day(self) -> date:
        """The last one."""
        month = self.month or 12
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    @property
    def days(self) -> tuple[int, int]:
        """First and last as the figures have them: 20261101."""
        return int(f"{self.first_day:%Y%m%d}"), int(f"{self.last_day:%Y%m%d}")

    @property
    def since(self) -> int:
        """Its first millisecond since 1970 UTC."""
        return midnight(self.first_day)

    @property
    def until(self) -> int:
        """The first millisecond after it."""
        year, month = divmod(self.year * 12 + (self.month or 12), 12)
        return midnight(date(year, month + 1, 1))

    @property
    def halves(self) -> tuple[int, int]:
        """Its first half hour, and the first after it."""
        return self.since // HALF_HOUR_MS, self.until // HALF_HOUR_MS

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}" if self.month else str(self.year)


def check(connection: sqlite3.Connection, period: Period, line: str, known: Iterable[str]) -> None:
    """Raises IvrError unless there are figures of the year, and such a line."""
    lines = sorted({*known, *figure_queries.lines(connection)} - {""})
    if line and line not in lines:
        raise IvrError(f"there is no line {line!r:.40}", f"lines are {', '.join(lines)}")
    years = figure_queries.years(connection)
    if period.year not in years:
        there = f"there are some of {', '.join(map(str, years))}" if years else "there are none at all yet"
        raise IvrError(f"there are no contacts of {period.year}", there)
