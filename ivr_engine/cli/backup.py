"""`ivr backup` and `ivr restore`: copies of the store."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr_engine.clock import rome
from ivr_engine.records import backup as copies

if TYPE_CHECKING:
    from ivr_engine.config import Settings

FOLDER = click.Path(path_type=Path, file_okay=False)


def stamp() -> str:
    """A name for what is set aside now."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")


@click.command()
@click.argument("to", type=FOLDER)
@click.pass_obj
def backup(settings: Settings, to: Path) -> None:
    """Copy the store to the new folder TO, also while the engine works; nothing is overwritten.

    Everything acknowledged before it began is in it: the database, the spool and the key of the callers' hash. It has callers'
    numbers: keep it as safe as the store itself.
    """
    made = copies.backup(settings.path(settings.engine.data), to, time.time())
    click.echo(f"{to}: {made.contacts} contacts, {len(made.files)} files, checked")


@click.command()
@click.argument("source", metavar="FROM", type=FOLDER)
@click.pass_obj
def restore(settings: Settings, source: Path) -> None:
    """Put the backup in the folder FROM in the place of the store; the engine must not run.

    The store that is there is set aside, not deleted.
    """
    folder = settings.path(settings.engine.data)
    restored = copies.restore(folder, source, stamp())
    click.echo(
        f"{folder} is as it was on {rome(restored.manifest.made):%d.%m.%Y %H:%M:%S}: {restored.manifest.contacts} contacts"
    )
    if restored.aside is not None:
        click.echo(f"what was there is kept in {restored.aside}; what happened since the backup is only in there")
