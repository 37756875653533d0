"""Are they enough? What a number of operators gives for every handling time and every shrinkage that may be true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.reports.staffing import Goal, Load, needed, on_duty, scheduled, serve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.reports.staffing_demand import Demand

_MINUTE = 60
FORMULAS = "Erlang A (M/M/N+M) and Erlang C (M/M/N), version 1 (docs/staffing.md)"


class Question(NamedTuple):
    """What is asked: operators employed, handling times in minutes, shares of their time they are not there, mean patience in
    seconds, the goal."""

    employed: int = 18
    minutes: tuple[float, ...] = tuple(range(3, 13))
    shrinkages: tuple[float, ...] = (0.0, 0.2, 0.3, 0.4)
    patience_s: float = 180.0
    goal: Goal = Goal()


class Point(NamedTuple):
    """One handling time with one shrinkage. Of the fullest half hour: `level`, `wait_s`, `abandoned`, `occupancy` by Erlang A,
    `level_c` by Erlang C; `day_level` of all calls of the day; `needed` on duty and `to_employ` for the goal in that half
    hour."""

    minutes: float
    shrinkage: float
    on_duty: int
    erlangs: float
    level: float
    level_c: float
    day_level: float
    wait_s: float
    abandoned: float
    occupancy: float
    needed: int
    to_employ: int
    enough: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """All points, by shrinkage and then by handling time."""

    demand: Demand
    question: Question
    points: tuple[Point, ...]

    def of(self, shrinkage: float) -> list[Point]:
        """Those of one shrinkage."""
        return [point for point in self.points if point.shrinkage == shrinkage]

    def longest(self, shrinkage: float) -> float | None:
        """The longest handling time, in minutes, up to which they are enough; None when they never are."""
        longest = None
        for point in self.of(shrinkage):
            if not point.enough:
                break
            longest = point.minutes
        return longest


def answer(demand: Demand, question: Question) -> Curve:
    """The curve. Raises IvrError when the goal cannot be met by any number of operators."""
    points = [_point(demand, question, minutes, share) for share in question.shrinkages for minutes in question.minutes]
    return Curve(demand, question, tuple(points))


def assumptions(curve: Curve) -> list[str]:
    """What the figures rest on, in English sentences."""
    question, goal = curve.question, curve.question.goal
    return [
        *curve.demand.assumptions,
        (
            f"goal: {goal.share:.0%} of all calls answered within {goal.within_s:g} s, in the fullest half hour"
            f" ({curve.demand.busiest:.1f} calls), with operators busy at most {goal.occupancy:.0%} of the time"
        ),
        f"callers give up after {question.patience_s:g} s on average (Erlang A); Erlang C, where nobody does, stands beside",
        "handling is talk and what follows it; no handling time is given in the tender, so the answer is a curve",
        (
            f"shrinkage is the share of the {question.employed} operators' time that is not spent at the desk while the"
            " service is open"
        ),
        FORMULAS,
    ]


def verdicts(curve: Curve) -> list[str]:
    """The answer in words, one sentence for each shrinkage."""
    question, goal = curve.question, curve.question.goal
    sentences = []
    for share in question.shrinkages:
        longest, points = curve.longest(share), curve.of(share)
        who = f"{question.employed} operators, shrinkage {share:.0%} ({points[0].on_duty} on duty)"
        level = f"{goal.share:.0%} in {goal.within_s:g} s"
        if longest is None:
            sentences.append(f"{who}: not enough for {level}, not even at {points[0].minutes:g} minutes")
        elif longest == points[-1].minutes:
            sentences.append(f"{who}: enough for {level} up to {longest:g} minutes, the longest handling time asked for")
        else:
            after = points[[point.minutes for point in points].index(longest) + 1]
            sentences.append(
                f"{who}: enough for {level} up to {longest:g} minutes; at {after.minutes:g} minutes {after.level:.1%} in"
                f" {goal.within_s:g} s and occupancy {after.occupancy:.0%}, {after.to_employ} would be needed"
            )
    return sentences


def _point(demand: Demand, question: Question, minutes: float, shrinkage: float) -> Point:
    there, goal = on_duty(question.employed, shrinkage), question.goal
    handling_s = minutes * _MINUTE
    busiest = Load(demand.busiest, handling_s, question.patience_s)
    service = serve(busiest, there, goal.within_s)
    fewest = needed(busiest, goal).operators
    return Point(
        minutes,
        shrinkage,
        there,
        busiest.erlangs,
        service.level,
        serve(busiest._replace(patience_s=None), there, goal.within_s).level,
        _of_day(demand.day, handling_s, question, there),
        service.wait_s,
        service.abandoned,
        service.occupancy,
        fewest,
        scheduled(fewest, shrinkage),
        service.meets(goal),
    )


def _of_day(day: Sequence[float], handling_s: float, question: Question, there: int) -> float:
    level = sum(calls * serve(Load(calls, handling_s, question.patience_s), there, question.goal.within_s).level for calls in day)
    return level / sum(day)
