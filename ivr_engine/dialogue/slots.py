"""Slots in a prompt's text: `{scadenza:date}` is spoken as a date."""

from __future__ import annotations

import difflib
import re

KINDS = ("date", "number", "digits", "phone", "amount", "time", "prompt")
"""How a slot's value may be spoken; `prompt` takes the value as the key of another prompt."""

_BRACED = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")


def mistakes(text: str) -> list[tuple[str, str]]:
    """What is wrong with the slots of a text, each with how to mend it."""
    found = []
    for slot in _BRACED.findall(text):
        name, colon, kind = slot.partition(":")
        if not colon or not _NAME.fullmatch(name):
            found.append((f"{{{slot}}} is no slot", "write {name:kind}"))
        elif kind not in KINDS:
            close = difflib.get_close_matches(kind, KINDS, 1)
            hint = f"did you mean {close[0]}?" if close else f"kinds are {', '.join(KINDS)}"
            found.append((f"slot {{{slot}}} is of no known kind", hint))
    if re.search(r"[{}]", _BRACED.sub("", text)):
        found.append(("has a brace that belongs to no slot", "write {name:kind}"))
    return found


def present(text: str) -> bool:
    """Whether the text has anything in braces."""
    return bool(re.search(r"[{}]", text))
