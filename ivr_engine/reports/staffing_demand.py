"""How many calls operators must take in each half hour of a day: from a volume, from a month's table, or as recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.clock import rome
from ivr_engine.errors import IvrError
from ivr_engine.reports.replay_plan import CO, THEMES, habits, working_days
from ivr_engine.reports.replay_tables import load_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ivr_engine.records.halfhours import HalfHour

_SHARE = 100


@dataclass(frozen=True, slots=True)
class Demand:
    """`halfhours`: of a day, line → expected calls in each that has any. `assumptions`: English sentences to be printed with
    every figure made of it. `talk_s`: mean seconds of the recorded talks, None when nothing was recorded."""

    title: str
    halfhours: Mapping[str, Sequence[float]]
    assumptions: tuple[str, ...]
    talk_s: float | None = None

    @property
    def day(self) -> tuple[float, ...]:
        """Calls of all lines in each half hour."""
        return tuple(map(sum, zip(*self.halfhours.values(), strict=True)))

    @property
    def busiest(self) -> float:
        """Calls in the fullest half hour."""
        return max(self.day)


def of_volume(calls: float) -> Demand:
    """So many calls in every half hour."""
    return Demand(f"{calls:g} calls in half an hour", {"": (calls,)}, ("the load is the same in every half hour",))


def of_month(year: int, month: int) -> Demand:
    """A busy day (a Monday) of a month of the Ministry's tables: the call-centre calls of the line for mandatory
    communications, and the calls accepted on the others. Raises IvrError when there are no tables of that year."""
    tables = load_tables(year)
    row, days, ways = tables.rows[month - 1], len(working_days(year, month)), habits()
    monday = ways.week[0] * len(ways.week) / sum(ways.week)
    share = [weight / sum(ways.halfhours) for weight in ways.halfhours]
    counts = {CO: row.call_center, **{theme: getattr(row, theme) for theme in THEMES}}
    a_day = {line: count / days for line, count in counts.items()}
    assumed = (
        (
            f"a month of {days} working days: {a_day[CO]:.0f} call-centre calls a day on the line for mandatory communications,"
            f" {sum(a_day.values()) - a_day[CO]:.0f} on the others together"
        ),
        *(("that month's counts are ESTIMATES under the Ministry's yearly totals, not its own rows",) if row.estimated else ()),
        (
            f"a Monday, {_SHARE * (monday - 1):.0f} % above the mean, and the course of a day: both assumed, as the tables"
            " have no days"
        ),
        "all lines are served by the same operators",
    )
    halfhours = {line: tuple(count * monday * part for part in share) for line, count in a_day.items()}
    return Demand(f"a busy day of {year}-{month:02d}", halfhours, assumed)


def of_records(everything: Sequence[HalfHour], title: str, line: str = "") -> Demand:
    """The mean day of what was recorded, of one line when asked, over the days on which anybody called any line: a day on which
    a small line had no call is a day of that line too. Raises IvrError when nothing was."""
    recorded = [one for one in everything if line in ("", one.line)]
    if not recorded:
        raise IvrError(f"no calls to operators are recorded: {title}", "take other days, another line, or --month")
    days = len({rome(one.at).date() for one in everything})
    slots = sorted({_slot(one.at) for one in recorded})
    calls: Counter[tuple[str, str]] = Counter()
    for one in recorded:
        calls[one.line, _slot(one.at)] += one.offered
    answered, talk_s = sum(one.answered for one in recorded), sum(one.talk_s for one in recorded)
    lines = sorted({one.line for one in recorded})
    talk = talk_s / answered if answered else None
    return Demand(
        title,
        {line: tuple(calls[line, slot] / days for slot in slots) for line in lines},
        (
            f"the mean of {days} recorded days, half hour by half hour; each call counts where it began",
            "all lines are served by the same operators",
        ),
        talk,
    )


def _slot(at: float) -> str:
    return f"{rome(at):%H:%M}"
