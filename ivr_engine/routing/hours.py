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

_LOOK_AHEAD_S = 14 * 86400.0  # in which the next change is looked for
_DAY = timedelta(days=1)
_CLOCKS_CHANGE = (2, 3)  # o'clock: from 02:00 to 03:00 in spring, from 03:00 back to 02:00 in autumn


class Reason(StrEnum):
    """What decided whether a line is open."""

    OPEN = "open"
    CLOSED = "closed"  # the week says so
    HOLIDAY = "holiday"
    EXCEPTION = "exception"  # other hours than the week's, which do not say open
    EMERGENCY = "emergency"


class State(NamedTuple):
    """Whether a line is open, what decided it, in whose words, and when that changes (None: not within a fortnight)."""

    open: bool
    reason: Reason
    why: str = ""
    until: datetime | None = None


class Stretch(NamedTuple):
    """A time on Rome's clocks in which nothing changes."""

    starts: datetime
    until: datetime
    state: State


class Day(NamedTuple):
    """The periods that start on a day, what decided them, and in whose words."""

    periods: tuple[Period, ...]
    reason: Reason
    why: str


class Calendar:
    """The hours of one line, on Rome's wall clock: opening hours are written for people who read it."""

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
        """At that moment, without looking ahead."""
        holding = [closure for closure in closures if closure.starts <= local < closure.until]
        for closure in holding:
            if closure.emergency:
                return State(open=False, reason=Reason.EMERGENCY, why=closure.reason)
        if holding:
            newest = max(holding, key=lambda closure: closure.id)
            of_day = periods(newest.periods)
            held_before = newest.starts.date() < local.date()
            return _state(local, Day(of_day, Reason.EXCEPTION, newest.reason), of_day if held_before else ())
        return _state(local, self.day(local.date()), self.day(local.date() - _DAY).periods)

    def edges(self, first: date, last: date, closures: Sequence[Closure]) -> Iterator[datetime]:
        """When the state may change on those days: more moments than it does, and in no order."""
        for closure in closures:
            yield from (closure.starts, closure.until)
        exceptional = [period for closure in closures for period in periods(closure.periods)]
        for ahead in range(-1, (last - first).days + 1):
            midnight = datetime.combine(first, time()) + ahead * _DAY
            yield midnight
            yield from (midnight + timedelta(hours=hour) for hour in _CLOCKS_CHANGE)
            for period in (*self.day(midnight.date()).periods, *exceptional):
                yield from (midnight + timedelta(minutes=minute) for minute in period)


def _state(local: datetime, today: Day, yesterday: Sequence[Period]) -> State:
    minute = local.hour * 60 + local.minute
    inside = any(start <= minute < end for start, end in today.periods)
    if inside or any(minute + DAY_MINUTES < end for _, end in yesterday):
        return State(open=True, reason=Reason.OPEN, why=today.why if inside else "")
    return State(open=False, reason=today.reason, why=today.why)


class LineHours:
    """The hours of all lines, by name; satisfies dialogue.services.Hours. `closures` are those in force for a line.

    Instants are seconds since 1970 UTC, so both changes of the clocks are unambiguous: the hour that comes twice is read off
    the wall both times.
    """

    def __init__(self, lines: Mapping[str, HoursData], closures: Callable[[str], Sequence[Closure]] = lambda _line: ()) -> None:
        self._lines = {name: Calendar(hours) for name, hours in lines.items()}
        self._closures = closures

    def is_open(self, line: str, at: float) -> bool:
        """At that instant."""
        return self._lines[line].state(_wall(at), self._closures(line)).open

    def state(self, line: str, at: float) -> State:
        """At that instant, with the next change."""
        now, *later = self._states(line, at, at + _LOOK_AHEAD_S)
        change = next((moment for moment, state in later if state.open != now[1].open), None)
        return now[1]._replace(until=None if change is None else rome(change))

    def stretches(self, line: str, starts: float, until: float) -> tuple[Stretch, ...]:
        """What holds from one instant to another, without gaps."""
        found: list[tuple[float, State]] = []
        for moment, state in self._states(line, starts, until):
            if not found or state != found[-1][1]:
                found.append((moment, state))
        ends = [*(moment for moment, _ in found[1:]), until]
        return tuple(Stretch(rome(moment), rome(end), state) for (moment, state), end in zip(found, ends, strict=True))

    def _states(self, line: str, starts: float, until: float) -> Iterator[tuple[float, State]]:
        calendar, closures = self._lines[line], self._closures(line)
        edges = set(calendar.edges(rome(starts).date(), rome(until).date(), closures))
        moments = {edge.replace(tzinfo=ROME, fold=fold).timestamp() for edge in edges for fold in (0, 1)}
        for moment in (starts, *sorted(moment for moment in moments if starts < moment < until)):
            yield moment, calendar.state(_wall(moment), closures)


def _wall(at: float) -> datetime:
    return rome(at).replace(tzinfo=None)


def holiday(day: date, patron: str | None = None) -> str:
    """The name of a national holiday of that year's law, or of the patron saint's day; "" on other days."""
    return _holidays(day.year, patron).get(day, "")


@lru_cache(maxsize=64)
def _holidays(year: int, patron: str | None) -> dict[date, str]:
    return dict(holidays.country_holidays("IT", subdiv=patron, years=year, language="it_IT").items())
