"""The words of `words.yaml`: yes and no, the commands every step knows, numbers, months, letters."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import yaml


class Words(msgspec.Struct, frozen=True):
    """What one language calls things. All tables are small and read-only."""

    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    commands: dict[str, tuple[str, ...]] = {}
    """By the value of model.Action."""
    danger: tuple[str, ...] = ()
    fillers: frozenset[str] = frozenset()
    double: dict[str, int] = {}
    numbers: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    days: dict[str, int] = {}
    """From today."""
    units: dict[str, int] = {}
    """Days in each."""
    ago: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    letters: dict[str, str] = {}
    alphabet: dict[str, str] = {}


@cache
def words(language: str) -> Words:
    """The words of a language; of one that is not in the file, none at all: only the step's own phrases are understood then."""
    tables = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return msgspec.convert(tables.get(language, {}), Words)
