"""What the engine refuses, in the reader's language.

The rooms say it in English, to whoever calls them. Such a sentence, with gaps where its values stand, is the key to the Italian
one; `tests/console/test_refusals.py` holds that none is missing.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from ivr_engine.errors import IvrError

GAP = re.compile(r"\{(\w+)\}")


class Refusals:
    """The sentences of refusals.yaml."""

    def __init__(self) -> None:
        text = (files("ivr_engine.console") / "refusals.yaml").read_text("utf-8")
        table = yaml.load(text, yaml.CSafeLoader)
        by_length = sorted({**table["sentences"], **table["words"]}.items(), key=lambda item: -len(GAP.sub("", item[0])))
        self._known = [(_pattern(english), italian) for english, italian in by_length]

    def say(self, language: str, error: IvrError) -> str:
        """What was refused and how to mend it, in a sentence or two; in English what there is no Italian for."""
        parts = filter(None, (error.message, error.hint))
        said = filter(None, (self._in_italian(part) if language == "it" else part for part in parts))
        return " ".join(f"{part[:1].upper()}{part[1:]}." for part in said)

    def _in_italian(self, english: str) -> str:
        for pattern, italian in self._known:
            if found := pattern.fullmatch(english):
                values = {name: self._in_italian(value.strip("'")) for name, value in found.groupdict().items()}
                return GAP.sub(lambda gap: values[gap[1]], italian)  # noqa: B023 - called at once
        return english


def _pattern(english: str) -> re.Pattern[str]:
    """That sentence with anything in its gaps."""
    parts = GAP.split(english)
    return re.compile("".join(f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL)
