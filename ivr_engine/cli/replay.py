"""`ivr replay`: a year of the Ministry's, played again through the whole engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.engine.replay import Replay
from ivr_engine.errors import IvrError
from ivr_engine.reports.replay_plan import Plan
from ivr_engine.reports.replay_tables import load_tables

if TYPE_CHECKING:
    from ivr_engine.config import Settings
    from ivr_engine.engine.replay import Result

_MONTHS = range(1, 13)
_MOST = 100_000
ESTIMATE = (
    "The monthly rows are ESTIMATES under the Ministry's yearly totals, not the Ministry's own rows; --tables takes the true ones"
    " (docs/replay.md)."
)


@click.command()
@click.argument("year", type=int)
@click.option("--month", type=int, help="Only that month (1 to 12).")
@click.option("--scale", type=int, default=1, show_default=True, help="One call in so many.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed is the same year.")
@click.option(
    "--tables", type=click.Path(path_type=Path, dir_okay=False), help="Monthly tables of your own, instead of the shipped ones."
)
@click.option("--processes", type=int, help="Processes that play (default: one for each core).")
@click.pass_obj
def replay(
    settings: Settings, year: int, month: int | None, scale: int, seed: int, tables: Path | None, processes: int | None
) -> None:
    """Play YEAR again: every call of its tables through the engine, in fast time, into an empty store.

    Interrupted (Ctrl-C), the same command goes on where it stood. Exit code 2 when the journal does not hold what was planned.

    \b
    ivr replay 2011 --month 11 --scale 10
    """
    if month is not None and month not in _MONTHS:
        raise IvrError(f"there is no month {month}", "months are 1 to 12")
    for name, value in (("scale", scale), ("processes", processes if processes is not None else 1)):
        if not 1 <= value <= _MOST:
            raise IvrError(f"--{name} {value} is out of range", f"1 to {_MOST}")
    read = load_tables(year, tables)
    plan = Plan(read, seed, scale)
    months = tuple(_MONTHS) if month is None else (month,)
    if read.estimated:
        click.echo(ESTIMATE, err=True)
    calls = sum(plan.expected(months).values())
    with click.progressbar(length=calls, label=f"{calls} calls", show_pos=True) as bar:
        try:
            result = Replay(settings, plan, months, processes or os.cpu_count() or 1, bar.update).run()
        except KeyboardInterrupt as interrupt:
            raise IvrError("interrupted; whole days are kept", "the same command goes on from there") from interrupt
    click.echo(told(result))
    if read.estimated:
        click.echo(ESTIMATE)
    if not result.alike:
        raise IvrError("the journal does not hold what was planned", "see the table; were lines or their articles changed?")


def told(result: Result) -> str:
    """Planned and found, side by side."""
    keys = sorted({*result.planned, *result.found}, key=lambda key: (key[0], key[1] or ""))
    rows = [(line, outcome or "open", result.planned[line, outcome], result.found[line, outcome]) for line, outcome in keys]  # type: ignore[index]
    rows.append(("", "e-mails", result.planned_mails, result.found_mails))
    rows.append(("", "calls", result.planned.total(), result.found.total()))
    table = tabulate(rows, headers=("line", "outcome", "planned", "in the journal"))
    return f"{table}\nmemory: {result.memory_kb / 1024:.0f} MB at most in a process" if result.memory_kb else table
