"""Sound files as the lines in which `ivr phone` hands them to the engine."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from ivr_engine.errors import Unavailable
from ivr_engine.hearing import RATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST_S = 30
_PIECE = 2 * RATE  # bytes of samples in one line, a second's


def pieces(file: Path) -> Iterator[tuple[str, bool]]:
    """A sound file of any rate, its first half a minute: samples as in hearing.py, in base64, and whether more follow.

    Raises Unavailable, before the first piece.
    """
    samples = _samples(file)
    for start in range(0, len(samples), _PIECE):
        yield b64encode(samples[start : start + _PIECE]).decode(), start + _PIECE < len(samples)


def _samples(file: Path) -> bytes:
    try:
        with soundfile.SoundFile(file) as sound:
            rate = sound.samplerate
            samples = sound.read(_LONGEST_S * rate, dtype="float32", always_2d=True).mean(axis=1)
    except (OSError, soundfile.SoundFileError) as error:
        raise Unavailable(f"{file} cannot be said: {error}", "a WAV file is always understood") from error
    if not len(samples):
        raise Unavailable(f"{file} cannot be said: it is empty", "record it again")
    telephone = np.clip(soxr.resample(samples, rate, RATE), -1, 1)
    return bytes((telephone * 32767).astype("<i2").tobytes())
