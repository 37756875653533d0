"""Sounds that come with the engine: what a natural voice said, kept small, by the hash of voice, language and text.

Opus at 16 kHz, some 24 kbit/s: a third of A-law, and good for both rates. A text that changed has another hash and is not found:
nothing here can be out of date. `audio/shipped/<language>/<voice>/<hash>.opus`; made by `ivr prompts pack`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile
import soxr

from ivr_engine.hookspecs import Speech
from ivr_engine.speech.manifest import text_hash

if TYPE_CHECKING:
    from ivr_engine.speech.voice import Samples

SHIPPED = Path(__file__).parents[2] / "audio" / "shipped"
"""Beside the engine, in its source tree; a site without it has its voices speak."""
_RATE = 16000
_SMALLNESS = 0.92  # of libsndfile: 0 is 256 kbit/s, 1 is 6


def shipped(language: str, voice: str, text: str, folder: Path = SHIPPED) -> Speech | None:
    """The sound of a text by this voice; None when it was not shipped."""
    file = _file(folder, language, voice, text)
    if not file.is_file():
        return None
    samples, rate = soundfile.read(file, dtype="float32")
    return Speech(rate, samples)


def pack(language: str, voice: str, text: str, speech: Speech, folder: Path = SHIPPED) -> bool:
    """Keep a sound; False when it is there already. Raises OSError."""
    file = _file(folder, language, voice, text)
    if file.is_file():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    samples: Samples = soxr.resample(speech.samples, speech.rate, _RATE)
    fresh = file.with_suffix(".new")
    soundfile.write(fresh, samples, _RATE, format="OGG", subtype="OPUS", compression_level=_SMALLNESS)
    os.replace(fresh, file)  # noqa: PTH105 - the atomic one, by name
    return True


def prune(language: str, voice: str, texts: set[str], folder: Path = SHIPPED) -> int:
    """Remove what no text needs any more; how many."""
    wanted = {_file(folder, language, voice, text) for text in texts}
    gone = [file for file in sorted((folder / language / voice).glob("*.opus")) if file not in wanted]
    for file in gone:
        file.unlink()
    return len(gone)


def _file(folder: Path, language: str, voice: str, text: str) -> Path:
    return folder / language / voice / f"{text_hash(language, text)}.opus"
