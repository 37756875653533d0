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
_PLAIN = 0.85
"""How alike it must sound to have been said for certain."""
_LATER = 0.97
"""What a recogniser's second guess weighs against its first."""
_DOUBT = 0.5
"""Below it the recogniser itself would not bet on its first guess: a choice is confirmed, however alike it sounds. Of the right
choices measured a twentieth lie there, of the wrong ones in heavy noise all (benchmarks/README.md)."""


class Hit(NamedTuple):
    """A phrase found among heard words: how surely, how alike it sounds, and from which word to before which."""

    score: float
    near: float = 0.0
    start: int = 0
    stop: int = 0

    def within(self, other: Hit) -> bool:
        """Whether it is a part of the other, which says more."""
        return other.start <= self.start and self.stop <= other.stop and self.stop - self.start < other.stop - other.start

    def beside(self, other: Hit) -> bool:
        """Whether it was said besides the other."""
        return self.stop <= other.start or other.stop <= self.start


class Heard:
    """The words of a guess, and the sounds of any run of them."""

    def __init__(self, text: str, language: str) -> None:
        self.words, self.language = split(text), language
        fillers = words(language).fillers
        only = all(word in fillers for word in self.words)
        self.weights = [len(word) if only or word not in fillers else 0 for word in self.words]
        self.weight = sum(self.weights) or 1
        self._sounds: dict[tuple[int, int], tuple[str, str]] = {}

    def sounds(self, start: int, stop: int) -> tuple[str, str]:
        """Of the words from `start` to before `stop`."""
        if (start, stop) not in self._sounds:
            self._sounds[start, stop] = sounds(self.words[start:stop], self.language)
        return self._sounds[start, stop]


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


def find(heard: Heard, phrase: str) -> Hit:
    """Where a phrase is nearest to some of the heard words."""
    best, many = Hit(0.0), len(heard.words)
    for length, wanted in _phrase(phrase, heard.language):
        short = len(wanted[0]) < _SHORT
        for size in range(max(1, length - 1), min(many, length + 2) + 1):
            for start in range(many - size + 1):
                near = alike(heard.sounds(start, start + size), wanted)
                if short and near < 1 and size < many:
                    continue
                cover = min(1.0, sum(heard.weights[start : start + size]) / heard.weight)
                score = near * (1 - _COVER + _COVER * cover)
                if score > best.score:
                    best = Hit(score, near, start, start + size)
    return best


def _most(hits: Iterable[Hit]) -> Hit:
    return max(hits, key=lambda hit: (hit.score, hit.stop - hit.start), default=Hit(0.0))


def rank(guesses: Sequence[Guess], phrases: Mapping[str, Sequence[str]], language: str) -> list[tuple[str, float]]:
    """The values that phrases stand for, best first, each with its score from 0 to 1.

    A phrase found inside a longer one that was found as well ("congedo" in "congedo parentale") is no rival of it.
    """
    scores: dict[str, float] = {}
    for place, guess in enumerate(guesses):
        heard = Heard(guess.text, language)
        hits = {value: _most(find(heard, phrase) for phrase in said) for value, said in phrases.items()}
        top = _most(hits.values())
        trust = (1 - _TRUST + _TRUST * min(1.0, max(0.0, guess.confidence))) * _LATER**place
        for value, hit in hits.items():
            score = hit.score * (0.5 if hit.within(top) else 1)
            if hit.near >= _PLAIN and hit.beside(top):  # two choices in one breath
                score = max(score, top.score * _LATER)
            scores[value] = max(scores.get(value, 0.0), score * trust)
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
    if said.band is Band.TAKE and guesses[0].confidence < _DOUBT:
        said = replace(said, band=Band.CONFIRM)
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
