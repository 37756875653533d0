"""Opening hours as `line.yaml` writes them: `{mon-fri: ["09:00-13:00", "14:00-18:00"]}`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Period: TypeAlias = tuple[int, int]
"""From and until, in minutes of the day; the end is no longer open."""

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
    """The minutes of `09:00-18:00`; `24:00` ends a day. Raises ValueError."""
    found = _PERIOD.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no period: write it as 09:00-18:00")
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if not start < end <= 24 * 60:
        raise ValueError(f"{text!r} ends before it starts, or after midnight")
    return start, end


def week(hours: Mapping[str, Sequence[str]]) -> tuple[tuple[Period, ...], ...]:
    """The periods of the seven days, Monday first; a day not named is closed. Raises ValueError, as for a day named twice."""
    periods: dict[int, tuple[Period, ...]] = {}
    for text, of_day in hours.items():
        ordered = tuple(sorted(map(period, of_day)))
        if any(before[1] > after[0] for before, after in pairwise(ordered)):
            raise ValueError(f"periods of {text} overlap")
        for day in days(text):
            if day in periods:
                raise ValueError(f"{DAYS[day]} is given twice")
            periods[day] = ordered
    return tuple(periods.get(day, ()) for day in range(7))
