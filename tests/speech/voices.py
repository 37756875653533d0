"""A voice for tests: a tone as long as the text."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from ivr_engine.errors import Unavailable
from ivr_engine.hookspecs import Speech

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.speech.voice import Samples

RATE = 22050


def tone(seconds: float, level: float = 0.5) -> Samples:
    return (level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


class ToneVoice:
    """Says each character for 50 ms; `spoken` has every text. It fails at a text that holds `fails_at`."""

    name = "tone"

    def __init__(self, fails_at: str = "\0") -> None:
        self.spoken: list[str] = []
        self._fails_at = fails_at
        self._lock = Lock()

    def speak(self, texts: Sequence[str], language: str) -> list[Speech]:
        if any(self._fails_at in text for text in texts):
            raise Unavailable(f"the voice lost its {language}")
        with self._lock:
            self.spoken += texts
        return [Speech(RATE, tone(0.05 * len(text)) if text != "Silenzio" else tone(1, 0)) for text in texts]
