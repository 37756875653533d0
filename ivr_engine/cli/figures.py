"""`ivr figures`: are the reports' figures what the journal says?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ivr_engine.records import figure_queries
from ivr_engine.records import figures as records
from ivr_engine.records.store import StoreReader

if TYPE_CHECKING:
    from datetime import date

    from ivr_engine.config import Settings


@click.group()
def figures() -> None:
    """What reports are made of, counted as contacts end."""


@figures.command()
@click.pass_obj
def rebuild(settings: Settings) -> None:
    """Count everything anew from the journal. A running engine's facts wait in the spool meanwhile."""
    with StoreReader(settings.path(settings.engine.data)).administration.change() as connection:
        counted = records.rebuild(connection)
    click.echo(f"{counted} contacts are counted anew")


@figures.command()
@click.option("--quick", is_flag=True, help="Only whether the outcomes of every day add up.")
@click.pass_obj
def check(settings: Settings, quick: bool) -> None:
    """Compare the figures with the journal, row by row, and the outcomes of every day with the contacts offered; exit code 2 when
    something is off."""
    with StoreReader(settings.path(settings.engine.data)).administration.look() as connection:
        off = 0
        span = figure_queries.days_with_contacts(connection)
        days = figure_queries.balance(connection, *span) if span else []
        for day in days:
            if not day.adds_up:
                off += 1
                click.echo(_sentence(day.day, day.offered, day.counted, day.open))
        differing = 0 if quick else records.differences(connection)
    if differing:
        click.echo(f"{differing} rows of the figures differ from the journal (ivr figures rebuild counts anew)")
    if off or differing:
        sys.exit(2)
    click.echo(
        f"{sum(day.offered for day in days)} contacts on {len(days)} days add up"
        + ("" if quick else ", and are as the journal says")
    )


def _sentence(day: date, offered: int, counted: int, still: int) -> str:
    return f"{day}: {offered} contacts were offered, but {counted} are counted and {still} open"
