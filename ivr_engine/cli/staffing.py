"""`ivr staffing`: how many operators, for which service."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.clock import ROME
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.records.halfhours import half_hours
from ivr_engine.records.store import StoreReader
from ivr_engine.reports import staffing_chart, staffing_demand
from ivr_engine.reports.staffing import Goal, Load, on_duty
from ivr_engine.reports.staffing_curve import Curve, Question, answer, assumptions, verdicts
from ivr_engine.reports.staffing_simulation import Stream, simulate

if TYPE_CHECKING:
    from ivr_engine.config import Settings
    from ivr_engine.reports.staffing_demand import Demand
    from ivr_engine.reports.staffing_simulation import Outcome

_DAY = timedelta(days=1)
_MOST_CALLS = 100_000
_MINUTE = 60
_EVERYBODY = "all"


class Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers between two bounds: "5", "3-12" (each whole one), "0,20,30"."""

    name = "numbers"

    def __init__(self, low: float, high: float, most: int = 40) -> None:
        self._low, self._high, self._most = low, high, most

    def convert(
        self,
        value: str | tuple[float, ...],
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> tuple[float, ...]:
        """Raises IvrError."""
        if isinstance(value, tuple):
            return value
        try:
            first, dash, last = value.partition("-")
            numbers = (
                tuple(float(number) for number in range(int(first), int(last) + 1)[: self._most + 1])
                if dash
                else tuple(map(float, value.split(",")))
            )
        except ValueError:
            numbers = ()
        if not 0 < len(numbers) <= self._most or any(not self._low <= number <= self._high for number in numbers):
            raise IvrError(
                f"{value!r} are no numbers from {self._low:g} to {self._high:g}",
                f"such as 5, 3-12 or 0,20,30; at most {self._most}",
            )
        return tuple(dict.fromkeys(sorted(numbers)))


@click.command()
@click.option("--month", help="A busy day of that month of the Ministry's tables, such as 2011-11 (default).")
@click.option("--calls", type=float, help="A volume instead: calls in half an hour.")
@click.option("--from", "first", help="The recorded half hours instead, from that day (2026-11-02) ...")
@click.option("--until", "last", help="... to that day, both included.")
@click.option("--line", default="", help="With --from: of that line alone.")
@click.option("--operators", type=int, default=18, show_default=True, help="Operators employed.")
@click.option("--handling", type=Numbers(0.1, 240), default="3-12", show_default=True, help="Handling times, in minutes.")
@click.option(
    "--shrinkage", type=Numbers(0, 95, 4), default="0,20,30,40", show_default=True, help="Per cent of their time not at the desk."
)
@click.option("--target", type=float, default=80.0, show_default=True, help="Per cent of all calls to be answered ...")
@click.option("--within", type=float, default=20.0, show_default=True, help="... within so many seconds.")
@click.option("--patience", type=float, default=180.0, show_default=True, help="Mean seconds until a caller gives up.")
@click.option("--max-occupancy", type=float, default=85.0, show_default=True, help="Per cent of the time operators may be busy.")
@click.option(
    "--simulate", "groups", help="Try it call by call: 'all', or groups as 'comunicazioni_obbligatorie=12,lavoro+sociale=6'."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulation.")
@click.option("--format", "kind", type=click.Choice(["table", "csv", "json", "svg"]), default="table", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to that file.")
@click.pass_obj
def staffing(
    settings: Settings,
    *,
    month: str | None,
    calls: float | None,
    first: str | None,
    last: str | None,
    line: str,
    operators: int,
    handling: tuple[float, ...],
    shrinkage: tuple[float, ...],
    target: float,
    within: float,
    patience: float,
    max_occupancy: float,
    groups: str | None,
    seed: int,
    kind: str,
    out: Path | None,
) -> None:
    """Are the operators enough, and for which service level? A curve over handling times and shrinkage, its assumptions printed.

    \b
    ivr staffing                                  18 operators in November 2011
    ivr staffing --calls 100 --operators 14 --handling 3 --shrinkage 0
    ivr staffing --from 2026-10-01 --until 2026-10-31 --format svg --out curva.svg
    """
    for name, value, low, high in (
        ("operators", operators, 1, 5000),
        ("target", target, 1, 99.99),
        ("within", within, 0, 3600),
        ("patience", patience, 1, 86_400),
        ("max-occupancy", max_occupancy, 1, 100),
    ):
        if not low <= value <= high:
            raise IvrError(f"--{name} {value:g} is out of range", f"{low:g} to {high:g}")
    demand = _demand(settings, month, calls, first, last, line)
    goal = Goal(target / 100, within, max_occupancy / 100)
    question = Question(operators, handling, tuple(share / 100 for share in shrinkage), patience, goal)
    curve = answer(demand, question)
    tried = _tried(curve, groups, seed) if groups else []
    text = {"table": _table, "csv": _csv, "json": _json, "svg": _svg}[kind](curve, tried)
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"{out} cannot be written: {error.strerror}", "name another file with --out") from error
    click.echo(f"{out} written", err=True)


def _demand(settings: Settings, month: str | None, calls: float | None, first: str | None, last: str | None, line: str) -> Demand:
    if sum(given is not None for given in (month, calls, first)) > 1:
        raise IvrError("--month, --calls and --from exclude each other", "give one of them")
    if (last is not None or line) and first is None:
        raise IvrError("--until and --line go with --from", "add --from, the first recorded day")
    if calls is not None:
        if not 0 < calls <= _MOST_CALLS:
            raise IvrError(f"--calls {calls:g} is out of range", f"more than 0, at most {_MOST_CALLS}")
        return staffing_demand.of_volume(calls)
    if first is not None:
        since, until = _day(first), _day(last or first)
        if until < since:
            raise IvrError(f"--until {last} is before --from {first}", "give the later day with --until")
        starts, ends = (datetime.combine(day, time(), ROME).timestamp() for day in (since, until + _DAY))
        with StoreReader(settings.path(settings.engine.data)).administration.look() as connection:
            recorded = half_hours(connection, starts, ends)
        title = f"recorded from {since} to {until}" + (f", line {line}" if line else "")
        return staffing_demand.of_records(recorded, title, line)
    try:
        wanted = datetime.strptime(month or "2011-11", "%Y-%m")  # noqa: DTZ007 - a month has no zone
    except ValueError as error:
        raise IvrError(f"{month!r} is no month", "as in --month 2011-11") from error
    return staffing_demand.of_month(wanted.year, wanted.month)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise IvrError(f"{text!r} is no day", "as in --from 2026-11-02") from error
    if day.year == date.max.year:
        raise IvrError(f"{text!r} is beyond the calendar", "as in --until 2026-11-30")
    return day


def _tried(curve: Curve, groups: str, seed: int) -> list[tuple[float, float, Outcome]]:
    """Handling time, shrinkage and what the simulation saw of the fullest half hour."""
    demand, question = curve.demand, curve.question
    busiest = demand.day.index(demand.busiest)
    tried = []
    for share in question.shrinkages:
        skills = _skills(demand, groups, on_duty(question.employed, share))
        for minutes in question.minutes:
            streams = [
                Stream(line, Load(calls[busiest], minutes * _MINUTE, question.patience_s))
                for line, calls in demand.halfhours.items()
            ]
            halfhours = max(4, round(_SIMULATED_CALLS / demand.busiest))
            chance = random.Random(f"{seed} {share} {minutes}")  # noqa: S311 - chance, not a secret
            tried.append((minutes, share, simulate(streams, skills, question.goal.within_s, halfhours, chance)))
    return tried


_SIMULATED_CALLS = 3000


def _skills(demand: Demand, groups: str, there: int) -> list[frozenset[str]]:
    """Each operator's queues; groups shrink in proportion. Raises IvrError when a queue is left to nobody."""
    lines = frozenset(demand.halfhours)
    if groups == _EVERYBODY:
        return [lines] * there
    parsed: list[tuple[frozenset[str], int]] = []
    for group in groups.split(","):
        names, _, count = group.partition("=")
        if not count.isdigit() or int(count) == 0 or not set(names.split("+")) <= lines:
            raise IvrError(
                f"{group!r} is no group of operators", f"as in {next(iter(sorted(lines)))}=12; lines: {', '.join(sorted(lines))}"
            )
        parsed.append((frozenset(names.split("+")), int(count)))
    total = sum(count for _, count in parsed)
    sizes = [count * there // total for _, count in parsed]
    for place in range(there - sum(sizes)):  # the first groups get what rounding left
        sizes[place % len(sizes)] += 1
    skills = [names for (names, _), size in zip(parsed, sizes, strict=True) for _ in range(size)]
    if wanting := lines - frozenset().union(*skills):
        raise IvrError(f"nobody serves {', '.join(sorted(wanting))}", "put each line into a group with operators enough")
    return skills


def _table(curve: Curve, tried: list[tuple[float, float, Outcome]]) -> str:
    within = f"{curve.question.goal.within_s:g} s"
    heads = (
        *("minutes", "shrinkage", "on duty", "erlang", f"in {within}", "Erlang C", "all day", "wait s", "give up", "busy"),
        *("needed", "to employ", ""),
    )
    rows = [
        (
            *(point.minutes, f"{point.shrinkage:.0%}", point.on_duty, f"{point.erlangs:.1f}"),
            *(f"{share:.1%}" for share in (point.level, point.level_c, point.day_level)),
            f"{point.wait_s:.1f}",
            *(f"{share:.1%}" for share in (point.abandoned, point.occupancy)),
            *(point.needed, point.to_employ, "enough" if point.enough else "NOT ENOUGH"),
        )
        for point in curve.points
    ]
    parts = [curve.demand.title, tabulate(rows, heads)]
    if tried:
        seen = [
            (
                minutes,
                f"{share:.0%}",
                queue or "all calls",
                one.offered,
                f"{one.level:.1%}",
                f"{one.wait_s:.1f}",
                f"{one.abandoned:.1%}",
            )
            for minutes, share, outcome in tried
            for queue, one in (*(outcome.queues.items() if len(outcome.queues) > 1 else ()), ("", outcome.all))
        ]
        parts += [
            "Simulated, call by call:",
            tabulate(seen, ("minutes", "shrinkage", "line", "calls", f"in {within}", "wait s", "give up")),
        ]
    if curve.demand.talk_s is not None:
        parts.append(
            f"Recorded talks last {curve.demand.talk_s / _MINUTE:.1f} minutes on average, what follows them not included."
        )
    parts += ["Answer:", *(f"- {sentence}" for sentence in verdicts(curve))]
    return "\n".join((*parts, "Assumptions:", *(f"- {sentence}" for sentence in assumptions(curve))))


def _csv(curve: Curve, tried: list[tuple[float, float, Outcome]]) -> str:  # noqa: ARG001 - a file holds one table
    file = io.StringIO()
    table = csv.DictWriter(file, staffing_chart.COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(staffing_chart.rows(curve))
    return file.getvalue().rstrip("\n")


def _json(curve: Curve, tried: list[tuple[float, float, Outcome]]) -> str:
    whole = {
        "demand": curve.demand.title,
        "half_hours": curve.demand.halfhours,
        "answer": verdicts(curve),
        "assumptions": assumptions(curve),
        "points": staffing_chart.rows(curve),
        "simulated": [
            {
                "minutes": minutes,
                "shrinkage": share,
                "occupancy": outcome.occupancy,
                "all": outcome.all._asdict(),
                "lines": {queue: seen._asdict() for queue, seen in outcome.queues.items()},
            }
            for minutes, share, outcome in tried
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _svg(curve: Curve, tried: list[tuple[float, float, Outcome]]) -> str:  # noqa: ARG001 - the picture is of the formulas
    goal = curve.question.goal
    title = f"{curve.question.employed} operators, {curve.demand.title}"
    return staffing_chart.svg(
        curve, title, "handling time, minutes", f"answered within {goal.within_s:g} s", "shrinkage", f"goal {goal.share:.0%}"
    )
