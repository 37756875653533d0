"""`ivr prompts`: sound files from the lines' texts, and where Asterisk finds them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr_engine.engine.lines import load_lines
from ivr_engine.errors import Unavailable
from ivr_engine.speech.install import install as install_sounds
from ivr_engine.speech.render import render as render_sounds
from ivr_engine.speech.voice import Pyttsx3Voice

if TYPE_CHECKING:
    from ivr_engine.config import Settings


@click.group()
def prompts() -> None:
    """Sound files: make them from the lines' texts, lay them where Asterisk finds them."""


@prompts.command()
@click.pass_obj
def render(settings: Settings) -> None:
    """Make the sound files that are missing or no longer say their text."""
    catalogue = load_lines(settings).catalogue
    folder = settings.path(settings.prompts.folder)

    def progress(done: int, total: int) -> None:
        click.echo(f"rendering prompts: {done} of {total}", err=True)

    try:
        made = render_sounds(catalogue, folder, Pyttsx3Voice(), progress=progress)
    except OSError as error:
        raise _unwritable(folder, error) from error
    click.echo(f"{made} sounds made in {folder}" if made else f"all sounds in {folder} are up to date")


@prompts.command()
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="Asterisk's sounds folder.")
@click.pass_obj
def install(settings: Settings, to: Path) -> None:
    """Copy the sound files as LANGUAGE/ivr/NAME.wav below Asterisk's sounds folder.

    Asterisk is often on another host: copy or mount the folder there. On Debian it is /usr/share/asterisk/sounds.
    """
    try:
        copied = install_sounds(settings.path(settings.prompts.folder), to, Pyttsx3Voice.name)
    except OSError as error:
        raise _unwritable(to, error) from error
    click.echo(f"{copied} sounds copied to {to}")


def _unwritable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(f"sounds cannot be written to {folder}: {error.strerror}", "check the folder's owner and free space")
