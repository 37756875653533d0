"""Opening hours as `line.yaml` writes them: a week of periods, holidays, the local patron, dated exceptions."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

import holidays as calendar
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60

Period: TypeAlias = tuple[int, int]
"""From and until, in minutes of the day it starts on; the end, which is no longer open, may lie in the next day."""

_PERIOD = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def days(text: str) -> range:
    """The days (Monday is 0) of `mon` or `mon-fri`. Raises ValueError."""
    first, _, last = text.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(f"{text!r} is no day: write mon, tue, wed, thu, fri, sat, sun or a range such as mon-fri")
    start, end = DAYS.index(first), DAYS.index(last or first)
    if end < start:
        raise ValueError(f"{text!r} ends before it starts: write two entries")
    return range(start, end + 1)


def period(text: str) -> Period:
    """The minutes of `09:00-18:00`; `24:00` ends a day, `22:00-06:00` runs into the next. Raises ValueError."""
    found = _PERIOD.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no period: write it as 09:00-18:00")
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if start == end or end > DAY_MINUTES:
        raise ValueError(f"{text!r} is empty, or ends after midnight: write 22:00-06:00 for a night")
    return start, end if end > start else end + DAY_MINUTES


def periods(texts: Sequence[str]) -> tuple[Period, ...]:
    """The periods of one day, in order. Raises ValueError when two overlap."""
    ordered = tuple(sorted(map(period, texts)))
    if any(before[1] > after[0] for before, after in pairwise(ordered)):
        raise ValueError("two periods overlap")
    return ordered


def week(hours: Mapping[str, Sequence[str]]) -> tuple[tuple[Period, ...], ...]:
    """The periods of the seven days, Monday first; a day not named is closed. Raises ValueError, as for a day named twice."""
    found: dict[int, tuple[Period, ...]] = {}
    for text, of_day in hours.items():
        try:
            ordered = periods(of_day)
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from error
        for day in days(text):
            if day in found:
                raise ValueError(f"{DAYS[day]} is given twice")
            found[day] = ordered
    return tuple(found.get(day, ()) for day in range(7))


def _is_days(text: str) -> str:
    days(text)
    return text


def _is_period(text: str) -> str:
    period(text)
    return text


def _like_a_day(entry: tuple[str, Any]) -> bool:
    """Meant as a day, even when misspelled: nothing else of a week's neighbours is a list of texts."""
    name, written = entry
    return name.partition("-")[0] in DAYS or (isinstance(written, tuple) and all(isinstance(each, str) for each in written))


def _is_patron(text: str) -> str:
    if text not in calendar.country_holidays("IT").subdivisions:
        raise ValueError(f"{text!r} is no place whose patron is known: write the province's two letters, such as RM")
    return text


Periods = tuple[Annotated[str, AfterValidator(_is_period)], ...]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DatedHours(_Data):
    """Days on which other hours hold, the week and holidays notwithstanding; no periods: closed."""

    from_: date = Field(alias="from")
    until: date
    periods: Periods = ()
    reason: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.from_:
            raise ValueError("until is before from")
        periods(self.periods)
        return self


class HoursData(_Data):
    """A line's hours. `{mon-fri: [...]}` alone is short for `{week: {mon-fri: [...]}}`."""

    week: dict[Annotated[str, AfterValidator(_is_days)], Periods] = {}
    holidays: Literal["national", "none"] = "national"
    patron: Annotated[str, AfterValidator(_is_patron)] | None = None
    exceptions: tuple[DatedHours, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, dict) and not set(value) & set(cls.model_fields) and any(map(_like_a_day, value.items())):
            return {"week": value}
        return value

    @model_validator(mode="after")
    def _a_week(self) -> Self:
        week(self.week)
        return self

    @model_validator(mode="after")
    def _one_exception_a_day(self) -> Self:
        for before, after in pairwise(sorted(self.exceptions, key=lambda exception: exception.from_)):
            if after.from_ <= before.until:
                raise ValueError(f"two exceptions hold on {after.from_}")
        return self
