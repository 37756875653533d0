"""Opening hours as line.yaml writes them."""

from __future__ import annotations

from datetime import date

import pytest

from ivr_engine.dialogue import hours
from ivr_engine.dialogue.source import Source


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


FILE = """\
week:
  mon-fri: ["09:00-13:00", "14:00-18:00"]
  sat: ["22:00-06:00"]
patron: RM
exceptions:
  - {from: 2026-12-24, until: 2026-12-24, periods: ["09:00-13:00"], reason: Vigilia}
"""


def read(text: str) -> tuple[hours.HoursData | None, list[str]]:
    """As it stands in a file, with what is said to its author."""
    source = Source("line.yaml", text)
    found = source.read(hours.HoursData, source.data)
    return found, [str(problem) for problem in source.problems]


def test_the_whole_of_it() -> None:
    found, problems = read(FILE)
    assert problems == []
    assert found is not None
    assert (found.holidays, found.patron) == ("national", "RM")
    assert [(each.from_, each.periods, each.reason) for each in found.exceptions] == [
        (date(2026, 12, 24), ("09:00-13:00",), "Vigilia")
    ]


def test_days_alone_are_a_week() -> None:
    assert read('mon-fri: ["09:00-18:00"]') == read('week: {mon-fri: ["09:00-18:00"]}')
    assert read('mon-fri: ["09:00-18:00"]')[0] is not None
    assert "week.lun: 'lun' is no day" in read('lun: ["09:00-18:00"]')[1][0]
    assert "week.mon: must be a list" in read('mon: "09:00-18:00"')[1][0]
    assert read("patrono: RM")[1] == ["line.yaml:1: patrono: no such key (did you mean patron?)"]
    assert read("{}")[0] == hours.HoursData()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("patron: RM", "patrone: RM", "line.yaml:4: patrone: no such key (did you mean patron?)"),
        ("patron: RM", "patron: Roma", "line.yaml:4: patron: 'Roma' is no place whose patron is known"),
        ("patron: RM", "holidays: regional", "line.yaml:4: holidays: input should be 'national' or 'none', not 'regional'"),
        ("sat:", "sabato:", "line.yaml:3: week.sabato: 'sabato' is no day: write mon, tue"),
        ("06:00", "6:00", "line.yaml:3: week.sat.0: '22:00-6:00' is no period: write it as 09:00-18:00"),
        ('["22:00-06:00"]', '"22:00-06:00"', "line.yaml:3: week.sat: must be a list, not '22:00-06:00'"),
        ("until: 2026-12-24, ", "", "line.yaml:6: exceptions.0.until: is missing"),
        ("until: 2026-12-24", "until: domani", "line.yaml:6: exceptions.0.until: must be a date such as 2012-07-18"),
        ("until: 2026-12-24", "until: 2026-12-23", "line.yaml:6: exceptions.0: until is before from"),
    ],
)
def test_a_mistake_is_named_where_it_stands(old: str, new: str, says: str) -> None:
    assert old in FILE
    found, (problem,) = read(FILE.replace(old, new))
    assert found is None
    assert problem.startswith(says)
