"""The engine's own validators for `ask` steps, brought through the same hook as a plugin's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from stdnum.exceptions import ValidationError
from stdnum.it import iva

from ivr_engine.hookspecs import Refused, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ivr_engine.hookspecs import Validator

_YEARS_AHEAD = 5


@dataclass(slots=True)
class Digits:
    """Between so many digits, and `read` makes the value of them or raises ValueError."""

    lengths: tuple[int, int]
    read: Callable[[str, date], str]

    def __call__(self, digits: str, today: date) -> str:
        """See hookspecs.Validator."""
        fewest, most = self.lengths
        if not (fewest <= len(digits) <= most and re.fullmatch(r"[0-9]+", digits)):
            raise Refused
        try:
            return self.read(digits, today)
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


def _as_keyed(digits: str, _today: date) -> str:
    return digits


VALIDATORS: Mapping[str, Validator] = {
    "cap": Digits((5, 5), _cap),  # 00010 to 98168
    "date": Digits((8, 8), _date),  # ggmmaaaa, from 1900 to five years from now; the value is YYYY-MM-DD
    "age": Digits((1, 3), _age),  # 0 to 120
    "year": Digits((4, 4), _year),  # 1900 to five years from now
    "digits": Digits((1, 20), _as_keyed),
    "partita_iva": Digits((11, 11), _partita_iva),  # with its check digit
    "codice_comunicazione": Digits((16, 16), _as_keyed),
}


@hookimpl
def ivr_validators() -> Mapping[str, Validator]:
    """What every line may ask for."""
    return VALIDATORS
