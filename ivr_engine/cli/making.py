"""`ivr lines new|test`: a line of one's own, working and tested."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr_engine.cli.lines import problems_of
from ivr_engine.engine.lines import find_lines, load_lines
from ivr_engine.errors import Invalid, IvrError
from ivr_engine.testing.conformance import CALLS, SEED, conformance
from ivr_engine.testing.skeleton import make_line

if TYPE_CHECKING:
    from ivr_engine.config import Settings

_FIRST_NUMBER, _LAST_NUMBER = 800196010, 800196099


@click.command()
@click.argument("name")
@click.option("--folder", default="lines", show_default=True, help="Where the site's own lines are.")
@click.option("--number", help="The number that reaches it (default: a free one for trials).")
@click.pass_obj
def new(settings: Settings, name: str, folder: str, number: str | None) -> None:
    """Make a working, tested line called NAME, to be changed into your own."""
    taken = _taken(settings)
    if name in taken.values():
        raise IvrError(f"there is a line {name} already", "choose another name")
    if number in taken:
        raise IvrError(f"{number} is already a number of line {taken[number]}", "a number reaches one line")
    free = (str(each) for each in range(_FIRST_NUMBER, _LAST_NUMBER) if str(each) not in taken)
    chosen = number or next(free)
    made = make_line(settings.path(folder), name, chosen)
    click.echo(f"{len(made)} files made in {made[0].parent}; the line's number is {chosen}")
    if settings.path(folder) not in {settings.path(each) for each in settings.plugins.folders}:
        click.echo("let the engine find it, and give its queue an operator on the built-in exchange, in ivr.toml:")
        click.echo(f'\n[plugins]\nfolders = ["{folder}"]\n\n[virtual.operators]\n{name} = ["op1"]\n')
    click.echo(f"then: ivr lines check {name}; ivr lines test {name}; ivr call {chosen} --own")


def _taken(settings: Settings) -> dict[str, str]:
    """Numbers of lines; a line that cannot be read takes none."""
    try:
        lines = load_lines(settings)
    except Invalid:
        return {name: name for name in find_lines(settings).lines}
    return {**{name: name for name in lines.lines}, **lines.numbers()}


@click.command()
@click.argument("line")
@click.option("--calls", type=click.IntRange(0, 100_000), default=CALLS, show_default=True, help="How many random callers.")
@click.option("--seed", default=SEED, show_default=True, help="Of their chance: the same seed, the same callers.")
@click.pass_obj
def test(settings: Settings, line: str, calls: int, seed: int) -> None:
    """Try LINE (a name, or a folder): its checks, its recorded calls, every step, its functions, and random callers."""
    folder = Path(line) if Path(line).is_dir() else None
    if folder is None:
        lines = find_lines(settings).lines
        if line not in lines:
            raise IvrError(f"there is no line {line!r}", f"lines are {', '.join(sorted(lines))}; a folder will do too")
        folder = lines[line].folder
        for problem in problems_of(settings, line):
            click.echo(f"{problem} [{problem.rule}]")
            sys.exit(2)
    findings = conformance(folder.resolve(), calls=calls, seed=seed)
    for finding in findings:
        click.echo(finding)
    if findings:
        sys.exit(2)
    scripts = len(list((folder / "calls").glob("*.yaml")))
    click.echo(f"line {folder.name} conforms: {scripts} recorded calls, every step, {calls} random callers")
