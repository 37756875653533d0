"""`ivr report`: the Ministry's tables, service and cases; a month closed for good."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ivr_engine.cli.users import local_name
from ivr_engine.engine.lines import find_lines, load_lines
from ivr_engine.errors import IvrError
from ivr_engine.records.store import StoreReader
from ivr_engine.reports import closing
from ivr_engine.reports.making import make
from ivr_engine.reports.output import FORMATS, written
from ivr_engine.reports.period import Period
from ivr_engine.reports.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.config import Settings

_BINARY = ("pdf", "xlsx")


@click.group()
def report() -> None:
    """The Ministry's tables, service levels, cases."""


def _asked(function: Callable[..., None]) -> Any:
    """The options every report has."""
    options: tuple[Any, ...] = (
        click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write into this file."),
        click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True),
        click.option("--line", default="", help="Of one line only."),
        click.option("--month", type=int, help="Of one month only, 1 to 12."),
        click.option("--year", type=int, required=True),
    )
    for option in options:
        function = option(function)
    return function


@report.command()
@_asked
@click.pass_obj
def ministry(settings: Settings, /, **asked: Any) -> None:
    """The two tables of the Ministry, always in Italian."""
    _print(settings, "ministry", **asked)


@report.command()
@_asked
@click.option("--language", type=click.Choice(LANGUAGES), default="it", show_default=True)
@click.pass_obj
def service(settings: Settings, /, **asked: Any) -> None:
    """Service levels and the other figures, each with its formula; penalties of the contract in the settings."""
    _print(settings, "service", **asked)


@report.command()
@_asked
@click.option("--language", type=click.Choice(LANGUAGES), default="it", show_default=True)
@click.pass_obj
def cases(settings: Settings, /, **asked: Any) -> None:
    """Cases by state and age."""
    _print(settings, "cases", **asked)


@report.command()
@click.option("--year", type=int, required=True)
@click.option("--month", type=int, required=True)
@click.pass_obj
def close(settings: Settings, year: int, month: int) -> None:
    """Close a month: its figures are kept as they are, with their checksum; later corrections show beside them."""
    with StoreReader(settings.path(settings.engine.data)).administration.change() as connection:
        closed = closing.close(connection, year, month, settings.reports, local_name(), time.time())
    click.echo(f"month {year}-{month:02d} is closed, sha256 {closed.sha256}")


def _print(
    settings: Settings,
    kind: str,
    *,
    year: int,
    month: int | None,
    line: str,
    form: str,
    output: Path | None,
    language: str = "it",
) -> None:
    period = Period(year, month)
    if form in _BINARY and output is None and sys.stdout.isatty():
        raise IvrError(f"a {form} file is not for a terminal", f"name a file: --output report.{form}")
    known = find_lines(settings).lines if line else {}
    queues = frozenset({load_lines(settings).lines[line].queue}) if line in known and kind == "service" else None
    with StoreReader(settings.path(settings.engine.data)).administration.look() as connection:
        made = make(
            connection, kind, period, settings.reports, time.time(), line=line, language=language, queues=queues, known=known
        )
    content = written(made, form)
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise IvrError(f"{output} cannot be written: {error.strerror}", "name another file") from error
    click.echo(f"{output} is written, {len(content)} bytes")
