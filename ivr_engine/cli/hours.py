"""`ivr hours`: what a caller who wants an operator gets, now or at any time."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.clock import rome
from ivr_engine.engine.lines import load_lines
from ivr_engine.engine.publication import Publication
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.routing.board import Board
from ivr_engine.routing.hours import LineHours, Reason, instant_of

if TYPE_CHECKING:
    from ivr_engine.config import Settings
    from ivr_engine.routing.hours import Day, State

DAYS = ("lun", "mar", "mer", "gio", "ven", "sab", "dom")
_WORDS = {
    Reason.OPEN: "aperto",
    Reason.CLOSED: "chiuso: fuori orario",
    Reason.HOLIDAY: "chiuso: festa",
    Reason.EXCEPTION: "chiuso: orario straordinario",
    Reason.EMERGENCY: "chiuso: emergenza",
}


class Moment(click.ParamType[datetime]):
    """A day, or a day and a time, on Rome's clocks."""

    name = "moment"

    def convert(self, value: str | datetime, _param: click.Parameter | None, _ctx: click.Context | None) -> datetime:
        """Raises BadParameter."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no moment: write it as 2026-12-24 or as 2026-12-24 17:30")
        return moment.replace(tzinfo=None)


MOMENT = Moment()


@click.command()
@click.argument("line", required=False)
@click.option("--at", type=MOMENT, help='At that time in Rome, such as "2026-12-24 17:30" (default: now).')
@click.option("--week", is_flag=True, help="The seven days from then on.")
@click.pass_obj
def hours(settings: Settings, line: str | None, at: datetime | None, week: bool) -> None:
    """What callers of LINE (default: of every line) get who ask for an operator."""
    all_hours, names = _hours(settings)
    if line is not None and line not in names:
        raise IvrError(f"there is no line {line!r}", f"lines are {', '.join(names)}")
    instant = time.time() if at is None else instant_of(at)
    chosen = [line] if line is not None else names
    if week:
        for name in chosen:
            _show_week(all_hours, name, rome(instant).date())
        return
    rows = [(name, *_told(all_hours.state(name, instant))) for name in chosen]
    click.echo(f"{rome(instant):%d/%m/%Y %H:%M}, ora di Roma")
    click.echo(tabulate(rows, ("line", "state", "why", "until")))


def _hours(settings: Settings) -> tuple[LineHours, list[str]]:
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
    return _WORDS[Reason.OPEN] if state.open else _WORDS[state.reason], state.why, until


def _show_week(all_hours: LineHours, name: str, first: date) -> None:
    click.echo(name)
    rows = []
    for ahead in range(7):
        day = first + timedelta(days=ahead)
        rows.append((f"{DAYS[day.weekday()]} {day:%d/%m/%Y}", _periods(all_hours.day(name, day)), all_hours.day(name, day).why))
    click.echo(tabulate(rows, ("day", "operators", "why")))


def _periods(day: Day) -> str:
    return ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in day.periods) or "chiuso"


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}" if minutes != 24 * 60 else "24:00"
