"""The engine's own validators for `ask` steps, brought through the same hook as a plugin's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from stdnum.exceptions import ValidationError
from stdnum.it import iva

from ivr_engine.hookspecs import Ambiguous, Refused, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ivr_engine.hookspecs import Mask, Validator

_YEARS_AHEAD = 5


@dataclass(slots=True)
class Digits:
    """Between so many digits, and `read` makes the value of them or raises ValueError."""

    lengths: tuple[int, int]
    read: Callable[[str, date], str]
    mask: Mask = "none"

    def __call__(self, digits: str, today: date) -> str:
        """See hookspecs.Validator."""
        fewest, most = self.lengths
        if not (fewest <= len(digits) <= most and re.fullmatch(r"[0-9]+", digits)):
            raise Refused
        try:
            return self.read(digits, today)
        except Ambiguous:
            raise
        except (ValueError, ValidationError) as error:
            raise Refused from error


def _within(low: int, high: int, digits: str) -> str:
    if not low <= int(digits) <= high:
        raise ValueError(digits)
    return digits


def _cap(digits: str, _today: date) -> str:
    return _within(10, 98168, digits)


def _date(digits: str, today: date) -> str:
    value = date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    _within(1900, today.year + _YEARS_AHEAD, str(value.year))
    return value.isoformat()


def _age(digits: str, _today: date) -> str:
    return str(int(_within(0, 120, digits)))


def _year(digits: str, today: date) -> str:
    return _within(1900, today.year + _YEARS_AHEAD, digits)


def _partita_iva(digits: str, _today: date) -> str:
    number: str = iva.validate(digits)
    return number


def _amount(digits: str, _today: date) -> str:
    return str(int(digits))


def _yes_no(digits: str, _today: date) -> str:
    return {"1": "yes", "2": "no"}.get(digits) or _refuse(digits)


def _refuse(digits: str) -> str:
    raise ValueError(digits)


def _as_keyed(digits: str, _today: date) -> str:
    return digits


_KEYS = {
    letter: key for key, letters in enumerate(("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"), 2) for letter in letters
}


@cache
def _provinces() -> Mapping[str, tuple[str, ...]]:
    """The provinces whose two letters are on those two keys."""
    found: dict[str, tuple[str, ...]] = {}
    for province in yaml.load(Path(__file__).with_name("provinces.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader):
        keys = "".join(str(_KEYS[letter]) for letter in province.lower())
        found[keys] = (*found.get(keys, ()), province)
    return found


def _province(digits: str, _today: date) -> str:
    provinces = _provinces().get(digits, ())
    if len(provinces) > 1:
        raise Ambiguous({province: f"provincia.{province}" for province in provinces})
    return provinces[0] if provinces else _refuse(digits)


VALIDATORS: Mapping[str, Validator] = {
    "cap": Digits((5, 5), _cap),  # 00010 to 98168
    "provincia": Digits((2, 2), _province),  # its two letters, each by the key that bears it; the value is the letters
    "date": Digits((8, 8), _date),  # ggmmaaaa, from 1900 to five years from now; the value is YYYY-MM-DD
    "age": Digits((1, 3), _age),  # 0 to 120
    "year": Digits((4, 4), _year),  # 1900 to five years from now
    "amount": Digits((1, 8), _amount),  # whole euro
    "yes_no": Digits((1, 1), _yes_no),  # 1 is yes, 2 is no; the value is the word
    "digits": Digits((1, 20), _as_keyed, mask="last4"),
    "partita_iva": Digits((11, 11), _partita_iva, mask="last4"),  # with its check digit
    # Of an organisation: 11 digits. A person's 16 letters and digits cannot be keyed.
    "codice_fiscale": Digits((11, 11), _partita_iva, mask="last4"),
    "codice_comunicazione": Digits((16, 16), _as_keyed, mask="last4"),
}


@hookimpl
def ivr_validators() -> Mapping[str, Validator]:
    """What every line may ask for."""
    return VALIDATORS
