"""`ivr hours`: what a caller who wants an operator gets, now or at any time."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.cli.moments import MOMENT
from ivr_engine.clock import instant_of, rome
from ivr_engine.engine.lines import load_lines
from ivr_engine.engine.publication import Publication
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.routing.board import Board
from ivr_engine.routing.hours import LineHours, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.config import Settings
    from ivr_engine.routing.hours import State, Stretch

DAYS = ("lun", "mar", "mer", "gio", "ven", "sab", "dom")
_REASONS = {
    Reason.CLOSED: "fuori orario",
    Reason.HOLIDAY: "festa",
    Reason.EXCEPTION: "orario straordinario",
    Reason.EMERGENCY: "emergenza",
}
_DAY = timedelta(days=1)


@click.command()
@click.argument("line", required=False)
@click.option("--at", type=MOMENT, help='At that time in Rome, such as "2026-12-24 17:30" (default: now).')
@click.option("--week", is_flag=True, help="The seven days from then on.")
@click.pass_obj
def hours(settings: Settings, line: str | None, at: datetime | None, week: bool) -> None:
    """What callers of LINE (default: of every line) get who ask for an operator.

    \b
    ivr hours lavoro --at "2026-12-24 17:30"
    ivr hours --week --at 2026-12-21
    """
    all_hours, names = _hours(settings)
    if line is not None and line not in names:
        raise IvrError(f"there is no line {line!r}", f"lines are {', '.join(names)}")
    instant = time.time() if at is None else instant_of(at)
    chosen = [line] if line is not None else names
    if week:
        click.echo("\n\n".join(_week(all_hours, name, rome(instant).date()) for name in chosen))
        return
    rows = [(name, *_told(all_hours.state(name, instant))) for name in chosen]
    click.echo(f"{DAYS[rome(instant).weekday()]} {rome(instant):%d/%m/%Y %H:%M}, ora di Roma")
    click.echo(tabulate(rows, ("line", "operators", "why", "until")))


def _hours(settings: Settings) -> tuple[LineHours, list[str]]:
    """Of what callers hear; where no engine has ever run, of the lines' own files."""
    try:
        lines, notices = Publication(settings).published(time.time())
    except Unavailable:
        lines, board = load_lines(settings), None
    else:
        board = Board(notices)
    if not lines.lines:
        lines = load_lines(settings)
    data = {name: line.hours for name, line in lines.lines.items()}
    return LineHours(data, board.closures) if board else LineHours(data), sorted(data)


def _told(state: State) -> tuple[str, str, str]:
    until = f"{DAYS[state.until.weekday()]} {state.until:%d/%m/%Y %H:%M}" if state.until else "-"
    return "aperto" if state.open else f"chiuso: {_REASONS[state.reason]}", state.why, until


def _week(all_hours: LineHours, name: str, first: date) -> str:
    rows = []
    for day in (first + ahead * _DAY for ahead in range(7)):
        midnights = [datetime.combine(each, datetime.min.time()) for each in (day, day + _DAY)]
        stretches = all_hours.stretches(name, *map(instant_of, midnights))
        rows.append((f"{DAYS[day.weekday()]} {day:%d/%m/%Y}", _open(stretches, day), _why(stretches)))
    return f"{name}\n{tabulate(rows, ('day', 'operators', 'why'))}"


def _open(stretches: Sequence[Stretch], day: date) -> str:
    """The times of a day on which a line is open, its neighbours joined where they meet."""
    joined: list[list[datetime]] = []
    for stretch in stretches:
        if stretch.state.open and joined and joined[-1][1] == stretch.starts:
            joined[-1][1] = stretch.until
        elif stretch.state.open:
            joined.append([stretch.starts, stretch.until])
    ends = [(starts, f"{until:%H:%M}" if until.date() == day else "24:00") for starts, until in joined]
    return ", ".join(f"{starts:%H:%M}-{until}" for starts, until in ends) or "chiuso"


def _why(stretches: Sequence[Stretch]) -> str:
    """What makes the day another than the week says."""
    states = [stretch.state for stretch in stretches]
    told = [
        ": ".join(filter(None, (_REASONS.get(state.reason, _REASONS[Reason.EXCEPTION]), state.why)))
        for state in states
        if state.why or state.reason not in {Reason.OPEN, Reason.CLOSED}
    ]
    return "; ".join(dict.fromkeys(told))
