"""`ivr callbacks`: who wants to be called back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.cli.users import administration
from ivr_engine.clock import rome
from ivr_engine.records import audit, users
from ivr_engine.records.store import StoreReader
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    from ivr_engine.config import Settings

_TIMES = {"morning": "mattina", "afternoon": "pomeriggio", "any": "indifferente"}


@click.group()
def callbacks() -> None:
    """Wishes to be called back."""


@callbacks.command("list")
@click.option("--line", help="Of one line only.")
@click.option("--numbers-for", "who", metavar="NAME", help="Show the numbers whole to that user; the audit log says so.")
@click.pass_obj
def list_(settings: Settings, line: str | None, who: str | None) -> None:
    """The oldest first; of a number only its end, unless somebody signs for it."""
    found = StoreReader(settings.path(settings.engine.data)).callbacks.list(line)
    if who:
        with administration(settings).change() as connection:
            users.entitled(connection, who, frozenset(Role) - {Role.MINISTRY}, "see numbers")
            audit.note(connection, time.time(), who, "looked at numbers", "callbacks", f"{len(found)} numbers")
    rows = [
        (
            f"{rome(wish.wished):%d/%m/%Y %H:%M}",
            wish.line,
            wish.topic,
            _TIMES[wish.best_time],
            wish.number if who else "…" + wish.number[-3:],
            wish.contact,
        )
        for wish in found
    ]
    click.echo(tabulate(rows, ("wished", "line", "topic", "best time", "number", "contact"), disable_numparse=True))
