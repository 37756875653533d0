"""What the console says, by key and language: one file of texts per area, every text in every language.

Outcomes are called as the reports call them.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

from ivr_engine.reports.texts import outcomes

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("it", "en")


class Texts:
    """The catalogue. Raises KeyError for a key there is none of: a page with a hole is a fault, found by its first test."""

    def __init__(self) -> None:
        self._texts: dict[str, Mapping[str, str]] = dict(outcomes())
        for file in (files("ivr_engine.console") / "texts").iterdir():
            if file.name.endswith(".yaml"):
                for key, texts in (yaml.load(file.read_text("utf-8"), yaml.CSafeLoader) or {}).items():
                    if key in self._texts or set(texts) != set(LANGUAGES):
                        raise ValueError(f"{file.name}: {key} is there twice, or not in {' and '.join(LANGUAGES)}")
                    self._texts[key] = texts

    def say(self, language: str, key: str, /, **values: object) -> str:
        """A text with its values put in."""
        text = self._texts[key][language]
        return text.format(**values) if values else text

    def under(self, prefix: str) -> list[str]:
        """What follows that prefix in the keys that begin with it."""
        return [key.removeprefix(prefix) for key in self._texts if key.startswith(prefix)]

    def has(self, key: str) -> bool:
        """Is there such a text?"""
        return key in self._texts
