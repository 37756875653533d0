"""The digits of a code, however the caller groups them: "zero zero uno ottantacinque" is 00185."""

from __future__ import annotations

import re
from itertools import combinations, islice
from typing import TYPE_CHECKING

from text_to_num import alpha2digit

from ivr_engine.dialogue.understanding.folding import alike, sounds, split
from ivr_engine.dialogue.understanding.matching import or_command
from ivr_engine.dialogue.understanding.result import NOTHING, Bands, Understood
from ivr_engine.dialogue.understanding.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ivr_engine.hearing import Guess

DIGITS = Bands(take=0.9, confirm=0.45, margin=0.2)
"""Codes are read back unless they were heard very plainly."""

_MISHEARD = 0.6
_SEPARATED = re.compile(r"(?<=\d)[\s.,;:/\-–']+(?=\d)")
GROUPED = re.compile(r"(?<=\d)\.(?=\d{3}(?:\D|$))")
_LATER = 0.95
_REJOINED = 0.85
_WAYS = 64
_COMPOUND = re.compile(r"[a-zàèéìòù-]+")


def digits(
    guesses: Sequence[Guess],
    lengths: tuple[int, int],
    language: str,
    bands: Bands = DIGITS,
    accept: Callable[[str], bool] | None = None,
) -> Understood:
    """A code of `lengths` (fewest, most) digits, run together. `accept` refuses what cannot be one (a wrong check digit)."""
    found: dict[str, float] = {}
    for place, guess in enumerate(guesses):
        for read, share in _readings(guess.text, language):
            code = _once(read, lengths)
            if lengths[0] <= len(code) <= lengths[1] and (accept is None or accept(code)):
                found[code] = max(found.get(code, 0.0), share * (0.75 + 0.25 * guess.confidence) * _LATER**place)
    ranked = sorted(found.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < bands.confirm:
        return or_command(NOTHING, guesses, language)
    (code, score), (second, behind) = ranked[0], ranked[1] if len(ranked) > 1 else ("", 0.0)
    return or_command(Understood(bands.of(score, behind), code, score, second), guesses, language)


def _readings(text: str, language: str) -> Iterator[tuple[str, float]]:
    """Ways to read the digits of a text, each with the share of it that they explain.

    First as a sentence: "centoventi tre" is 123, "venti due" 22. Then word by word, where a ten and the unit after it may belong
    together or not: "novanta uno zero" is 910 as well as 9010. How many digits are wanted decides, or the caller is asked.
    """
    written, share = in_figures(text, language)
    yield "".join(re.findall(r"\d+", written)), share
    groups = [digits for word in in_numbers(text, language)[0].split() if (digits := _figure(word, language))]
    pairs = [at for at in range(1, len(groups)) if re.fullmatch(r"[2-9]0", groups[at - 1]) and re.fullmatch("[1-9]", groups[at])]
    ways = (joined for many in range(len(pairs) + 1) for joined in combinations(pairs, many))
    for joined in islice(ways, _WAYS):
        parts = [group[0] if at + 1 in joined else group for at, group in enumerate(groups)]
        yield "".join(parts), share * _REJOINED


def _once(code: str, lengths: tuple[int, int]) -> str:
    """A code that was said, or heard by a recogniser that stutters, twice and more: once. Only one that is too long is such, and
    none of one digit alone: how many of them were said nobody knows."""
    if len(code) > lengths[1] and len(set(code)) > 1:
        for length in range(lengths[1], lengths[0] - 1, -1):
            if len(code) >= 2 * length and all(digit == code[at % length] for at, digit in enumerate(code)):
                return code[:length]
    return code


def _figure(word: str, language: str) -> str:
    if word.isdigit() or language not in {"it", "en"}:
        return word if word.isdigit() else ""
    figure = alpha2digit(word, language, 0)
    return figure if figure.isdigit() else ""


def in_figures(text: str, language: str) -> tuple[str, float]:
    """The text with its number words as figures, and the share of its words that are numbers or fillers.

    Words misheard by a sound or two ("Tinguhe") are taken for the number they sound like, at a price.
    """
    sentence, share = in_numbers(text, language)
    return (alpha2digit(sentence, language, 0) if language in {"it", "en"} else sentence), share


def in_numbers(text: str, language: str) -> tuple[str, float]:
    """The same, its numbers still in words."""
    known = words(language)
    plain = GROUPED.sub("", text).replace("centottant", "centoottant")  # text2num knows this one
    said: list[str] = []
    worth: list[float] = []
    for word in split(_SEPARATED.sub(" ", plain)):
        number, near = _as_number(word, language)
        said.append(number)
        if word not in known.fillers or near == 1.0:
            worth.append(near)
    return _doubled(" ".join(said), language), sum(worth) / len(worth) if worth else 0.0


def is_number(word: str, language: str) -> bool:
    """Whether a word is a number as it stands: in figures, or a number word, however long."""
    if word.isdigit() or word in words(language).numbers:
        return True
    return language in {"it", "en"} and alpha2digit(word, language, 0).isdigit()


def _as_number(word: str, language: str) -> tuple[str, float]:
    known = words(language)
    if is_number(word, language) or any(word in double.split() for double in known.double):
        return ("zero" if word == "oh" else word), 1.0
    if word in known.fillers or not _COMPOUND.fullmatch(word):
        return word, 0.0
    heard = sounds([word], language)
    number, near = max(
        ((n, alike(heard, sounds([n], language))) for n in known.numbers), key=lambda pair: pair[1], default=("", 0.0)
    )
    return (number, near) if near >= _MISHEARD else (word, 0.0)


def _doubled(sentence: str, language: str) -> str:
    """ "doppio zero" as "zero zero"."""
    for name, times in words(language).double.items():
        sentence = re.sub(rf"\b{name} (\w+)", lambda found, times=times: " ".join([found[1]] * times), sentence)  # type: ignore[misc]
    return sentence
