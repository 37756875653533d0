"""`ivr contacts`: what each call was, and how it ended."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.clock import rome
from ivr_engine.errors import IvrError
from ivr_engine.events import Outcome
from ivr_engine.records.store import StoreReader

if TYPE_CHECKING:
    from ivr_engine.config import Settings


@click.group()
def contacts() -> None:
    """What each call was, and how it ended."""


@contacts.command("list")
@click.option("--line", default="", help="Of one line only.")
@click.option("--outcome", type=click.Choice([outcome.value for outcome in Outcome]), help="With one outcome only.")
@click.option("--open", "open_only", is_flag=True, help="Those under way.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(settings: Settings, line: str, outcome: str | None, open_only: bool, limit: int, as_json: bool) -> None:
    """The newest contacts first."""
    store = StoreReader(settings.path(settings.engine.data))
    found = store.contacts.list(line=line, outcome=Outcome(outcome) if outcome else None, open_only=open_only, limit=limit)
    if as_json:
        click.echo(json.dumps([asdict(contact) for contact in found], ensure_ascii=False, indent=2))
        return
    rows = [
        (
            contact.id,
            f"{rome(contact.started_at):%d/%m/%Y %H:%M:%S}",
            contact.line,
            contact.outcome or "open",
            contact.wait_s or "",
            contact.talk_s or "",
            contact.operator,
        )
        for contact in found
    ]
    click.echo(tabulate(rows, ("contact", "began", "line", "outcome", "waited s", "talked s", "operator")))


@contacts.command()
@click.argument("contact")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(settings: Settings, contact: str, as_json: bool) -> None:
    """One contact with its journal. What identifies the caller is not shown here."""
    found = StoreReader(settings.path(settings.engine.data)).contacts.show(contact)
    if found is None:
        raise IvrError(f"there is no contact {contact}", "ivr contacts list shows them")
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    row = found.contact
    click.echo(f"{row.id}  {row.line}  {rome(row.started_at):%d/%m/%Y %H:%M:%S}  {row.caller_kind}  dialled {row.dialled or '-'}")
    click.echo(f"outcome: {row.outcome or 'open'}  cause: {row.cause or '-'}  cases: {', '.join(found.cases) or 'none'}")
    for entry in found.journal:
        data = " ".join(f"{key}={value}" for key, value in entry.data.items() if value not in ("", None))
        click.echo(f"{entry.at - row.started_at:8.1f}  {entry.kind:17} {data}")
