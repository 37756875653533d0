"""A province, by its name, one of its towns, or its two letters."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ivr_engine.dialogue.understanding.matching import or_command, rank
from ivr_engine.dialogue.understanding.result import NOTHING, Bands, Understood
from ivr_engine.dialogue.understanding.spelling import letters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ivr_engine.hearing import Guess

PLACE = Bands(take=0.82, confirm=0.55, margin=0.08)

_LETTERS = 0.9
"""How plainly two letters must have been spelled to be a province."""


@cache
def names() -> Mapping[str, tuple[str, ...]]:
    """What is said for each province, by its two letters."""
    table = yaml.safe_load(Path(__file__).with_name("places.yaml").read_text(encoding="utf-8"))
    return {province: tuple(said) for province, said in table.items()}


def place(
    guesses: Sequence[Guess], language: str, bands: Bands = PLACE, places: Mapping[str, Sequence[str]] | None = None
) -> Understood:
    """The value is a province's two letters; with `places`, of those only (value to names), which need not be provinces."""
    known = names() if places is None else places
    scores = dict(rank(guesses, known, language))
    for guess in guesses:
        code, plain = letters(guess.text, language)
        if code in known and plain >= _LETTERS:
            scores[code] = max(scores.get(code, 0.0), plain * (0.75 + 0.25 * guess.confidence))
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < bands.confirm:
        return or_command(NOTHING, guesses, language)
    (value, score), *others = ranked
    second, behind = others[0] if others else ("", 0.0)
    said = Understood(bands.of(score, behind), value, score, second if behind >= bands.confirm else "")
    return or_command(said, guesses, language)
