"""Opening hours on Rome's wall clock."""

from __future__ import annotations

from datetime import datetime

import pytest

from ivr_engine.clock import ROME
from ivr_engine.routing.hours import WeekHours, is_holiday

OFFICE = WeekHours({"mon-fri": ["09:00-13:00", "14:00-18:00"], "sat": ["09:00-24:00"]})


def at(*when: int) -> float:
    return datetime(*when, tzinfo=ROME).timestamp()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ((2026, 11, 23, 9, 0), True),
        ((2026, 11, 23, 8, 59), False),
        ((2026, 11, 23, 13, 0), False),
        ((2026, 11, 23, 17, 59), True),
        ((2026, 11, 28, 23, 59), True),
        ((2026, 11, 29, 12, 0), False),  # Sunday
        ((2026, 12, 8, 10, 0), False),  # Immacolata
        ((2011, 3, 17, 10, 0), False),  # one-off holiday of 2011
        ((2010, 3, 17, 10, 0), True),
        ((2027, 10, 4, 10, 0), False),  # San Francesco, a holiday again from 2026
        ((2025, 10, 3, 10, 0), True),
        ((2026, 3, 30, 9, 0), True),  # the Monday after the clocks went forward
    ],
)
def test_open_when_the_wall_clock_says_so(when: tuple[int, ...], is_open: bool) -> None:
    assert OFFICE.is_open(at(*when)) is is_open


def test_easter_monday_is_computed() -> None:
    assert is_holiday(datetime(2012, 4, 9, tzinfo=ROME).date())


@pytest.mark.parametrize("hours", [{"lun": ["09:00-18:00"]}, {"fri-mon": []}, {"mon": ["18:00-09:00"]}, {"mon": ["nine"]}])
def test_bad_hours_are_refused(hours: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="'"):
        WeekHours(hours)
