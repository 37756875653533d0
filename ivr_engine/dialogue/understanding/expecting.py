"""What a recogniser is told to listen for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.dialogue.understanding.places import names
from ivr_engine.dialogue.understanding.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ivr_engine.hearing import Kind


def expected(kind: Kind, language: str, phrases: Iterable[str] = ()) -> tuple[str, ...]:
    """The phrases of hearing.Expectation: a step's own, what its kind is made of, and the commands every step knows.

    None for open speech: whatever is said is wanted.
    """
    known = words(language)
    made_of: tuple[str, ...] = ()
    match kind:
        case "open":
            return ()
        case "yes_no":
            made_of = (*known.yes, *known.no)
        case "digits":
            made_of = (*known.numbers, *known.double)
        case "date":
            made_of = (*known.numbers, *known.months, *known.days, *known.units, *known.ago, *known.ahead)
        case "place":
            made_of = tuple(name for said in names().values() for name in said)
        case "spelled":
            made_of = (*known.letters, *known.alphabet, *known.like, *known.numbers, *known.double)
    commands = (said for ways in known.commands.values() for said in ways)
    return tuple(dict.fromkeys((*phrases, *made_of, *commands)))
