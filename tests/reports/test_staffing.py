"""Erlang C against vectors worked out by hand, Erlang A against its limits, both against calls played one by one."""

from __future__ import annotations

import asyncio
import math
import random
import xml.etree.ElementTree as ET
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr_engine.clock import ROME
from ivr_engine.console.pages.staffing import RECORDED, _demand
from ivr_engine.errors import IvrError
from ivr_engine.events import Outcome
from ivr_engine.records.halfhours import HalfHour
from ivr_engine.reports.staffing import Goal, Load, needed, on_duty, scheduled, serve
from ivr_engine.reports.staffing_chart import rows, svg
from ivr_engine.reports.staffing_curve import Question, answer, verdicts
from ivr_engine.reports.staffing_demand import of_month, of_records, of_volume
from ivr_engine.reports.staffing_simulation import Stream, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.console.visit import Visit

    from .conftest import Year

SVG = "{http://www.w3.org/2000/svg}"
VECTORS = [
    (100, 180, 13, 0.285270, 0.795595, 17.1162, 0.7692),
    (100, 180, 14, 0.174132, 0.888350, 7.8359, 0.7143),
    (90, 240, 15, 0.319190, 0.751414, 25.5352, 0.8),
    (90, 240, 16, 0.204574, 0.853416, 12.2744, 0.75),
]


@pytest.mark.parametrize(("calls", "handling", "operators", "waiting", "level", "wait", "occupancy"), VECTORS)
def test_erlang_c(
    calls: float, handling: float, operators: int, waiting: float, level: float, wait: float, occupancy: float
) -> None:
    service = serve(Load(calls, handling), operators, 20)
    assert service.waiting == pytest.approx(waiting, abs=5e-7)
    assert service.level == pytest.approx(level, abs=5e-7)
    assert service.wait_s == pytest.approx(wait, abs=5e-5)
    assert service.occupancy == pytest.approx(occupancy, abs=5e-5)


@pytest.mark.parametrize(("calls", "handling", "operators"), [vector[:3] for vector in VECTORS])
def test_erlang_a_becomes_c_as_patience_grows(calls: float, handling: float, operators: int) -> None:
    certain = serve(Load(calls, handling), operators, 20)
    off = [abs(serve(Load(calls, handling, patience), operators, 20).level - certain.level) for patience in (1e3, 1e5, 1e7, 1e9)]
    assert off == sorted(off, reverse=True)
    assert off[-1] < 1e-7


def test_too_few_operators() -> None:
    assert serve(Load(100, 180), 10, 20).level == 0
    assert math.isinf(serve(Load(100, 180), 10, 20).wait_s)
    swamped = serve(Load(20_000, 600, 600), 18, 20)
    assert swamped.occupancy == pytest.approx(1)
    assert swamped.abandoned == pytest.approx(1 - 18 / Load(20_000, 600).erlangs, abs=1e-4)
    assert serve(Load(50, 600, 600), 0, 20).abandoned == 1
    assert serve(Load(0, 600, 600), 5, 20).level == 1


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 200), st.floats(30, 900), st.floats(10, 3600), st.integers(1, 60))
def test_one_more_operator_never_serves_worse(calls: float, handling: float, patience: float, operators: int) -> None:
    load = Load(calls, handling, patience)
    fewer, more = serve(load, operators, 20), serve(load, operators + 1, 20)
    assert 0 <= fewer.level <= more.level + 1e-9 <= 1 + 2e-9
    assert more.abandoned <= fewer.abandoned + 1e-9
    assert fewer.occupancy <= 1 + 1e-9


def test_needed_is_the_fewest() -> None:
    goal = Goal(0.8, 20, 1.0)
    assert needed(Load(100, 180), goal).operators == 14
    assert not serve(Load(100, 180), 13, 20).meets(goal)
    assert needed(Load(100, 180), Goal(0.8, 20, 0.6)).operators == 17
    with pytest.raises(IvrError, match="not even"):
        needed(Load(100_000, 3600), goal)


def test_shrinkage() -> None:
    assert [scheduled(14, share) for share in (0, 0.2, 0.3)] == [14, 18, 20]
    assert [on_duty(18, share) for share in (0, 0.2, 0.3, 0.4)] == [18, 14, 12, 10]
    assert on_duty(10, 0.3) == 7


@pytest.mark.parametrize("patience", [None, 120.0])
def test_calls_played_one_by_one_agree_with_the_formulas(patience: float | None) -> None:
    load = Load(100, 180, patience)
    seen = simulate([Stream("one", load)], [frozenset({"one"})] * 13, 20, 150, random.Random(7))
    service = serve(load, 13, 20)
    assert seen.all.offered > 14_000
    assert seen.all.level == pytest.approx(service.level, abs=0.02)
    assert seen.all.abandoned == pytest.approx(service.abandoned, abs=0.01)
    assert seen.occupancy == pytest.approx(service.occupancy, abs=0.02)


def test_operators_with_skills_serve_worse_than_operators_for_all() -> None:
    streams = [Stream("co", Load(21, 600, 180)), Stream("lavoro", Load(10, 600, 180))]
    apart = [frozenset({"co"})] * 8 + [frozenset({"lavoro"})] * 4
    together = simulate(streams, [frozenset({"co", "lavoro"})] * 12, 20, 60, random.Random(3))
    split = simulate(streams, apart, 20, 60, random.Random(3))
    assert split.all.level < together.all.level - 0.03
    assert set(split.queues) == {"co", "lavoro"}


def test_eighteen_operators_in_november_2011() -> None:
    curve = answer(of_month(2011, 11), Question())
    assert sum(curve.demand.day) > 195 + 77
    assert [curve.longest(share) for share in (0.0, 0.2, 0.3, 0.4)] == [12, 11, 9, 7]
    assert any("ESTIMATES" in sentence for sentence in curve.demand.assumptions)
    assert "not enough" not in " ".join(verdicts(curve))
    assert len(rows(curve)) == 40
    drawn = svg(curve, "<title>", "x", "y", "s", "g")
    assert "&lt;title&gt;" in drawn
    assert drawn.count("<polyline") == 4


@pytest.mark.parametrize("share", [0.01, 0.8, 0.99])
def test_the_goals_name_stands_at_the_left_above_its_line(share: float) -> None:
    drawn = ET.fromstring(svg(answer(of_month(2011, 11), Question(goal=Goal(share, 20, 0.85))), "t", "x", "y", "absent", "goal"))
    places = {text.text: (float(text.get("x") or 0), float(text.get("y") or 0)) for text in drawn.iter(f"{SVG}text")}
    (line,) = (line for line in drawn.iter(f"{SVG}line") if line.get("stroke") == "#17324d")
    left, right, height = (float(line.get(name) or 0) for name in ("x1", "x2", "y1"))
    across, down = places["goal"]
    assert left < across < left + 20
    assert 13 < down < height
    assert all(x > right for name, (x, _y) in places.items() if (name or "").startswith("absent")), "the legend is elsewhere"


def test_demand_of_recorded_half_hours_is_their_mean_day() -> None:
    noon = 1_320_663_600.0  # 7/11/2011 12:00 in Rome
    recorded = [
        HalfHour(noon, "co", 6, 4, 1200),
        HalfHour(noon + 1800, "co", 2, 2, 600),
        HalfHour(noon + 86_400, "co", 4, 4, 1000),
    ]
    demand = of_records(recorded, "two days")
    assert demand.day == (5.0, 1.0)
    assert demand.talk_s == 280
    with pytest.raises(IvrError, match="no calls to operators"):
        of_records([], "nothing")
    recorded.append(HalfHour(noon, "tfr", 1, 1, 60))
    assert of_records(recorded, "one line", "tfr").day == (0.5,), "on the other day nobody called it, but others"
    with pytest.raises(IvrError, match="no calls to operators"):
        of_records(recorded, "none of that line", "sociale")
    assert of_volume(7).busiest == 7


def test_the_consoles_mean_day_is_of_whole_days(year: Year) -> None:
    now = datetime(2026, 11, 27, 9, 45, tzinfo=ROME).timestamp()
    for day in ("2026-10-30", "2026-11-26", "2026-11-27"):  # four weeks ago, yesterday, today
        for clock in ("09:00", "09:30", "15:00"):
            if (day, clock) < ("2026-11-27", "09:45"):
                year.add(f"{day} {clock}", "lavoro", Outcome.ANSWERED)

    async def read(function: Callable[..., object], *arguments: object) -> object:
        return function(year.connection, *arguments)

    visit = cast("Visit", SimpleNamespace(now=now, read=read))
    assert asyncio.run(_demand(visit, RECORDED)).day == (1.0, 1.0, 1.0)
