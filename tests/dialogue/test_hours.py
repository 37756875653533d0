"""Opening hours as line.yaml writes them."""

from __future__ import annotations

import pytest

from ivr_engine.dialogue import hours


def test_a_week() -> None:
    week = hours.week({"mon-wed": ["14:00-18:00", "09:00-13:00"], "sat": ["22:00-06:00"], "sun": ["00:00-24:00"]})
    assert week[0] == week[2] == ((540, 780), (840, 1080))
    assert week[3:5] == ((), ())
    assert week[5] == ((1320, 1800),)  # into Sunday
    assert week[6] == ((0, 1440),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lun": []},
        {"fri-mon": []},
        {"mon": ["09:00-09:00"]},
        {"mon": ["09:00-24:30"]},
        {"mon": ["9:00-18:00"]},
        {"mon": ["09:00-12:00", "11:00-13:00"]},
        {"mon-fri": [], "wed": []},
    ],
)
def test_what_is_no_week(wrong: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match=r"."):
        hours.week(wrong)
