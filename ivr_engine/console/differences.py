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
    for kind, start, end, there, until in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(old[start:end])))
            continue
        if end > start:
            pieces.append(Piece("gone", "".join(old[start:end])))
        if until > there:
            pieces.append(Piece("new", "".join(new[there:until])))
    return pieces
