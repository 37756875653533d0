"""The small sounds that dates, numbers and codes are put together from.

A unit is named `units/<kind>/<value>`. Kinds: digits 0-9, numbers 0-99, hundreds 100-900, thousands 1-99 (thousand),
days 1-31, weekdays 1-7 (Monday first), months 1-12, years 1990-2040, words (and, euro, cents, pause).
"""

from __future__ import annotations

from datetime import time
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from num2words import num2words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

LANGUAGES = ("it", "en")
_WORDS = "units/words/"
PAUSE = f"{_WORDS}pause"
SILENCE = "…"
"""The text of a sound that says nothing for a moment."""
LARGEST_NUMBER = 999_999
YEARS = range(1990, 2041)


@cache
def unit_texts(language: str) -> Mapping[str, str]:
    """Every unit of a language: its name and the words to be spoken. Raises LookupError for a language without units."""
    words = yaml.load(Path(__file__).with_name("units.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)[language]
    return dict(_texts(language, words))


def _texts(language: str, words: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for digit in range(10):
        yield f"units/digits/{digit}", num2words(digit, lang=language)
    for number in range(100):
        yield f"units/numbers/{number}", num2words(number, lang=language)
    for hundred in range(100, 1000, 100):
        yield f"units/hundreds/{hundred}", num2words(hundred, lang=language)
    for thousand in range(1, 100):
        yield f"units/thousands/{thousand}", num2words(thousand * 1000, lang=language)
    for rest, text in words["after_hundreds"].items():
        yield f"units/thousands/0{rest}", text
    for day in range(1, 32):
        cardinal, ordinal = num2words(day, lang=language), num2words(day, lang=language, to="ordinal")
        yield f"units/days/{day}", words["first"] if day == 1 else words["day"].format(cardinal=cardinal, ordinal=ordinal)
    for kind in ("weekdays", "months"):
        for place, text in enumerate(words[kind], start=1):
            yield f"units/{kind}/{place}", text
    for name, text in words["words"].items():
        yield f"{_WORDS}{name}", text
    yield PAUSE, SILENCE
    for year in YEARS:
        yield f"units/years/{year}", num2words(year, lang=language, to="year")


def time_units(value: str) -> tuple[str, ...]:
    """The units that say HH:MM. Raises ValueError when it is no time."""
    at = time.fromisoformat(value)
    minutes = (f"{_WORDS}and", f"units/numbers/{at.minute}") if at.minute else ()
    return (f"units/numbers/{at.hour}", *minutes)


def amount_units(value: str) -> tuple[str, ...]:
    """The units that say an amount of euro, cents where there are any. Raises ValueError, LookupError outside 0-999999."""
    try:
        cents = int(Decimal(value) * 100)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is no amount") from error
    euro, rest = divmod(cents, 100)
    return (*number_units(euro), f"{_WORDS}euro", *((f"{_WORDS}and", f"units/numbers/{rest}", f"{_WORDS}cents") if rest else ()))


def phone_units(value: str) -> tuple[str, ...]:
    """The units that say a telephone number: digit by digit, with a pause between groups of three or so.

    Groups are those of the value's blanks, else threes with no single digit left over. Raises LookupError.
    """
    groups = value.removeprefix("+").split() or [""]
    if len(groups) == 1:
        groups = _thrice(groups[0])
    said = [digit_units(group) for group in groups]
    return tuple(unit for group in said[:-1] for unit in (*group, PAUSE)) + said[-1]


def _thrice(digits: str) -> list[str]:
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)] or [""]
    return [*groups[:-2], groups[-2] + groups[-1]] if len(groups) > 1 and len(groups[-1]) == 1 else groups


def number_units(value: int) -> tuple[str, ...]:
    """The units that say a whole number. Raises LookupError outside 0-999999."""
    if not 0 <= value <= LARGEST_NUMBER:
        raise LookupError(f"cannot say the number {value}: only 0 to {LARGEST_NUMBER}")
    thousands, below = divmod(value, 1000)
    names = _thousands_units(thousands)
    if below or not names:
        hundreds, rest = divmod(below, 100)
        names += [f"units/hundreds/{hundreds * 100}"] if hundreds else []
        names += [f"units/numbers/{rest}"] if rest or not value else []
    return tuple(names)


def _thousands_units(thousands: int) -> list[str]:
    hundreds, rest = divmod(thousands, 100)
    if not thousands:
        return []
    if not hundreds:
        return [f"units/thousands/{rest}"]
    return [f"units/hundreds/{hundreds * 100}", f"units/thousands/{rest if rest > 1 else f'0{rest}'}"]


def digit_units(value: str) -> tuple[str, ...]:
    """The units that spell a code digit by digit. Raises LookupError when it is not made of digits."""
    if not (value.isascii() and value.isdigit()):
        raise LookupError("cannot spell a value that is not made of digits")
    return tuple(f"units/digits/{digit}" for digit in value)


def date_units(value: date) -> tuple[str, ...]:
    """The units that say a date with its weekday: "lunedì 18 dicembre 2011"."""
    year = (f"units/years/{value.year}",) if value.year in YEARS else number_units(value.year)
    return (f"units/weekdays/{value.isoweekday()}", f"units/days/{value.day}", f"units/months/{value.month}", *year)
