"""Are a line's operators there? In this order: emergency, dated exception, holiday, the week; closed when nothing says open."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import holidays

from ivr_engine.clock import ROME, rome
from ivr_engine.dialogue.hours import DAY_MINUTES, Period, periods, week

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ivr_engine.dialogue.hours import HoursData
    from ivr_engine.records.notices import Closure

_LOOK_AHEAD = 14  # days in which the next change is looked for
_MINUTE = timedelta(minutes=1)


class Reason(StrEnum):
    """What decided whether a line is open."""

    OPEN = "open"
    CLOSED = "closed"  # the week says so
    HOLIDAY = "holiday"
    EXCEPTION = "exception"  # other hours on that day
    EMERGENCY = "emergency"


class State(NamedTuple):
    """Whether a line is open, what decided it, in whose words, and when that changes (None: not within a fortnight)."""

    open: bool
    reason: Reason
    why: str = ""
    until: datetime | None = None


class Day(NamedTuple):
    """The periods that start on a day, what decided them, and in whose words."""

    periods: tuple[Period, ...]
    reason: Reason
    why: str


class Calendar:
    """The hours of one line."""

    def __init__(self, hours: HoursData) -> None:
        self._hours = hours
        self._week = week(hours.week)

    def day(self, day: date) -> Day:
        """The periods that start on a day, and why they are those."""
        for exception in self._hours.exceptions:
            if exception.from_ <= day <= exception.until:
                return Day(periods(exception.periods), Reason.EXCEPTION, exception.reason)
        if self._hours.holidays == "national" and (name := holiday(day, self._hours.patron)):
            return Day((), Reason.HOLIDAY, name)
        return Day(self._week[day.weekday()], Reason.CLOSED, "")

    def state(self, local: datetime, closures: Sequence[Closure]) -> State:
        """At that moment of Rome's wall clock, without looking ahead."""
        holding = [closure for closure in closures if closure.starts <= local < closure.until]
        for closure in holding:
            if closure.emergency:
                return State(open=False, reason=Reason.EMERGENCY, why=closure.reason)
        for closure in holding:
            inside = _inside(local, periods(closure.periods), yesterday=periods(closure.periods))
            return State(open=inside, reason=Reason.EXCEPTION, why=closure.reason)
        today, before = self.day(local.date()), self.day(local.date() - timedelta(days=1))
        if _inside(local, today.periods, yesterday=before.periods):
            return State(open=True, reason=Reason.OPEN, why=today.why if today.reason is Reason.EXCEPTION else "")
        return State(open=False, reason=today.reason, why=today.why)

    def moments(self, local: datetime, closures: Sequence[Closure]) -> Iterator[datetime]:
        """When the state may change after that moment, in order."""
        edges = {edge for closure in closures for edge in (closure.starts, closure.until)}
        for ahead in range(-1, _LOOK_AHEAD + 1):
            day = local.date() + timedelta(days=ahead)
            midnight = datetime.combine(day, time())
            starts = [*self.day(day).periods, *(each for closure in closures for each in periods(closure.periods))]
            edges.update(midnight + minute * _MINUTE for pair in starts for minute in pair)
            edges.add(midnight)
        yield from sorted(edge for edge in edges if edge > local)


def _inside(local: datetime, today: Sequence[Period], yesterday: Sequence[Period]) -> bool:
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in today) or any(minute + DAY_MINUTES < end for _, end in yesterday)


class LineHours:
    """The hours of all lines, by name; satisfies dialogue.services.Hours. `closures` are those in force for a line."""

    def __init__(self, lines: Mapping[str, HoursData], closures: Callable[[str], Sequence[Closure]] = lambda _line: ()) -> None:
        self._lines = {name: Calendar(hours) for name, hours in lines.items()}
        self._closures = closures

    def is_open(self, line: str, at: float) -> bool:
        """At that instant (seconds since 1970 UTC)."""
        return self._lines[line].state(_wall(at), self._closures(line)).open

    def state(self, line: str, at: float) -> State:
        """At that instant, with the next change."""
        calendar, closures, local = self._lines[line], self._closures(line), _wall(at)
        now = calendar.state(local, closures)
        for moment in calendar.moments(local, closures):
            if moment - local > timedelta(days=_LOOK_AHEAD):
                break
            if calendar.state(moment, closures).open != now.open:
                return now._replace(until=moment)
        return now

    def day(self, line: str, day: date) -> Day:
        """The periods of a day as the line itself has them, and why."""
        return self._lines[line].day(day)


def _wall(at: float) -> datetime:
    """What Rome's clocks show: opening hours are written for people who read them."""
    return rome(at).replace(tzinfo=None)


def instant_of(local: datetime) -> float:
    """Seconds since 1970 UTC when Rome's clocks first show that."""
    return local.replace(tzinfo=ROME).timestamp()


def holiday(day: date, patron: str | None = None) -> str:
    """The name of a national holiday of that year's law, or of the patron saint's day; "" on other days."""
    return _holidays(day.year, patron).get(day, "")


@lru_cache(maxsize=64)
def _holidays(year: int, patron: str | None) -> dict[date, str]:
    return dict(holidays.country_holidays("IT", subdiv=patron, years=year, language="it_IT").items())
