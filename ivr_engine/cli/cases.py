"""`ivr cases`: matters that live longer than one call."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.clock import rome
from ivr_engine.errors import IvrError
from ivr_engine.records.store import StoreReader

if TYPE_CHECKING:
    from ivr_engine.config import Settings


@click.group()
def cases() -> None:
    """Matters that operators took up."""


@cases.command("list")
@click.option("--line", default="", help="Of one line only.")
@click.option("--open", "open_only", is_flag=True, help="Those neither resolved nor closed.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(settings: Settings, line: str, open_only: bool, limit: int, as_json: bool) -> None:
    """The last touched first."""
    found = StoreReader(settings.path(settings.engine.data)).cases.list(line=line, open_only=open_only, limit=limit)
    if as_json:
        click.echo(json.dumps([asdict(case) for case in found], ensure_ascii=False, indent=2))
        return
    rows = [
        (case.number, f"{rome(case.opened_at):%d/%m/%Y %H:%M}", case.line, case.topic, case.state, case.level) for case in found
    ]
    click.echo(tabulate(rows, ("case", "opened", "line", "topic", "state", "level")))


@cases.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(settings: Settings, number: str, as_json: bool) -> None:
    """One case: its contacts and its history. What people noted is not shown here: the console shows it, and keeps who looked."""
    found = StoreReader(settings.path(settings.engine.data)).cases.show(number)
    if found is None:
        raise IvrError(f"there is no case {number}", "ivr cases list shows them")
    if as_json:
        history = tuple(replace(change, detail="") if change.what == "note" else change for change in found.history)
        click.echo(json.dumps(asdict(replace(found, history=history)), ensure_ascii=False, indent=2))
        return
    case = found.case
    click.echo(f"{case.number}  {case.line}  {case.category} / {case.topic or '-'}  {case.state}, {case.level}")
    for change in found.history:
        click.echo(f"{rome(change.at):%d/%m/%Y %H:%M:%S}  {change.what:10} contact {change.contact}  {change.operator}")
