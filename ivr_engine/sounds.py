"""One sound to be played: the word that `speech`, which makes sounds, and `dialogue`, which has them played, share."""

from __future__ import annotations

from typing import NamedTuple


class Sound(NamedTuple):
    """One file of an utterance: its name without extension, and its length in milliseconds."""

    file: str
    ms: int
