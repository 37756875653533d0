"""What a report is made of, whatever it is printed on: tables of cells that know their value, their print and their contacts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ivr_engine.reports import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` for programs (a number as printed, a text, None), `text` for people, `link` to the contacts behind it (""
    for none)."""

    value: int | float | str | None
    text: str
    link: str = ""

    @property
    def is_number(self) -> bool:
        """Is it to stand on the right?"""
        return not isinstance(self.value, str)


def text(value: str, link: str = "") -> Cell:
    """Words."""
    return Cell(value, value, link)


def count(value: int, link: str = "") -> Cell:
    """A whole number."""
    return Cell(value, str(value), link)


def percent(part: int, whole: int, decimals: int, link: str = "") -> Cell:
    """A share of a whole."""
    return measure(numbers.share(part, whole), decimals, "%", link)


def measure(value: Fraction | None, decimals: int, unit: str = "", link: str = "") -> Cell:
    """A number with decimals and its unit, glued on."""
    if value is None:
        return Cell(None, numbers.NONE, link)
    printed = numbers.half_up(value, decimals)
    return Cell(float(printed.replace(",", ".")), f"{printed}{unit}", link)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars: a label and the height of each series."""

    title: str
    series: tuple[str, ...]
    bars: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`total`: is the last row the sum of the others? `key` is its stable name."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    total: bool = False
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`kind` is its stable name, `asked` what it was asked for, `at` when it was made (seconds since 1970 UTC); `alarms` say what
    does not add up."""

    kind: str
    title: str
    language: str
    at: float
    asked: Mapping[str, str | int]
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    alarms: tuple[str, ...] = field(default=())


def contacts_link(**wanted: str | int | Sequence[str] | None) -> str:
    """The console's list of the contacts behind a figure."""
    given = {name: value for name, value in wanted.items() if value not in (None, "", (), 0)}
    return "/reports/contacts?" + urlencode(given, doseq=True)
