"""`ivr closures`, `ivr messages`, `ivr lines off|on`: what is switched by hand, live, each with its expiry and its author."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.cli.client import tell_engine
from ivr_engine.cli.moments import LAST_MOMENT, MOMENT
from ivr_engine.cli.users import administration
from ivr_engine.clock import rome
from ivr_engine.dialogue.hours import periods as as_periods
from ivr_engine.engine.lines import find_lines
from ivr_engine.engine.publication import Publication
from ivr_engine.errors import IvrError
from ivr_engine.records import notices as records

if TYPE_CHECKING:
    from datetime import datetime

    from ivr_engine.config import Settings

_signed = click.option("--as", "who", required=True, metavar="NAME", help="Who you are: a user of `ivr users list`.")
_from = click.option("--from", "starts", type=MOMENT, help='From then on, such as "2026-12-24 13:00" (default: now).')
_until = click.option(
    "--until",
    type=LAST_MOMENT,
    required=True,
    help="Until then, or to the end of that day: what is switched by hand expires.",
)
_every_line = click.option("--every-line", is_flag=True, help="For the callers of all lines.")


def _known(settings: Settings, line: str, function: str = "") -> None:
    lines = find_lines(settings).lines
    if line not in lines:
        raise IvrError(f"there is no line {line!r}", f"lines are {', '.join(sorted(lines))}")
    if function and function not in lines[line].functions:
        known = ", ".join(sorted(lines[line].functions)) or "none"
        raise IvrError(f"line {line} has no function {function!r}", f"functions: {known}")


def _whose(settings: Settings, line: str | None, every_line: bool) -> str:
    if bool(line) == every_line:
        raise IvrError("say for which line it is, or --every-line", "one of the two")
    if line:
        _known(settings, line)
    return line or records.ALL_LINES


def _now() -> datetime:
    return rome(time.time()).replace(tzinfo=None, second=0, microsecond=0)


_function = click.option(
    "--function", default=records.EVERY_FUNCTION, help="That one alone (default: the line's whole self-service)."
)


@click.group()
def closures() -> None:
    """Other opening hours for a while: emergencies, extraordinary closures and openings."""


@closures.command("add")
@click.argument("line", required=False)
@_every_line
@_from
@_until
@click.option("--emergency", is_flag=True, help="Closed at once, whatever else says.")
@click.option("--periods", default="", help='Open in these: "09:00-13:00 14:00-16:00" (default: closed).')
@click.option("--reason", required=True, help="Why, for those who look later.")
@_signed
@click.pass_obj
def add_closure(
    settings: Settings,
    line: str | None,
    every_line: bool,
    starts: datetime | None,
    until: datetime,
    emergency: bool,
    periods: str,
    reason: str,
    who: str,
) -> None:
    """Close LINE, or give it other hours, for a while."""
    whose = _whose(settings, line, every_line)
    hours = tuple(periods.split())
    if emergency and hours:
        raise IvrError("an emergency closes the line and has no periods", "leave one of the two out")
    try:
        as_periods(hours)
    except ValueError as error:
        raise IvrError(f"--periods: {error}") from error
    with administration(settings).change() as connection:
        number = records.close_line(
            connection,
            line=whose,
            emergency=emergency,
            starts=starts or _now(),
            until=until,
            periods=hours,
            reason=reason,
            who=who,
            at=time.time(),
        )
    click.echo(f"closure {number} holds until {until:%d/%m/%Y %H:%M}; {tell_engine(settings)}")


@closures.command("list")
@click.pass_obj
def list_closures(settings: Settings) -> None:
    """Those that hold or will."""
    with administration(settings).look() as connection:
        found = records.current(connection, time.time()).closures
    rows = [
        (
            closure.id,
            closure.line or "every line",
            f"{closure.starts:%d/%m/%Y %H:%M}",
            f"{closure.until:%d/%m/%Y %H:%M}",
            "emergenza" if closure.emergency else ", ".join(closure.periods) or "chiuso",
            closure.reason,
        )
        for closure in found
    ]
    click.echo(tabulate(rows, ("number", "line", "from", "until", "operators", "why")))


@closures.command("end")
@click.argument("number", type=int)
@_signed
@click.pass_obj
def end_closure(settings: Settings, number: int, who: str) -> None:
    """Back to the line's own hours now."""
    with administration(settings).change() as connection:
        records.end(connection, "closures", number, who, time.time())
    click.echo(f"closure {number} is ended; {tell_engine(settings)}")


@click.group()
def messages() -> None:
    """What callers are told first for a while: "the portal is down"."""


@messages.command("add")
@click.argument("line", required=False)
@_every_line
@_from
@_until
@click.option("--it", "italian", required=True, help="What is said, in Italian.")
@click.option("--en", "english", required=True, help="The same in English.")
@_signed
@click.pass_obj
def add_message(
    settings: Settings,
    line: str | None,
    every_line: bool,
    starts: datetime | None,
    until: datetime,
    italian: str,
    english: str,
    who: str,
) -> None:
    """Tell callers of LINE something first: it is spoken and installed, then they hear it."""
    whose = _whose(settings, line, every_line)
    for option, text in (("--it", italian), ("--en", english)):
        if not text.strip() or "{" in text or "}" in text or len(text) > 500:
            raise IvrError(f"{option} must say something, in 500 letters at most and without braces")
    now = time.time()
    number = Publication(settings).tell(
        lambda connection: records.tell_callers(
            connection,
            line=whose,
            starts=starts or _now(),
            until=until,
            texts={"it": italian, "en": english},
            who=who,
            at=now,
        ),
        now,
    )
    click.echo(f"message {number} is heard until {until:%d/%m/%Y %H:%M}; {tell_engine(settings)}")


@messages.command("list")
@click.pass_obj
def list_messages(settings: Settings) -> None:
    """Those that are heard or will be."""
    with administration(settings).look() as connection:
        found = records.current(connection, time.time()).messages
    rows = [
        (
            message.id,
            message.line or "every line",
            f"{message.starts:%d/%m/%Y %H:%M}",
            f"{message.until:%d/%m/%Y %H:%M}",
            message.texts["it"],
        )
        for message in found
    ]
    click.echo(tabulate(rows, ("number", "line", "from", "until", "text")))


@messages.command("end")
@click.argument("number", type=int)
@_signed
@click.pass_obj
def end_message(settings: Settings, number: int, who: str) -> None:
    """Say it no more."""
    with administration(settings).change() as connection:
        records.end(connection, "front_messages", number, who, time.time())
    click.echo(f"message {number} is ended; {tell_engine(settings)}")


@click.command("off")
@click.argument("line")
@_function
@click.option("--reason", required=True, help="Why, for those who look later.")
@_signed
@click.pass_obj
def switch_off(settings: Settings, line: str, function: str, reason: str, who: str) -> None:
    """Send callers of LINE (or of one of its functions) to operators from now on."""
    _switch(settings, line, function, who, off=True, reason=reason)


@click.command("on")
@click.argument("line")
@_function
@_signed
@click.pass_obj
def switch_on(settings: Settings, line: str, function: str, who: str) -> None:
    """Serve callers of LINE (or of one of its functions) again."""
    _switch(settings, line, function, who, off=False, reason="")


def _switch(settings: Settings, line: str, function: str, who: str, *, off: bool, reason: str) -> None:
    _known(settings, line, function)
    with administration(settings).change() as connection:
        records.switch(connection, line=line, function=function, off=off, reason=reason, who=who, at=time.time())
    what = f"{line}'s function {function}" if function else line
    click.echo(f"{what} is {'off' if off else 'on'}; {tell_engine(settings)}")
