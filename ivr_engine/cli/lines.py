"""`ivr lines`: what lines there are, and whether they are in order."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.cli.moments import MOMENT
from ivr_engine.clock import instant_of, rome
from ivr_engine.dialogue.drawing import Numbers
from ivr_engine.dialogue.drawing import draw as picture
from ivr_engine.engine.lines import load_lines, proved, sounds_wanting
from ivr_engine.errors import Invalid, IvrError, Unavailable
from ivr_engine.records.store import StoreReader

if TYPE_CHECKING:
    from datetime import date, datetime

    from ivr_engine.config import Settings
    from ivr_engine.errors import Problem


_TRAFFIC_S = 30 * 86400


@click.group()
def lines() -> None:
    """The thematic lines: one plugin each."""


@lines.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """Every line with its numbers and its size."""
    rows = [
        (
            line.name,
            line.title["it"],
            " ".join(line.numbers),
            line.queue,
            len(line.tree.steps),
            len(line.articles),
            line.tree.version,
        )
        for line in load_lines(settings).lines.values()
    ]
    click.echo(tabulate(rows, ("line", "title", "numbers", "queue", "steps", "articles", "version"), disable_numparse=True))


@lines.command()
@click.argument("line", required=False)
@click.option("--strict", is_flag=True, help="Also what is only advised, and answers that are still to be confirmed.")
@click.option("--as-of", type=MOMENT, help="As callers would meet it on that day (default: today).")
@click.option("--json", "as_json", is_flag=True, help="The problems as JSON.")
@click.pass_obj
def check(settings: Settings, line: str | None, strict: bool, as_of: datetime | None, as_json: bool) -> None:
    """Find every mistake in trees, prompts, articles and sounds of LINE (default: of all); exit code 2 when there is one."""
    problems, good = _problems(settings, line, (as_of or rome(time.time())).date(), strict=strict)
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            click.echo(f"{problem} [{problem.rule}]")
        if not problems:
            click.echo(good)
    sys.exit(2 if problems else 0)


def problems_of(settings: Settings, line: str) -> list[Problem]:
    """What is wrong with a line today, its sounds aside."""
    try:
        return proved(load_lines(settings), rome(time.time()).date(), line)
    except Invalid as error:
        return list(error.problems)


def _problems(settings: Settings, line: str | None, day: date, *, strict: bool) -> tuple[list[Problem], str]:
    try:
        loaded = load_lines(settings)
    except Invalid as error:
        return list(error.problems), ""
    if line is not None and line not in loaded.lines:
        raise IvrError(f"there is no line {line!r}", f"lines are {', '.join(loaded.lines)}")
    problems = [*proved(loaded, day, line, strict=strict), *sounds_wanting(settings, loaded)]
    return problems, f"line {line} is in order" if line else f"{len(loaded.lines)} lines in order"


@lines.command()
@click.argument("line")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to be written (default: LINE.svg).")
@click.option("--language", default="it", show_default=True, help="Of the titles and prompts shown.")
@click.option("--traffic", is_flag=True, help="With the shares of callers on each arrow, and where they hang up.")
@click.option("--since", type=MOMENT, help="Traffic from then on (default: 30 days ago).")
@click.option("--until", type=MOMENT, help="Traffic until then (default: now).")
@click.pass_obj
def draw(
    settings: Settings,
    line: str,
    out: Path | None,
    language: str,
    traffic: bool,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Draw the tree of LINE as an SVG."""
    loaded = load_lines(settings)
    if line not in loaded.lines:
        raise IvrError(f"there is no line {line!r}", f"lines are {', '.join(loaded.lines)}")
    numbers = None
    if traffic:
        end = instant_of(until) if until else time.time()
        begin = instant_of(since) if since else end - _TRAFFIC_S
        found = StoreReader(settings.path(settings.engine.data)).traffic(line, begin, end)
        numbers = Numbers(found.visits, found.moves, found.hang_ups)
    target = out or Path(f"{line}.svg")
    try:
        target.write_bytes(picture(loaded.lines[line], language, numbers))
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}", "choose another file with --out") from error
    click.echo(f"{target} shows line {line}")
