"""`ivr users`: who may change what. `ivr audit`: who did what."""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.clock import rome
from ivr_engine.engine.lines import load_lines
from ivr_engine.engine.publication import Publication
from ivr_engine.errors import IvrError
from ivr_engine.records import audit as records
from ivr_engine.records import users as people
from ivr_engine.records.store import StoreReader
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    from ivr_engine.config import Settings
    from ivr_engine.records.administration import Administration


def administration(settings: Settings) -> Administration:
    """The store, for changes by hand."""
    return StoreReader(settings.path(settings.engine.data)).administration


def local_name() -> str:
    """Whoever can write the store's file is its administrator; the machine knows their name."""
    try:
        return f"{getpass.getuser()} (local)"
    except (KeyError, OSError):
        return "local"


@click.group()
def users() -> None:
    """Who signs in and signs what: names, roles, passwords."""


@users.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--full-name", default="", help="As colleagues know them.")
@click.pass_obj
def add(settings: Settings, name: str, role: str, full_name: str) -> None:
    """Add a user; the first one must be an administrator."""
    with administration(settings).change() as connection:
        people.add(connection, name, Role(role), full_name, time.time(), local_name())
    click.echo(f"user {name} is added as {role}; for the console: ivr users password {name}")


@users.command()
@click.argument("name")
@click.password_option(help="Asked for when not given.")
@click.pass_obj
def password(settings: Settings, name: str, password: str) -> None:
    """Give a user a password for the console; they are signed out everywhere."""
    hashed = people.hashed(password)
    with administration(settings).change() as connection:
        people.set_password(connection, name, hashed, time.time(), local_name())
    click.echo(f"{name} can sign in to the console")


@users.command()
@click.argument("name")
@click.option("--phone", default="", help="The telephone's address on Asterisk; PJSIP/NAME unless given.")
@click.option("--queue", "queues", multiple=True, required=True, help="A queue the operator serves; may be given several times.")
@click.pass_obj
def desk(settings: Settings, name: str, phone: str, queues: tuple[str, ...]) -> None:
    """Say where an operator is rung, and for which queues, when their desk is open in the console."""
    try:
        known = load_lines(settings).queues()
    except IvrError:  # a draft is broken: what callers hear counts
        known = Publication(settings).published(time.time())[0].queues()
    with administration(settings).change() as connection:
        people.set_desk(connection, name, phone or f"PJSIP/{name}", queues, known, time.time(), local_name())
    click.echo(f"{name} serves {', '.join(queues)}")


@users.command()
@click.argument("name")
@click.pass_obj
def disable(settings: Settings, name: str) -> None:
    """Let a user sign no more. What they did stays theirs."""
    with administration(settings).change() as connection:
        people.disable(connection, name, time.time(), local_name())
    click.echo(f"user {name} is disabled")


@users.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """All users."""
    with administration(settings).look() as connection:
        rows = [
            (user.name, user.full_name, user.role, "disabled" if user.disabled else "") for user in people.everybody(connection)
        ]
    click.echo(tabulate(rows, ("name", "full name", "role", "")))


@click.command()
@click.option("--last", type=click.IntRange(1, 10_000), default=30, show_default=True, help="How many entries.")
@click.option("--object", "object_", help='Of one object only, as "line lavoro".')
@click.pass_obj
def audit(settings: Settings, last: int, object_: str | None) -> None:
    """Who did what, newest first."""
    with administration(settings).look() as connection:
        rows = [
            (f"{rome(entry.at):%d/%m/%Y %H:%M:%S}", entry.who, entry.what, entry.object, entry.detail)
            for entry in records.entries(connection, last, object_)
        ]
    click.echo(tabulate(rows, ("when", "who", "what", "object", "particulars"), disable_numparse=True))
