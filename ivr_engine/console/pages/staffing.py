"""Staffing: are the operators enough, as a curve over handling time and shrinkage, with the table beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from ivr_engine.clock import rome_date
from ivr_engine.errors import IvrError
from ivr_engine.records.figure_queries import midnight
from ivr_engine.records.halfhours import half_hours
from ivr_engine.reports import staffing_chart, staffing_demand
from ivr_engine.reports.staffing import Goal
from ivr_engine.reports.staffing_curve import Question, answer

if TYPE_CHECKING:
    from ivr_engine.console.visit import Answer, Visit
    from ivr_engine.reports.staffing_curve import Curve
    from ivr_engine.reports.staffing_demand import Demand

_BOUNDS = {"operators": (1, 500), "target": (1, 99), "within": (0, 600), "patience": (1, 3600), "occupancy": (1, 100)}
_DEFAULTS = {"operators": 18, "target": 80, "within": 20, "patience": 180, "occupancy": 85}
_MONTH, RECORDED = "2011-11", "recorded"
_RECENT = timedelta(days=28)


async def show(visit: Visit) -> Answer:
    """GET /staffing"""
    typed = {name: visit.query.text(name, 20) or str(default) for name, default in _DEFAULTS.items()}
    values = {name: _whole(text) for name, text in typed.items()}
    mistakes = {
        name: visit.t("staffing.bounds", low=low, high=high)
        for name, (low, high) in _BOUNDS.items()
        if not low <= values[name] <= high
    }
    demand = visit.query.text("demand", 20) or _MONTH
    curve = None
    if not mistakes:
        try:
            curve = await visit.office.in_thread(answer, await _demand(visit, demand), _question(values))
        except IvrError:
            mistakes["demand"] = visit.t("staffing.nothing-recorded" if demand == RECORDED else "staffing.no-month")
    context = {"values": typed, "mistakes": mistakes, "demand": demand, "curve": curve, "month": _MONTH}
    picture = Markup(_picture(visit, curve)) if curve else ""  # noqa: S704 - drawn by the engine, its words escaped there
    return visit.page("staffing/show.html", status=400 if mistakes else 200, **context, picture=picture)


def _whole(text: str) -> int:
    """The number; -1, which is out of all bounds, when it is no whole one."""
    return int(text) if text.isascii() and text.isdigit() else -1


def _question(values: dict[str, int]) -> Question:
    goal = Goal(values["target"] / 100, values["within"], values["occupancy"] / 100)
    return Question(employed=values["operators"], patience_s=values["patience"], goal=goal)


async def _demand(visit: Visit, demand: str) -> Demand:
    if demand == RECORDED:
        # Whole days: today, and the day that four weeks would cut in two, would make the mean day smaller than it is.
        today = rome_date(visit.now)
        since, until = (midnight(day) / 1000 for day in (today - _RECENT, today))
        recorded = await visit.read(half_hours, since, until)
        return staffing_demand.of_records(recorded, demand)
    if demand != _MONTH:
        raise IvrError("no such month")
    year, month = map(int, demand.split("-"))
    return staffing_demand.of_month(year, month)


def _picture(visit: Visit, curve: Curve) -> str:
    goal = curve.question.goal
    return staffing_chart.svg(
        curve,
        visit.t("staffing.picture"),
        visit.t("staffing.minutes"),
        visit.t("staffing.level", seconds=f"{goal.within_s:g}"),
        visit.t("staffing.shrinkage"),
        visit.t("staffing.goal", share=f"{goal.share:.0%}"),
    )
