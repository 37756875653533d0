"""How alike two sayings sound: letters folded to what is heard, then edit distance.

A recogniser writes what it has heard in the words it knows ("comunicazioni o beligatore", "la carta qui stie", "Tinguhe" for
cinque). Compared are therefore sounds, not spellings, and without the gaps between words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = 40
"""Heard words beyond these are not looked at: nobody chooses with a speech."""

_WORD = re.compile(r"[^\W_]+")


def _rules(written: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), to) for pattern, to in (rule.split(">") for rule in written.split()))


_RULES = {
    "it": _rules(
        "w>v sc(?=[ei])>S gn>N gli(?=[aeou])>L gli>Li ch>k gh>g ci(?=[aou])>C gi(?=[aou])>J c(?=[ei])>C g(?=[ei])>J"
        " qu>kw cu(?=[aeio])>kw [cq]>k ph>f h> y>i j>i x>ks"
    ),
    "en": _rules(
        "ph>f ck>k gh(?=t|$)> tion>Sn sh>S ch>C th>T wh>w wr>r kn(?=[aeiou])>n qu>kw c(?=[eiy])>s [cq]>k x>ks e$> y>i h>"
    ),
}
_COARSE = {
    "it": str.maketrans("bdgvzSCJNmLeuo", "ptkfssttnnliww"),
    "en": str.maketrans("bdgvzSCjTmeau", "ptkfsstttnioo"),
}
"""Sounds that a telephone makes alike."""

_TWICE = re.compile(r"(.)\1+")


def split(text: str) -> list[str]:
    """The words of a text in small letters, without punctuation, at most WORDS of them; accents stay."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())[:WORDS]


def bare(text: str) -> str:
    """Small letters without accents (Korean syllables fall into their letters)."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


@lru_cache(maxsize=20_000)
def fold(word: str, language: str) -> tuple[str, str]:
    """One word's sounds: as they are spoken, and those a telephone makes alike taken together."""
    sounds = _TWICE.sub(r"\1", bare(word))
    for pattern, to in _RULES.get(language, ()):
        sounds = pattern.sub(to, sounds)
    fine = _TWICE.sub(r"\1", sounds)
    return fine, _TWICE.sub(r"\1", fine.translate(_COARSE.get(language, {})))


def sounds(words: Sequence[str], language: str) -> tuple[str, str]:
    """The sounds of several words, run together."""
    folded = [fold(word, language) for word in words]
    return "".join(fine for fine, _ in folded), "".join(coarse for _, coarse in folded)


def alike(one: tuple[str, str], other: tuple[str, str]) -> float:
    """From 0 to 1; one wrong sound weighs more in a short saying, where it makes another word."""
    least, most = sorted((len(one[0]), len(other[0])))
    if least * 2 < most or not least:
        return 0.0
    near = (Levenshtein.normalized_similarity(one[0], other[0]) + Levenshtein.normalized_similarity(one[1], other[1])) / 2
    return max(0.0, 1 - (1 - near) * (1 + 4 / (least + 1)))


def sound_alike(one: str, other: str, language: str) -> float:
    """How alike two phrases sound, from 0 to 1."""
    return alike(sounds(split(one), language), sounds(split(other), language))
