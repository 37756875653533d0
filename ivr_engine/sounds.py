"""What `speech`, which makes sounds, and `dialogue`, which has them played, both say: a sound, and a prompt's kind."""

from __future__ import annotations

from typing import Final, NamedTuple

ARTICLE: Final = "article."
"""An article is heard as the prompt `article.<id>`."""
MESSAGE: Final = "message."
"""A front message is heard as the prompt `message.<id>`."""


class Sound(NamedTuple):
    """One file of an utterance: its name without extension, and its length in milliseconds."""

    file: str
    ms: int
