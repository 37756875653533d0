"""One of several phrases, in whatever the caller wrapped it: a menu's choice, yes or no, the words every step knows."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.dialogue.model import Action
from ivr_engine.dialogue.understanding.folding import alike, bare, sounds, split
from ivr_engine.dialogue.understanding.result import NOTHING, Band, Bands, Understood
from ivr_engine.dialogue.understanding.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ivr_engine.hearing import Guess

CHOICE = Bands()
YES_NO = Bands(take=0.8, confirm=0.6, margin=0.15)
COMMAND = Bands(take=0.88, confirm=0.75, margin=0.0)

_TRUST = 0.25
"""The share of a score that hangs on the recogniser's own confidence."""
_COVER = 0.2
"""The share that hangs on how much of what was heard the phrase explains."""
_SHORT = 4
"""A phrase of fewer sounds is only found whole words, within a longer utterance."""
_LATER = 0.97
"""What a recogniser's second guess weighs against its first."""


class Hit(NamedTuple):
    """A phrase found among heard words: how surely, and from which word to before which."""

    score: float
    start: int = 0
    stop: int = 0


def spelled_out(phrase: str, language: str) -> list[tuple[str, ...]]:
    """A phrase's words, and once more with its acronyms letter by letter (TFR: ti effe erre)."""
    said = split(phrase)
    names: dict[str, str] = {}
    for name, letter in words(language).letters.items():
        if len(name) > len(names.get(letter.casefold(), "")) and " " not in name:
            names[letter.casefold()] = name
    spelled = [
        name
        for word in said
        for name in ([names.get(c, c) for c in word] if 1 < len(word) < 6 and not set(bare(word)) & set("aeiouy") else [word])
    ]
    return [tuple(said), *([tuple(spelled)] if spelled != said and language in {"it", "en"} else [])]


@lru_cache(maxsize=5000)
def _phrase(phrase: str, language: str) -> tuple[tuple[int, tuple[str, str]], ...]:
    return tuple((len(variant), sounds(variant, language)) for variant in spelled_out(phrase, language) if variant)


def find(heard: Sequence[str], phrase: str, language: str) -> Hit:
    """Where a phrase is nearest to some of the heard words."""
    best = Hit(0.0)
    kept = _weights(heard, language)
    total = sum(kept) or 1
    for length, wanted in _phrase(phrase, language):
        exact = len(wanted[0]) < _SHORT
        for size in range(max(1, length - 1), min(len(heard), length + 2) + 1):
            for start in range(len(heard) - size + 1):
                near = alike(sounds(heard[start : start + size], language), wanted)
                if exact and near < 1 and size < len(heard):
                    continue
                cover = sum(kept[start : start + size]) / total
                score = near * (1 - _COVER + _COVER * min(1.0, cover))
                if score > best.score:
                    best = Hit(score, start, start + size)
    return best


def _weights(heard: Sequence[str], language: str) -> list[int]:
    fillers = words(language).fillers
    if all(word in fillers for word in heard):
        return [len(word) for word in heard]
    return [0 if word in fillers else len(word) for word in heard]


def best_of(heard: Sequence[str], phrases: Iterable[str], language: str) -> Hit:
    """The best hit of several phrases that mean the same."""
    return max(
        (find(heard, phrase, language) for phrase in phrases), key=lambda hit: (hit.score, hit.stop - hit.start), default=Hit(0.0)
    )


def rank(guesses: Sequence[Guess], phrases: Mapping[str, Sequence[str]], language: str) -> list[tuple[str, float]]:
    """The values that phrases stand for, best first, each with its score from 0 to 1.

    A phrase found inside a longer one that was found as well ("congedo" in "congedo parentale") is no rival of it.
    """
    scores: dict[str, float] = {}
    for place, guess in enumerate(guesses):
        heard = split(guess.text)
        hits = {value: best_of(heard, said, language) for value, said in phrases.items()}
        top = max(hits.values(), key=lambda hit: (hit.score, hit.stop - hit.start), default=Hit(0.0))
        trust = (1 - _TRUST + _TRUST * min(1.0, max(0.0, guess.confidence))) * _LATER**place
        for value, hit in hits.items():
            within = top.start <= hit.start and hit.stop <= top.stop and hit.stop - hit.start < top.stop - top.start
            score = hit.score * trust * (0.5 if within else 1)
            scores[value] = max(scores.get(value, 0.0), score)
    return sorted(scores.items(), key=lambda item: -item[1])


def decide(ranked: Sequence[tuple[str, float]], bands: Bands) -> Understood:
    """The band of the best of them, with its runner-up if that is worth naming."""
    if not ranked or ranked[0][1] < bands.confirm:
        return replace(NOTHING, score=ranked[0][1] if ranked else 0.0)
    (value, score), *others = ranked
    second, behind = others[0] if others else ("", 0.0)
    return Understood(bands.of(score, behind), value, score, second if behind >= bands.confirm else "")


def choice(guesses: Sequence[Guess], phrases: Mapping[str, Sequence[str]], language: str, bands: Bands = CHOICE) -> Understood:
    """One of a menu's options: `phrases` has for each key what may be said for it, the key itself not included.

    The commands and the words of danger are understood too; an option that means the same goes first.
    """
    said = decide(rank(guesses, phrases, language), bands)
    return or_command(said, guesses, language)


def yes_no(guesses: Sequence[Guess], language: str, bands: Bands = YES_NO) -> Understood:
    """The value is "yes" or "no"."""
    known = words(language)
    said = decide(rank(guesses, {"yes": known.yes, "no": known.no}, language), bands)
    return or_command(said, guesses, language)


def command(guesses: Sequence[Guess], language: str) -> Understood:
    """A command that every step knows, or a word of danger, which means the operator; else NOTHING."""
    known = words(language)
    by_value = {name: phrases for name, phrases in known.commands.items() if name in set(Action)}
    found = decide(rank(guesses, by_value, language), COMMAND)
    if found.band is not Band.AGAIN:
        return Understood(found.band, score=found.score, command=Action(found.value))
    if word := danger(guesses, language):
        return Understood(Band.TAKE, score=1.0, command=Action.OPERATOR, danger=word)
    return NOTHING


def danger(guesses: Sequence[Guess], language: str) -> str:
    """The word of danger in the likeliest guess, or "". These are looked for as they are written: nobody is sent to an operator
    for something that merely sounds like it."""
    if not guesses:
        return ""
    heard = f" {' '.join(split(guesses[0].text))} "
    return next((word for word in words(language).danger if f" {' '.join(split(word))} " in heard), "")


def or_command(said: Understood, guesses: Sequence[Guess], language: str) -> Understood:
    """What a step expects, unless a command was spoken more plainly than that. A choice taken bears its word of danger."""
    spoken = command(guesses, language)
    if spoken.command is None:
        return said
    if spoken.danger:
        return replace(said, danger=spoken.danger) if said.band is Band.TAKE else spoken
    return spoken if spoken.score > said.score or (said.band is not Band.TAKE and spoken.band is Band.TAKE) else said
