"""`ivr lines versions|submit|approve|withdraw|publish|rollback`: from a draft to what callers hear."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.cli.client import tell_engine
from ivr_engine.clock import rome
from ivr_engine.engine.publication import Publication
from ivr_engine.records import versions as records
from ivr_engine.records.versions import VersionState

if TYPE_CHECKING:
    from ivr_engine.config import Settings

_version = click.option("--version", "number", type=int, help="Which one (default: the newest).")
_signed = click.option("--as", "who", required=True, metavar="NAME", help="Who you are: a user of `ivr users list`.")


@click.command()
@click.argument("line")
@click.pass_obj
def versions(settings: Settings, line: str) -> None:
    """The versions of LINE: the files' proposals, who brought each how far, and what callers hear."""
    publication = Publication(settings)
    publication.propose(time.time())
    with publication.store.look() as connection:
        rows = [
            (
                version.version,
                version.state,
                f"{rome(version.created):%d/%m/%Y %H:%M}",
                version.author,
                version.submitted_by or "-",
                version.approved_by or "-",
                version.published_by or "-",
            )
            for version in records.versions(connection, line)
        ]
    click.echo(tabulate(rows, ("version", "state", "made", "author", "submitted", "approved", "published")))


@click.command()
@click.argument("line")
@_version
@_signed
@click.pass_obj
def submit(settings: Settings, line: str, number: int | None, who: str) -> None:
    """Check a draft of LINE and ask for its approval."""
    publication, now = Publication(settings), time.time()
    publication.propose(now)
    version = publication.version(line, number)
    publication.submit(version, who, now)
    click.echo(f"{version} is submitted; somebody else approves it: ivr lines approve {line} --as NAME")


@click.command()
@click.argument("line")
@_version
@_signed
@click.pass_obj
def approve(settings: Settings, line: str, number: int | None, who: str) -> None:
    """Agree to what somebody else has submitted for LINE."""
    publication = Publication(settings)
    version = publication.version(line, number)
    publication.approve(version, who, time.time())
    click.echo(f"{version} is approved; callers hear it after: ivr lines publish {line} --as NAME")


@click.command()
@click.argument("line")
@_version
@_signed
@click.pass_obj
def withdraw(settings: Settings, line: str, number: int | None, who: str) -> None:
    """Take back what was submitted or approved for LINE: a draft again or, when its files have changed since, retired."""
    publication = Publication(settings)
    version = publication.version(line, number)
    state = publication.withdraw(version, who, time.time())
    click.echo(f"{version} is withdrawn and now {state}")


@click.command()
@click.argument("line")
@_version
@click.option("--as", "who", default="", metavar="NAME", help="Who you are (needed where approval is asked for).")
@click.pass_obj
def publish(settings: Settings, line: str, number: int | None, who: str) -> None:
    """Let callers of LINE hear a version: its prompts are made and installed first. Calls in progress keep theirs."""
    publication, now = Publication(settings), time.time()
    publication.propose(now)
    version = publication.version(line, number)
    if version.state is VersionState.PUBLISHED and number is None:
        click.echo(f"{version} is what callers hear already")
        return
    made = publication.publish(version, who, now)
    click.echo(f"{version} is published, {made} sounds were made; {tell_engine(settings)}")


@click.command()
@click.argument("line")
@click.option("--version", "number", type=int, help="Which one (default: the one heard before).")
@click.option("--as", "who", default="", metavar="NAME", help="Who you are (needed where approval is asked for).")
@click.pass_obj
def rollback(settings: Settings, line: str, number: int | None, who: str) -> None:
    """Let callers of LINE hear an earlier version again."""
    version = Publication(settings).roll_back(line, number, who, time.time())
    click.echo(f"{version} is published again; {tell_engine(settings)}")
