"""Opening hours on Rome's wall clock: emergency, exception, holiday, week, in that order."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies
from pydantic import ValidationError

from ivr_engine.clock import ROME
from ivr_engine.dialogue.hours import HoursData
from ivr_engine.records.notices import Closure
from ivr_engine.routing.hours import LineHours, Reason, State, holiday

OFFICE = {"mon-fri": ["09:00-13:00", "14:00-18:00"], "sat": ["09:00-24:00"]}


def at(text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ROME, fold=fold).timestamp()


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def data(**hours: Any) -> HoursData:
    return HoursData.model_validate(as_read(hours))


def as_read(value: Any) -> Any:
    """Lists and dates as the readers of YAML and TOML give them."""
    match value:
        case dict():
            return {key: as_read(item) for key, item in value.items()}
        case list():
            return tuple(map(as_read, value))
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return date.fromisoformat(value)
    return value


def hours(*closures: Closure, **written: Any) -> LineHours:
    return LineHours({"x": data(**written)}, lambda _line: closures)


def closure(starts: str, until: str, *periods: str, emergency: bool = False, number: int = 1) -> Closure:
    return Closure(number, "x", emergency, datetime.fromisoformat(starts), datetime.fromisoformat(until), periods, "guasto")


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-23 09:00", True),
        ("2026-11-23 08:59", False),
        ("2026-11-23 13:00", False),
        ("2026-11-23 17:59", True),
        ("2026-11-28 23:59", True),
        ("2026-11-29 00:00", False),  # Sunday: the Saturday's 24:00 is over
        ("2026-12-08 10:00", False),  # Immacolata
        ("2011-03-17 10:00", False),  # one-off holiday of 2011
        ("2010-03-17 10:00", True),
        ("2012-04-09 10:00", False),  # Easter Monday
        ("2027-10-04 10:00", False),  # San Francesco, a holiday again from 2026
        ("2024-10-04 10:00", True),
        ("2025-10-04 10:00", True),  # a Saturday: the law came later
        ("2026-03-30 09:00", True),  # the Monday after the clocks went forward
        ("2026-06-29 10:00", True),  # Rome's patron, on a line that does not keep it
    ],
)
def test_the_week_and_the_national_holidays(when: str, is_open: bool) -> None:
    assert hours(**OFFICE).is_open("x", at(when)) is is_open


def test_the_local_patron_is_kept_where_it_is_written() -> None:
    rome = hours(week=OFFICE, patron="RM")
    assert rome.state("x", at("2026-06-29 10:00"))[:3] == (False, Reason.HOLIDAY, "Santi Pietro e Paolo")
    assert hours(week=OFFICE, patron="MI").is_open("x", at("2026-06-29 10:00"))
    assert hours(week=OFFICE, holidays="none").is_open("x", at("2026-12-25 10:00"))


def test_the_names_of_holidays() -> None:
    assert holiday(date(2011, 3, 17)) == "Anniversario dell'Unità d'Italia"
    assert holiday(date(2011, 3, 18)) == ""
    assert "Francesco" in holiday(date(2026, 10, 4))


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    night = hours(week={"mon": ["22:00-06:00"], "thu": ["20:00-04:00"]})
    assert not night.is_open("x", at("2026-11-23 05:00"))
    assert night.is_open("x", at("2026-11-23 22:00"))
    assert night.is_open("x", at("2026-11-24 05:59"))
    assert not night.is_open("x", at("2026-11-24 06:00"))
    # Thursday 24 December runs into Christmas; no night begins on Christmas itself.
    assert night.is_open("x", at("2026-12-25 03:59"))


@pytest.mark.parametrize(
    ("when", "fold", "is_open"),
    [
        ("2026-03-29 01:59", 0, True),  # the clocks go from 02:00 to 03:00
        ("2026-03-29 03:00", 0, False),
        ("2026-10-25 02:29", 0, True),  # the hour from 02:00 comes twice, and is read off the wall both times
        ("2026-10-25 02:29", 1, True),
        ("2026-10-25 02:30", 1, False),
    ],
)
def test_both_changes_of_the_clocks(when: str, fold: int, is_open: bool) -> None:
    assert hours(week={"sun": ["01:00-02:30"]}).is_open("x", at(when, fold)) is is_open


def test_the_next_change_is_what_the_clocks_then_show() -> None:
    spring = hours(week={"sun": ["02:30-05:00"]}).state("x", at("2026-03-29 01:00"))
    assert spring.until == wall("2026-03-29 03:00")  # no clock shows 02:30
    autumn = hours(week={"sun": ["01:00-02:30"]})
    for when, fold, until in (("01:00", 0, "02:30"), ("02:45", 0, "02:00"), ("02:10", 1, "02:30")):
        found = autumn.state("x", at(f"2026-10-25 {when}", fold)).until
        assert found is not None
        assert f"{found:%d %H:%M}" == f"25 {until}"
    again = autumn.state("x", at("2026-10-25 02:45")).until
    assert again is not None
    assert again.timestamp() == at("2026-10-25 02:00", fold=1)


def test_a_night_and_the_next_day_meet_without_a_gap() -> None:
    line = hours(week={"mon": ["22:00-06:00"], "tue": ["06:00-12:00"]})
    assert line.is_open("x", at("2026-11-24 05:59"))
    assert line.is_open("x", at("2026-11-24 06:00"))
    assert line.state("x", at("2026-11-23 23:00")).until == wall("2026-11-24 12:00")


def test_a_dated_exception_comes_before_holidays_and_the_week() -> None:
    line = hours(
        week=OFFICE,
        exceptions=[
            {"from": "2026-12-24", "until": "2026-12-24", "periods": ["09:00-12:00"], "reason": "Vigilia"},
            {"from": "2026-12-25", "until": "2026-12-25", "periods": ["10:00-12:00"]},
            {"from": "2026-08-10", "until": "2026-08-14", "reason": "Ferie"},
        ],
    )
    assert line.is_open("x", at("2026-12-24 11:59"))
    assert line.state("x", at("2026-12-24 12:00"))[:3] == (False, Reason.EXCEPTION, "Vigilia")
    assert line.is_open("x", at("2026-12-25 10:00"))
    assert not line.is_open("x", at("2026-08-12 10:00"))
    assert line.is_open("x", at("2026-08-17 10:00"))


def test_an_emergency_wins_over_everything_until_it_expires() -> None:
    longer = closure("2026-11-23 00:00", "2026-11-24 00:00", "06:00-23:00")
    emergency = closure("2026-11-23 10:00", "2026-11-23 11:30", emergency=True)
    line = hours(longer, emergency, **OFFICE)
    assert line.is_open("x", at("2026-11-23 07:00"))
    assert line.state("x", at("2026-11-23 10:00")) == State(
        open=False, reason=Reason.EMERGENCY, why="guasto", until=wall("2026-11-23 11:30")
    )
    assert line.is_open("x", at("2026-11-23 11:30"))
    assert not line.is_open("x", at("2026-11-24 07:00"))


def test_hours_given_by_hand_hold_between_their_two_moments_alone() -> None:
    night = hours(closure("2026-11-23 00:00", "2026-11-25 00:00", "22:00-06:00"), week={"mon-sun": ["00:00-24:00"]})
    assert night.is_open("x", at("2026-11-22 23:59"))
    assert not night.is_open("x", at("2026-11-23 05:00"))  # Sunday's night was the week's own
    assert night.is_open("x", at("2026-11-24 05:59"))
    assert night.state("x", at("2026-11-24 06:00"))[:3] == (False, Reason.EXCEPTION, "guasto")
    assert night.state("x", at("2026-11-24 22:00"))[:3] == (True, Reason.OPEN, "guasto")
    assert night.state("x", at("2026-11-25 12:00"))[:3] == (True, Reason.OPEN, "")


def test_what_was_switched_last_corrects_what_was_switched_before() -> None:
    first = closure("2026-11-23 00:00", "2026-11-24 00:00", number=1)
    second = closure("2026-11-23 08:00", "2026-11-23 20:00", "10:00-11:00", number=2)
    for line in (hours(first, second, **OFFICE), hours(second, first, **OFFICE)):
        assert line.is_open("x", at("2026-11-23 10:30"))
        assert not line.is_open("x", at("2026-11-23 11:30"))


def test_the_next_change_is_found() -> None:
    line = hours(week=OFFICE, patron="RM")
    assert line.state("x", at("2026-11-23 10:00")).until == wall("2026-11-23 13:00")
    assert line.state("x", at("2026-12-24 19:00")).until == wall("2026-12-28 09:00")
    assert hours(week={}).state("x", at("2026-11-23 10:00")).until is None


def test_stretches_are_a_whole_day_without_gaps() -> None:
    line = hours(closure("2026-11-23 10:00", "2026-11-23 11:30", emergency=True), **OFFICE)
    found = line.stretches("x", at("2026-11-23 00:00"), at("2026-11-24 00:00"))
    assert [(f"{each.starts:%H:%M}", each.state.open, each.state.reason) for each in found] == [
        ("00:00", False, Reason.CLOSED),
        ("09:00", True, Reason.OPEN),
        ("10:00", False, Reason.EMERGENCY),
        ("11:30", True, Reason.OPEN),
        ("13:00", False, Reason.CLOSED),
        ("14:00", True, Reason.OPEN),
        ("18:00", False, Reason.CLOSED),
    ]
    assert [each.until for each in found] == [*(each.starts for each in found[1:]), wall("2026-11-24 00:00")]


TIMES = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in range(96)]
PERIODS = strategies.lists(strategies.sampled_from(TIMES), min_size=2, max_size=4, unique=True).map(
    lambda times: [f"{start}-{end}" for start, end in zip(sorted(times)[::2], sorted(times)[1::2], strict=False)]
)
NIGHTS = strategies.lists(strategies.sampled_from(TIMES), min_size=2, max_size=2, unique=True).map(
    lambda times: [f"{max(times)}-{min(times)}"]
)
WEEKS = strategies.dictionaries(strategies.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), PERIODS | NIGHTS)
CLOSURES = strategies.lists(
    strategies.tuples(
        strategies.integers(0, 300), strategies.integers(1, 200), PERIODS | NIGHTS | strategies.just([]), strategies.booleans()
    ),
    max_size=2,
)


@settings(max_examples=30, deadline=None)
@given(WEEKS, CLOSURES, strategies.sampled_from(["2026-03-28 12:00", "2026-10-24 12:00", "2026-12-24 06:00"]))
def test_what_is_foretold_is_what_comes(week: dict[str, list[str]], by_hand: list[Any], begin: str) -> None:
    """Every quarter of an hour over two days with a change of the clocks or with holidays."""
    start = at(begin)
    first = datetime.fromisoformat(begin)
    quarter = timedelta(minutes=15)
    closures = [
        Closure(number, "x", emergency, first + (after - 100) * quarter, first + (after - 100 + length) * quarter, tuple(day), "")
        for number, (after, length, day, emergency) in enumerate(by_hand)
    ]
    line = hours(*closures, week=week)
    stretches = line.stretches("x", start, start + 2 * 86400)
    for instant in range(int(start), int(start) + 2 * 86400, 900):
        (stretch,) = [each for each in stretches if each.starts.timestamp() <= instant < each.until.timestamp()]
        state = line.state("x", instant)
        assert stretch.state == state._replace(until=None)
        assert line.is_open("x", instant) is state.open
        if state.until is not None and state.until.timestamp() < start + 2 * 86400:
            assert all(line.is_open("x", at_) is state.open for at_ in range(instant, int(state.until.timestamp()), 900))
            assert line.is_open("x", state.until.timestamp()) is not state.open


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"week": {}, "lun": ["09:00-18:00"]}, "Extra inputs"),
        ({"lun": ["09:00-18:00"]}, "'lun' is no day"),
        ({"week": {"lun": []}}, "'lun' is no day"),
        ({"week": {"fri-mon": []}}, "ends before it starts"),
        ({"week": {"mon": ["9-18"]}}, "is no period"),
        ({"week": {"mon": ["09:00-09:00"]}}, "is empty"),
        ({"week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "overlap"),
        ({"week": {"mon-fri": [], "wed": []}}, "given twice"),
        ({"week": {}, "patron": "XX"}, "no place whose patron"),
        ({"week": {}, "exceptions": [{"from": "2026-12-24", "periods": []}]}, "Field required"),
        ({"week": {}, "exceptions": [{"from": "2026-12-24", "until": "2026-12-23"}]}, "until is before from"),
        (
            {
                "exceptions": [
                    {"from": "2026-08-14", "until": "2026-08-14"},
                    {"from": "2026-08-10", "until": "2026-08-14"},
                ]
            },
            "two exceptions hold on 2026-08-14",
        ),
    ],
)
def test_bad_hours_are_refused(written: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        data(**written)
