"""`ivr callbacks`: who wants to be called back, and what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.cli.users import administration
from ivr_engine.clock import rome
from ivr_engine.records import audit, users
from ivr_engine.records import callbacks as records
from ivr_engine.records.callbacks import CALLERS, Result

if TYPE_CHECKING:
    from ivr_engine.config import Settings

_TIMES = {"morning": "mattina", "afternoon": "pomeriggio", "any": "indifferente"}


@click.group()
def callbacks() -> None:
    """Wishes to be called back."""


@callbacks.command("list")
@click.option("--line", default="", help="Of one line only.")
@click.option("--over", is_flag=True, help="Those that are over, instead of those still to be called.")
@click.option("--numbers-for", "who", metavar="NAME", help="Show the numbers whole to that user; the audit log says so.")
@click.pass_obj
def list_(settings: Settings, line: str, over: bool, who: str | None) -> None:
    """The longest waiting first; of a number only its end, unless somebody signs for it."""
    with administration(settings).look() as connection:
        found = (records.called if over else records.to_call)(connection, line)
    if who:
        with administration(settings).change() as connection:
            users.entitled(connection, who, CALLERS, "see numbers")
            seen = audit.citizens({wish.citizen for wish in found if wish.citizen is not None})
            audit.note(connection, time.time(), who, "listed callbacks", "callbacks", seen)
    rows = [
        (
            f"{rome(wish.wished):%d/%m/%Y %H:%M}",
            wish.line,
            wish.topic,
            _TIMES[wish.best_time],
            wish.number if who else "…" + wish.number[-3:],
            wish.tries,
            wish.result,
            wish.contact,
        )
        for wish in found
    ]
    headers = ("wished", "line", "topic", "best time", "number", "tries", "result", "contact")
    click.echo(tabulate(rows, headers, disable_numparse=True))


@callbacks.command()
@click.argument("contact")
@click.option("--result", type=click.Choice([result.value for result in Result]), required=True)
@click.option("--as", "who", metavar="NAME", required=True, help="Who called.")
@click.pass_obj
def tried(settings: Settings, contact: str, result: str, who: str) -> None:
    """Note what came of calling back; after no_answer the wish stays in the list."""
    with administration(settings).change() as connection:
        users.entitled(connection, who, CALLERS, "call back")
        wish = records.get(connection, contact)
        records.tried(connection, contact, Result(result), wish.tries if wish else 0, who, time.time())
    click.echo(f"contact {contact}: {result}")
