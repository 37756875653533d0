"""Who calls in a year that is played again: the tables' numbers of calls, each with its hour, its goal and its patience.

Everything is drawn from the seed, month by month, so that the same seed is the same year, whoever plays which day of it. The plan
says what callers do. What becomes of their calls is the engine's doing, and is found in the journal.
"""

from __future__ import annotations

import hashlib
import math
import random
from bisect import bisect
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.clock import instant_of
from ivr_engine.dialogue.model import Model
from ivr_engine.dialogue.source import Source
from ivr_engine.errors import Invalid
from ivr_engine.events import Outcome
from ivr_engine.reports.replay_tables import COLUMNS
from ivr_engine.routing.hours import holiday

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ivr_engine.reports.replay_tables import Tables

CO = "comunicazioni_obbligatorie"
THEMES = ("lavoro", "sociale", "tfr_cliclavoro")
OPENS_S, HALF_HOUR_S = 9 * 3600, 1800
_SITE = "RM"  # whose patron saint the operators keep
_SATURDAY = 5
_DAYS_AHEAD, _DAYS_AGO = 10, 30


class Goal(Model):
    """A way through a tree: what is keyed, and how often in relation to others."""

    keys: str
    weight: float


class Ways(Model):
    """The ways of one kind of callers, and the number they dial."""

    dialled: str
    goals: tuple[Goal, ...]


class Talk(Model):
    """A lognormal length of a talk: its mean in seconds, its sigma."""

    mean: float
    sigma: float


class Habits(Model):
    """How callers behave; see replay_callers.yaml."""

    week: tuple[float, ...]
    halfhours: tuple[float, ...]
    last_s: int
    ring_s: float
    give_up_s: tuple[float, float]
    patience_s: tuple[float, float]
    talk_s: Talk
    leaves_at_once: float
    withheld: float
    landlines: float
    callers: int
    ways: dict[str, Ways]
    caps: tuple[str, ...]
    emails: dict[str, float]


class Caller(NamedTuple):
    """One call to be made: when (seconds since 1970 UTC), where to, what is keyed; seconds of patience in a queue and of talk.
    `line` and `outcome` are what is meant to come of it, for the comparison afterwards."""

    at: float
    dialled: str
    keys: str
    number: str
    patience_s: float
    talk_s: float
    line: str
    outcome: Outcome


class Mail(NamedTuple):
    """One e-mail that arrives at that time about that line's matters."""

    at: float
    line: str


@dataclass(frozen=True, slots=True)
class Day:
    """What happens on a day, in the order of time."""

    day: date
    callers: tuple[Caller, ...]
    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The year of `tables`, one call in `scale` of it."""

    tables: Tables
    seed: int = 1
    scale: int = 1

    @property
    def name(self) -> str:
        """Tells this plan from every other one: a store holds calls of one plan only."""
        return f"{self.tables.year} seed {self.seed} scale {self.scale} tables {_digest(self.tables)}"

    def days(self, months: Iterable[int]) -> list[date]:
        """The working days of those months."""
        return [day for month in months for day in working_days(self.tables.year, month)]

    def counts(self, month: int) -> dict[str, int]:
        """Column → how many in that month, at this scale: rounded, half up."""
        row = self.tables.rows[month - 1]
        return {column: (2 * getattr(row, column) + self.scale) // (2 * self.scale) for column in COLUMNS}

    def day(self, day: date) -> Day:
        """Everything of one day."""
        return _month(self, day.month)[day]

    def expected(self, months: Iterable[int]) -> Counter[tuple[str, Outcome]]:
        """Line and outcome → how many calls should be found afterwards."""
        expected: Counter[tuple[str, Outcome]] = Counter()
        for month in months:
            counts = self.counts(month)
            for theme in THEMES:
                expected[theme, Outcome.ANSWERED] += counts[theme]
            expected[CO, Outcome.SERVED_BY_IVR] += counts["ivr"]
            expected[CO, Outcome.ABANDONED_QUEUE] += counts["abandoned"]
            expected[CO, Outcome.ANSWERED] += counts["call_center"] - counts["abandoned"]
        return +expected


def working_days(year: int, month: int) -> list[date]:
    """Monday to Friday but for the holidays of that year's law and Rome's patron saint."""
    first = date(year, month, 1)
    days = (first + timedelta(days=number) for number in range(31))
    return [day for day in days if day.month == month and day.weekday() < _SATURDAY and not holiday(day, _SITE)]


@lru_cache(maxsize=1)
def habits() -> Habits:
    """The shipped file. Raises Invalid."""
    source = Source.of_file(Path(__file__).with_name("replay_callers.yaml"))
    read = source.read(Habits, source.data) if source.data is not None else None
    if read is None or source.problems:
        raise Invalid(source.problems)
    return read


@lru_cache(maxsize=2)
def _month(plan: Plan, month: int) -> dict[date, Day]:
    """The days of a month. Drawn as a whole: days are not independent, as their sum is given."""
    days = working_days(plan.tables.year, month)
    draw = _Draw(random.Random(f"{plan.name} month {month}"), habits(), days)  # noqa: S311 - chance, not a secret
    callers: dict[date, list[Caller]] = {day: [] for day in days}
    mails: dict[date, list[Mail]] = {day: [] for day in days}
    counts = plan.counts(month)
    answered = counts["call_center"] - counts["abandoned"]
    for kind, line, outcome, count in (
        *((theme, theme, Outcome.ANSWERED, counts[theme]) for theme in THEMES),
        ("ivr", CO, Outcome.SERVED_BY_IVR, counts["ivr"]),
        ("call_center", CO, Outcome.ABANDONED_QUEUE, counts["abandoned"]),
        ("call_center", CO, Outcome.ANSWERED, answered),
    ):
        for _ in range(count):
            day = draw.day()
            callers[day.day].append(draw.caller(day, kind, line, outcome))
    for _ in range(counts["email"]):
        day = draw.day()
        mails[day.day].append(Mail(draw.moment(day), draw.theme()))
    return {day: Day(day, tuple(sorted(callers[day])), tuple(sorted(mails[day]))) for day in days}


class _Dated(NamedTuple):
    """A day with what its calls need of it: the instant of its midnight, and dates before and after it as they are keyed."""

    day: date
    midnight: float
    ahead: str
    ago: str


class _Draw:
    """Draws from one source of chance, in the order it is asked."""

    def __init__(self, chance: random.Random, habits: Habits, days: Sequence[date]) -> None:
        self._chance, self._habits = chance, habits
        self._days = [
            _Dated(
                day,
                instant_of(datetime.combine(day, time())),
                f"{day + timedelta(days=_DAYS_AHEAD):%d%m%Y}",
                f"{day - timedelta(days=_DAYS_AGO):%d%m%Y}",
            )
            for day in days
        ]
        self._week = list(accumulate(habits.week[day.weekday()] for day in days))
        self._halfhours = list(accumulate(habits.halfhours))
        self._goals = {kind: list(accumulate(goal.weight for goal in ways.goals)) for kind, ways in habits.ways.items()}
        self._talk_mu = math.log(habits.talk_s.mean) - habits.talk_s.sigma**2 / 2

    def day(self) -> _Dated:
        """One of the days, Mondays more often."""
        return self._days[self._one_of(self._week)]

    def moment(self, day: _Dated) -> float:
        """An instant in that day's opening hours. The clocks change on Sundays only."""
        seconds = OPENS_S + (self._one_of(self._halfhours) + self._chance.random()) * HALF_HOUR_S
        return round(day.midnight + min(seconds, self._habits.last_s + self._chance.random() * 60), 3)

    def caller(self, day: _Dated, kind: str, line: str, outcome: Outcome) -> Caller:
        """One who wants that."""
        habits, chance = self._habits, self._chance
        ways = habits.ways[kind]
        goal = ways.goals[self._one_of(self._goals[kind])]
        keys = goal.keys.format(ahead=day.ahead, ago=day.ago, cap=chance.choice(habits.caps))
        if outcome is Outcome.SERVED_BY_IVR and chance.random() < habits.leaves_at_once:
            keys += " !"
        gives_up = outcome is Outcome.ABANDONED_QUEUE
        patience = chance.uniform(*(habits.give_up_s if gives_up else habits.patience_s))
        talk = chance.lognormvariate(self._talk_mu, habits.talk_s.sigma)
        at = self.moment(day)
        return Caller(at, ways.dialled, keys, self._number(), round(patience, 3), round(talk, 3), line, outcome)

    def theme(self) -> str:
        """What an e-mail is about."""
        return self._chance.choices(list(self._habits.emails), list(self._habits.emails.values()))[0]

    def _one_of(self, weights: Sequence[float]) -> int:
        """A place in weights that were added up."""
        return bisect(weights, self._chance.random() * weights[-1])

    def _number(self) -> str:
        """A caller's: of a range of numbers, of which the first ones call most."""
        if self._chance.random() < self._habits.withheld:
            return ""
        which = int(self._habits.callers * self._chance.random() ** 2)
        landline = which / self._habits.callers < self._habits.landlines
        return f"+3906500{which:05d}" if landline else f"+39320{which:07d}"


def _digest(tables: Tables) -> str:
    return hashlib.sha256(tables.model_dump_json().encode()).hexdigest()[:12]
