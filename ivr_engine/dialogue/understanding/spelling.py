"""Letters said one by one: "A come Ancona, bi, ci, doppia esse, tre"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ivr_engine.dialogue.understanding.digits import in_figures, is_number
from ivr_engine.dialogue.understanding.folding import alike, bare, sounds, split
from ivr_engine.dialogue.understanding.matching import or_command
from ivr_engine.dialogue.understanding.result import NOTHING, Bands, Understood
from ivr_engine.dialogue.understanding.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ivr_engine.hearing import Guess

SPELLED = Bands(take=0.92, confirm=0.5, margin=0.05)

_NEAR = 0.6
_ALPHABET = 0.55


def spelled(
    guesses: Sequence[Guess],
    lengths: tuple[int, int],
    language: str,
    bands: Bands = SPELLED,
    accept: Callable[[str], bool] | None = None,
) -> Understood:
    """Capital letters and digits, `lengths` (fewest, most) of them, run together. `accept` refuses what cannot be meant."""
    best, runner, score, behind = "", "", 0.0, 0.0
    for place, guess in enumerate(guesses):
        code, plain = letters(guess.text, language)
        worth = plain * (0.75 + 0.25 * guess.confidence) * 0.95**place
        if not lengths[0] <= len(code) <= lengths[1] or (accept is not None and not accept(code)) or code == best:
            continue
        if worth > score:
            best, runner, score, behind = code, best, worth, score
        elif worth > behind:
            runner, behind = code, worth
    if score < bands.confirm:
        return or_command(NOTHING, guesses, language)
    return or_command(Understood(bands.of(score, behind), best, score, runner), guesses, language)


def letters(text: str, language: str) -> tuple[str, float]:
    """The letters and digits that a text spells, and the share of its words that were plainly such."""
    known = words(language)
    said = split(re.sub(r"(?<=\w)-(?=\w)", " ", text))
    capital = {word.casefold() for word in re.findall(r"\b[A-Z]{2,6}\b", text)}
    code: list[str] = []
    worth: list[float] = []
    times, place = 1, 0
    while place < len(said):
        word = said[place]
        pair = " ".join(said[place : place + 2])
        if word in known.double and pair not in known.letters:
            times, place = known.double[word], place + 1
            continue
        if word in known.like and place + 1 < len(said):
            letter, near = _initial(said[place + 1], language)
            if code and worth:
                # What it is like decides: letters alone are easily mistaken, towns are not.
                code[-1], worth[-1] = (letter, near) if near >= _ALPHABET else (code[-1], worth[-1])
            elif letter:
                code.append(letter)
                worth.append(near)
            place += 2
            continue
        spelling, near, taken = _next(said[place:], capital, language)
        if spelling:
            code.extend(spelling * times)
            worth.extend([near] * len(spelling) * times)
        elif word not in known.fillers:
            worth.append(0.0)
        times, place = 1, place + taken
    return "".join(code), sum(worth) / len(worth) if worth else 0.0


def _next(said: list[str], capital: set[str], language: str) -> tuple[str, float, int]:
    """What the next words spell, how plainly, and how many words that took: a run of number words is read together."""
    known = words(language)
    pair, word = " ".join(said[:2]), said[0]
    if len(said) > 1 and pair in known.letters:
        return known.letters[pair], 1.0, 2
    if word in known.letters:
        return known.letters[word], 1.0, 1
    if word in known.alphabet:
        return known.alphabet[word], 1.0, 1
    if word in capital or re.search(r"\d[a-z]|[a-z]\d", word):
        return bare(word).upper(), 0.9, 1
    run = 0
    while run < len(said) and is_number(said[run], language):
        run += 1
    if run:
        figures, share = in_figures(" ".join(said[:run]), language)
        return "".join(re.findall(r"\d", figures)), share, run
    return (*(_initial(word, language) if word not in known.fillers else ("", 0.0)), 1)


def _initial(word: str, language: str) -> tuple[str, float]:
    """The letter that a word of the telephone alphabet stands for; of another word, its first letter at a lower price."""
    heard = sounds([word], language)
    alphabet = words(language).alphabet.items()
    near, letter = max(((alike(heard, sounds([name], language)), letter) for name, letter in alphabet), default=(0.0, ""))
    if near >= _NEAR:
        return letter, near
    first = bare(word)[:1].upper()
    return (first, _ALPHABET) if len(word) > 3 and first.isascii() and first.isalpha() else ("", 0.0)
