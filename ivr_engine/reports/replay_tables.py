"""The Ministry's monthly tables as a replay reads them: how many calls and e-mails of each kind, month by month.

The shipped file (replay_2011.yaml) holds estimates by month under the Ministry's own totals, and says so row by row; a site that
has the true rows names a file of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ivr_engine.dialogue.model import Model
from ivr_engine.dialogue.source import Source
from ivr_engine.errors import Invalid, IvrError

COLUMNS = ("lavoro", "sociale", "tfr_cliclavoro", "email", "ivr", "call_center", "abandoned")
_MONTHS = 12

Count = Annotated[int, Field(ge=0, le=10_000_000)]


class Counts(Model):
    """Calls accepted by theme, e-mails; of the line for mandatory communications those served by IVR, those handed to the call
    centre, and among the latter those abandoned."""

    lavoro: Count
    sociale: Count
    tfr_cliclavoro: Count
    email: Count
    ivr: Count
    call_center: Count
    abandoned: Count

    @property
    def calls(self) -> int:
        """All that come by telephone."""
        return self.lavoro + self.sociale + self.tfr_cliclavoro + self.ivr + self.call_center


class Row(Counts):
    """A month's counts. `estimated`: they are not the Ministry's, but for the cells named in `known`."""

    month: Annotated[int, Field(ge=1, le=_MONTHS)]
    estimated: bool
    known: tuple[str, ...] = ()


class Tables(Model):
    """A year's."""

    year: Annotated[int, Field(ge=1970, le=2100)]
    source: str
    totals: Counts
    rows: tuple[Row, ...]

    @property
    def estimated(self) -> bool:
        """Is any of it not the Ministry's own?"""
        return any(row.estimated for row in self.rows)


def load_tables(year: int, file: Path | None = None) -> Tables:
    """The tables of a year, the shipped ones or those of `file`. Raises IvrError, Invalid with every mistake."""
    path = file or Path(__file__).with_name(f"replay_{year}.yaml")
    if file is None and not path.exists():
        raise IvrError(f"no tables of {year} are shipped", "2011 are; name a file with --tables (docs/replay.md)")
    source = Source.of_file(path)
    tables = source.read(Tables, source.data) if source.data is not None else None
    if tables is not None:
        _check(source, tables)
    if tables is None or source.problems:
        raise Invalid(source.problems)
    if tables.year != year:
        raise IvrError(f"{path.name} holds the tables of {tables.year}", f"ivr replay {tables.year} --tables {path.name}")
    return tables


def _check(source: Source, tables: Tables) -> None:
    if [row.month for row in tables.rows] != list(range(1, _MONTHS + 1)):
        source.problem(("rows",), "there must be one row for each month, 1 to 12 in order")
    for place, row in enumerate(tables.rows):
        if row.abandoned > row.call_center:
            source.problem(("rows", str(place), "abandoned"), "more than call_center, which they are part of")
        for name in row.known:
            if name not in COLUMNS:
                source.problem(("rows", str(place), "known"), f"there is no column {name!r}", f"columns: {', '.join(COLUMNS)}")
    for column in COLUMNS:
        total, stated = sum(getattr(row, column) for row in tables.rows), getattr(tables.totals, column)
        if total != stated:
            source.problem(("totals", column), f"the months add up to {total}, not {stated}")
