"""What reports say, in Italian and English."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LANGUAGES = ("it", "en")


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    texts: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8"))
    wrong = [key for key, text in texts.items() if set(text) != set(LANGUAGES)]
    if wrong:
        raise ValueError(f"texts.yaml: {', '.join(wrong)} not in {' and '.join(LANGUAGES)}")
    return texts


def outcomes() -> dict[str, Mapping[str, str]]:
    """What outcomes are called, by the key `outcome.NAME` and language."""
    return {key: text for key, text in _texts().items() if key.startswith("outcome.")}


def say(language: str, key: str, /, **values: object) -> str:
    """A text with its values put in. Raises KeyError for one there is none of."""
    found = _texts()[key][language]
    return found.format(**values) if values else found


def sayer(language: str) -> Callable[..., str]:
    """`say` in one language."""
    return lambda key, **values: say(language, key, **values)
