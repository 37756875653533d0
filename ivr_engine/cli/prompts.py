"""`ivr prompts`: sound files from the lines' texts, what a speaker would record, and where Asterisk finds them."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr_engine.engine import sounds
from ivr_engine.engine.lines import load_lines, sounds_wanting
from ivr_engine.errors import Unavailable
from ivr_engine.speech.manifest import Manifest, sound_path
from ivr_engine.speech.shipped import SHIPPED, prune
from ivr_engine.speech.shipped import pack as pack_sound
from ivr_engine.speech.units import LANGUAGES, SILENCE
from ivr_engine.speech.voice import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ivr_engine.config import Settings


@click.group()
def prompts() -> None:
    """Sound files: make them from the lines' texts, check them, lay them where Asterisk finds them."""


@prompts.command()
@click.option("--rate", type=click.Choice(["8000", "16000"]), help="Samples a second (default: setting prompts.rate).")
@click.pass_obj
def render(settings: Settings, rate: str | None) -> None:
    """Make the sound files that are missing or no longer say their text; people's recordings are kept."""
    lines = load_lines(settings)
    folder = settings.path(settings.prompts.folder)

    def progress(done: int, total: int) -> None:
        click.echo(f"rendering prompts: {done} of {total}", err=True)

    try:
        made = sounds.render(settings, lines.catalogue, lines.voices, progress, int(rate or 0))
    except OSError as error:
        raise _unwritable(folder, error) from error
    click.echo(f"{made} sounds made in {folder}" if made else f"all sounds in {folder} are up to date")
    if spare := sounds.spare_count(settings, lines.catalogue):
        click.echo(f"{spare} sounds are by the voice espeak, in place of the chosen one", err=True)


@prompts.command()
@click.pass_obj
def check(settings: Settings) -> None:
    """Name what is missing, outdated, or wrong with recordings; exit code 1 when there is any."""
    problems = sounds_wanting(settings, load_lines(settings))
    for problem in problems:
        click.echo(str(problem))
    if problems:
        sys.exit(1)
    click.echo("every sound is there and says its text")


@prompts.command(name="export-script")
@click.option("--language", type=click.Choice(LANGUAGES), default="it", show_default=True)
@click.option("--format", "form", type=click.Choice(["csv", "markdown"]), default="csv", show_default=True)
@click.pass_obj
def export_script(settings: Settings, language: str, form: str) -> None:
    """Print what a speaker reads: for every sound its file, its text, and whether a person has recorded it already."""
    rows = list(_script(settings, language))
    if form == "csv":
        out = io.StringIO()
        csv.writer(out).writerows([("file", "text", "recorded"), *rows])
        click.echo(out.getvalue(), nl=False)
        return
    click.echo("| file | text | recorded |\n|---|---|---|")
    for file, text, recorded in rows:
        click.echo(f"| `{file}` | {text.replace('|', '&#124;')} | {recorded} |")


def _script(settings: Settings, language: str) -> Iterator[tuple[str, str, str]]:
    folder, voice = settings.path(settings.prompts.folder), settings.prompts.voice_of(language)
    manifest = Manifest(folder)
    for name, text in sorted(load_lines(settings).catalogue.sounds(language).items()):
        if text != SILENCE:
            recorded = "yes" if manifest.is_recording(language, voice, name) else ""
            yield sound_path(Path(), language, voice, name).as_posix(), text, recorded


@prompts.command()
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="Asterisk's sounds folder.")
@click.pass_obj
def install(settings: Settings, to: Path) -> None:
    """Copy the sound files as LANGUAGE/ivr/NAME.wav below Asterisk's sounds folder.

    Asterisk is often on another host: copy or mount the folder there. On Debian it is /usr/share/asterisk/sounds.
    """
    try:
        copied = sounds.lay_out(settings, to)
    except OSError as error:
        raise _unwritable(to, error) from error
    click.echo(f"{copied} sounds copied to {to}")


@prompts.command()
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), default=SHIPPED, help="Default: the source tree's.")
@click.pass_obj
def pack(settings: Settings, to: Path) -> None:
    """Keep the chosen voices' sounds small (Opus), to be shipped with the engine: for its maintainers.

    Render with --rate 16000 before, into a folder of its own; only what the chosen voice itself said is packed.
    """
    folder, packed, gone = settings.path(settings.prompts.folder), 0, 0
    manifest, catalogue = Manifest(folder), load_lines(settings).catalogue
    for language, voice in sounds.voice_names(settings).items():
        texts = catalogue.sounds(language)
        for name, text in texts.items():
            entry = manifest.entry(language, voice, name)
            if entry is not None and entry.by == voice and text != SILENCE:
                speech = read(sound_path(folder, language, voice, name), text)
                packed += pack_sound(language, voice, text, speech, to)
        gone += prune(language, voice, set(texts.values()), to)
    click.echo(f"{packed} sounds packed into {to}, {gone} removed that no text needs any more")


def _unwritable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(f"sounds cannot be written to {folder}: {error.strerror}", "check the folder's owner and free space")
