"""What is said instead of keyed digits: codes, dates, provinces; and how each is read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.clock import rome_date
from ivr_engine.dialogue.listening import Ear, yes_or_no
from ivr_engine.dialogue.understanding import DATE, DIGITS, PLACE, day, digits, place
from ivr_engine.hookspecs import Ambiguous, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ivr_engine.dialogue.turn import Turn
    from ivr_engine.dialogue.understanding import Bands, Understood
    from ivr_engine.hearing import Guess
    from ivr_engine.hookspecs import Validator

NORMAL = frozenset({"date", "provincia", "yes_no"})
"""Validators whose value is understood as it will be kept; of the others the digits are understood."""
_READ_BACK = {"date": "speech.date", "provincia": "speech.place", "yes_no": "speech.yes"}
_SAID = "said"


def read_back(validator: str) -> str:
    """The prompt that reads a spoken value back; its slot is filled by the Ear's `say`."""
    return _READ_BACK.get(validator, "speech.digits")


def spoken_entry(turn: Turn, name: str, validator: Validator, bands: Callable[[Bands], Bands]) -> Ear:
    """What may be said for the validator of that name."""
    language, today = turn.language, rome_date(turn.now())
    match name:
        case "yes_no":
            return yes_or_no(turn, "yes", "no")
        case "date":
            # A deadline is reckoned from it, which then is all the caller hears.
            said = _say(turn, name)
            return Ear("date", (), lambda guesses: day(guesses, today, language, bands(DATE)), said, always_confirm=True)
        case "provincia":
            return Ear("place", (), lambda guesses: place(guesses, language, bands(PLACE)), _say(turn, name))

    def accepted(code: str) -> bool:
        try:
            validator(code, today)
        except Ambiguous:
            return True
        except Refused:
            return False
        return True

    def understand(guesses: Sequence[Guess]) -> Understood:
        return digits(guesses, validator.lengths, language, bands(DIGITS), accepted)

    return Ear("digits", (), understand, _say(turn, name), 20.0)


def _say(turn: Turn, name: str) -> Callable[[str], str]:
    def say(value: str) -> str:
        turn.values[_SAID] = f"provincia.{value}" if name == "provincia" else value
        return read_back(name)

    return say
