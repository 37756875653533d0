"""What changed between two texts, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import NamedTuple

_WORDS = re.compile(r"\s*\S+")


class Piece(NamedTuple):
    """A stretch of text. `kind`: same, gone, new."""

    kind: str
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """Both texts in one row; nothing but one `same` piece when they are equal."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[Piece] = []
    # Words that make up more than a hundredth of a long text hold nothing together: without that rule of difflib's, a text of one
    # word said a thousand times would keep everybody waiting for minutes.
    for kind, start, end, there, until in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(old[start:end])))
            continue
        if end > start:
            pieces.append(Piece("gone", "".join(old[start:end])))
        if until > there:
            pieces.append(Piece("new", "".join(new[there:until])))
    return pieces
