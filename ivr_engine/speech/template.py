"""The text of a prompt with its slots: `Il termine è {scadenza:date}.`"""

from __future__ import annotations

import re
from typing import NamedTuple

KINDS = ("date", "number", "digits", "phone", "amount", "time", "prompt")
_SLOT = re.compile(r"\{([A-Za-z][A-Za-z0-9_.]*):(" + "|".join(KINDS) + r")\}")


class Slot(NamedTuple):
    """A gap in a prompt: the name of the value that fills it and how it is spoken."""

    name: str
    kind: str


def parse(text: str) -> tuple[str | Slot, ...]:
    """The prompt's parts in order: texts to be spoken, and slots. Raises ValueError on a brace that is no slot."""
    parts: list[str | Slot] = []
    end = 0
    for match in _SLOT.finditer(text):
        _add_text(parts, text[end : match.start()])
        parts.append(Slot(match[1], match[2]))
        end = match.end()
    _add_text(parts, text[end:])
    return tuple(parts)


def _add_text(parts: list[str | Slot], text: str) -> None:
    if "{" in text or "}" in text:
        raise ValueError(f"a slot is written {{name:kind}}, with kind one of {', '.join(KINDS)}")
    # What stands between two slots may be a lone comma or full stop: there is nothing to say in it.
    if any(character.isalnum() for character in text):
        parts.append(text.strip())
