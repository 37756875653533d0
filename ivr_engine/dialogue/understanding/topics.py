"""Why somebody calls, in their own words: an open question routed to topics, or to none of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ivr_engine.dialogue.understanding.folding import alike, fold, split
from ivr_engine.dialogue.understanding.matching import command, decide, rank
from ivr_engine.dialogue.understanding.result import Band, Bands, Understood
from ivr_engine.dialogue.understanding.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ivr_engine.hearing import Guess

TOPIC = Bands(take=0.55, confirm=0.36, margin=0.08)

_STEMMERS = {"it": "italian", "en": "english"}
_NEAR = 0.7
"""How alike a heard word must sound to an example's word to count as it."""
_SEARCH = 0.25
"""What the articles' own search may add to a topic's score."""


def topic(
    guesses: Sequence[Guess],
    examples: Mapping[str, Sequence[str]],
    language: str,
    search: Callable[[str], Sequence[tuple[str, float]]] | None = None,
    bands: Bands = TOPIC,
) -> Understood:
    """One of the topics, by its examples and by what `search` says of the same words (topic, score from 0 to 1).

    A request for an operator and a word of danger go before every topic. Band AGAIN: none of these.
    """
    asked = command(guesses, language)
    if asked.danger or asked.band is Band.TAKE:
        return asked
    scores = dict.fromkeys(examples, 0.0)
    for place, guess in enumerate(guesses):
        trust = (0.85 + 0.15 * guess.confidence) * 0.95**place
        for name, score in _by_words(guess.text, examples, language).items():
            scores[name] = max(scores[name], score * trust)
        for name, found in search(guess.text) if search else ():
            if name in scores:
                scores[name] = min(1.0, scores[name] + _SEARCH * found * trust)
    for name, score in rank(guesses, examples, language):
        scores[name] = max(scores[name], score if score > 0.85 else 0.0)
    return decide(sorted(scores.items(), key=lambda item: -item[1]), bands)


def _by_words(text: str, examples: Mapping[str, Sequence[str]], language: str) -> dict[str, float]:
    """How much of the weight of what was said each topic's examples know, and how much of an example was said."""
    stems = {name: [_stems(example, language) for example in said] for name, said in examples.items()}
    weights = _rarity({name: {stem for one in said for stem in one} for name, said in stems.items()})
    heard = _stems(text, language)
    meant = {stem: _nearest(stem, weights, language) for stem in heard}
    known = sum(weights[match] * near for match, near in meant.values() if match) or 0.0
    unknown = 0.6 * sum(1 for match, _ in meant.values() if not match)
    scores = {}
    for name, said in stems.items():
        own = {stem for one in said for stem in one}
        shared = sum(weights[match] * near for match, near in meant.values() if match in own)
        matched = {match for match, _ in meant.values() if match}
        closest = max((_share(one, matched, weights) for one in said), default=0.0)
        scores[name] = 0.5 * shared / (known + unknown) + 0.5 * closest * min(1.0, shared) if shared else 0.0
    return scores


def _share(example: set[str], matched: set[str], weights: Mapping[str, float]) -> float:
    whole = sum(weights[stem] for stem in example)
    return sum(weights[stem] for stem in example & matched) / whole if whole else 0.0


def _rarity(stems: Mapping[str, set[str]]) -> dict[str, float]:
    """A word weighs the more, the fewer topics use it."""
    everywhere = [stem for own in stems.values() for stem in own]
    most = math.log(1 + len(stems)) or 1.0
    return {stem: math.log(1 + len(stems) / everywhere.count(stem)) / most for stem in set(everywhere)}


def _nearest(stem: str, weights: Mapping[str, float], language: str) -> tuple[str, float]:
    if stem in weights:
        return stem, 1.0
    heard = fold(stem, language)
    best = max(((alike(heard, fold(other, language)), other) for other in weights), default=(0.0, ""))
    return (best[1], best[0]) if best[0] >= _NEAR else ("", 0.0)


def _stems(text: str, language: str) -> set[str]:
    known = words(language).fillers
    kept = [word for word in split(text) if word not in known and len(word) > 1]
    if language not in _STEMMERS:
        return set(kept)
    from snowballstemmer import stemmer as stemmer_of  # it brings thirty languages: no start waits for them

    stemmer = stemmer_of(_STEMMERS[language])
    return set(stemmer.stemWords(kept))
