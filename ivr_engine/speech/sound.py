"""From a voice's samples to a file the telephone plays: trimmed, levelled, 8 kHz mono 16-bit WAV."""

from __future__ import annotations

import os
import wave
from typing import TYPE_CHECKING

import numpy as np
import soxr

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ivr_engine.speech.voice import Samples, Speech

RATE = 8000
_SILENCE = 0.01  # of the loudest sample: -40 dB
_LEAD_S, _TAIL_S = 0.02, 0.05  # kept around the voice, so that soft consonants are not cut
_FADE_S = 0.005
_PAUSE_S = 0.3
_LOUDNESS = 0.12  # root mean square: about -18 dB below full scale
_CEILING = 0.89  # -1 dB: resampling and companding overshoot a little


def finish(speech: Speech) -> NDArray[np.int16]:
    """Samples ready for the telephone. Raises ValueError when there is only silence."""
    samples = soxr.resample(_trim(speech), speech.rate, RATE)
    loudness, peak = float(np.sqrt(np.mean(samples**2))), float(np.max(np.abs(samples)))
    samples = samples * min(_LOUDNESS / loudness, _CEILING / peak)
    fade = np.linspace(0, 1, min(int(_FADE_S * RATE), len(samples)), dtype=np.float32)
    samples[: len(fade)] *= fade
    samples[len(samples) - len(fade) :] *= fade[::-1]
    return np.asarray(np.round(samples * 32767), dtype=np.int16)


def silence() -> NDArray[np.int16]:
    """The pause between two groups of digits."""
    return np.zeros(int(_PAUSE_S * RATE), dtype=np.int16)


def _trim(speech: Speech) -> Samples:
    level = np.abs(speech.samples)
    if not level.size or level.max() < _SILENCE:
        raise ValueError("there is only silence")
    voiced = np.flatnonzero(level > level.max() * _SILENCE)
    first = max(0, int(voiced[0]) - int(_LEAD_S * speech.rate))
    return speech.samples[first : int(voiced[-1]) + int(_TAIL_S * speech.rate)]


def write(file: Path, samples: NDArray[np.int16]) -> int:
    """Write the file, whole or not at all, and return its length in milliseconds."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    with wave.open(str(fresh), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples.astype("<i2").tobytes())
    os.replace(fresh, file)  # noqa: PTH105 - the atomic one, by name
    return len(samples) * 1000 // RATE
