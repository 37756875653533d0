"""`ivr lines`: what lines there are, and whether they are in order."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.engine.lines import load_lines, sounds_wanting
from ivr_engine.errors import Invalid

if TYPE_CHECKING:
    from ivr_engine.config import Settings


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
@click.option("--json", "as_json", is_flag=True, help="The problems as JSON.")
@click.pass_obj
def check(settings: Settings, as_json: bool) -> None:
    """Find every mistake in trees, prompts, articles and sounds; exit code 2 when there is one."""
    try:
        loaded = load_lines(settings)
        problems, good = tuple(sounds_wanting(settings, loaded)), f"{len(loaded.lines)} lines in order"
    except Invalid as error:
        problems, good = error.problems, ""
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            click.echo(f"{problem} [{problem.rule}]")
        if not problems:
            click.echo(good)
    sys.exit(2 if problems else 0)
