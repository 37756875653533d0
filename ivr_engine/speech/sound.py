"""From a voice's samples to a file the telephone plays: trimmed, levelled, mono 16-bit WAV at 8 or 16 kHz.

Every WAV made here says so in its header: one that does not is somebody's recording.
"""

from __future__ import annotations

import os
import struct
import wave
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ivr_engine.hookspecs import Speech
    from ivr_engine.speech.voice import Samples

RATE = 8000
_SILENCE = 0.01  # of the loudest sample: -40 dB
_LEAD_S, _TAIL_S = 0.02, 0.05  # kept around the voice, so that soft consonants are not cut
_FADE_S = 0.005
_PAUSE_S = 0.3
# Root mean square, about -18 dB below full scale. LUFS (ITU-R BS.1770) gates blocks of 400 ms: a spoken "sei" is shorter.
_LOUDNESS = 0.12
_CEILING = 0.89  # -1 dB: resampling and companding overshoot a little
_MARK = b"ivr-engine"
_MADE_HERE = b"LIST" + struct.pack("<I", 4 + 8 + len(_MARK)) + b"INFO" + b"ISFT" + struct.pack("<I", len(_MARK)) + _MARK
_HEADER = 12 + 24 + len(_MADE_HERE) + 8
_RECORDED_S = (0.1, 300.0)  # shortest and longest recording that makes sense


def finish(speech: Speech, rate: int = RATE) -> NDArray[np.int16]:
    """Samples ready for the telephone. Raises ValueError when there is only silence."""
    import numpy as np  # an engine that finds its sounds made does not need it
    import soxr

    samples = soxr.resample(_trim(speech), speech.rate, rate)
    loudness, peak = float(np.sqrt(np.mean(samples**2))), float(np.max(np.abs(samples)))
    samples = samples * min(_LOUDNESS / loudness, _CEILING / peak)
    fade = np.linspace(0, 1, min(int(_FADE_S * rate), len(samples)), dtype=np.float32)
    samples[: len(fade)] *= fade
    samples[len(samples) - len(fade) :] *= fade[::-1]
    return np.asarray(np.round(samples * 32767), dtype=np.int16)


def silence(rate: int = RATE) -> NDArray[np.int16]:
    """The pause between two groups of digits."""
    import numpy as np

    return np.zeros(int(_PAUSE_S * rate), dtype=np.int16)


def _trim(speech: Speech) -> Samples:
    import numpy as np

    level = np.abs(speech.samples)
    if not level.size or level.max() < _SILENCE:
        raise ValueError("there is only silence")
    voiced = np.flatnonzero(level > level.max() * _SILENCE)
    first = max(0, int(voiced[0]) - int(_LEAD_S * speech.rate))
    trimmed: Samples = speech.samples[first : int(voiced[-1]) + int(_TAIL_S * speech.rate)]
    return trimmed


def write(file: Path, samples: NDArray[np.int16], rate: int = RATE) -> int:
    """Write the file, whole or not at all, and return its length in milliseconds."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    data = samples.astype("<i2").tobytes()
    shape = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16)
    head = b"RIFF" + struct.pack("<I", _HEADER - 8 + len(data)) + b"WAVE" + shape + _MADE_HERE
    fresh.write_bytes(head + b"data" + struct.pack("<I", len(data)) + data)
    os.replace(fresh, file)  # noqa: PTH105 - the atomic one, by name
    return len(samples) * 1000 // rate


def made_here(file: Path) -> bool:
    """Whether we wrote the file. Raises OSError."""
    with file.open("rb") as content:
        return _MADE_HERE in content.read(_HEADER)


class Recording(NamedTuple):
    """Somebody's recording: its length in milliseconds, and what is wrong with it ("" = nothing)."""

    ms: int
    wrong: str


def recording(file: Path, rate: int = RATE) -> Recording:
    """Look at a recording. Raises OSError."""
    try:
        with wave.open(str(file), "rb") as sound:
            shape = (sound.getframerate(), sound.getsampwidth(), sound.getnchannels())
            seconds = sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError) as error:
        return Recording(0, f"is no WAV file: {error}")
    if shape != (rate, 2, 1):
        return Recording(0, f"is {shape[0]} Hz, {shape[1] * 8} bit, {shape[2]} channels: it must be {rate} Hz, 16 bit, mono")
    if not _RECORDED_S[0] <= seconds <= _RECORDED_S[1]:
        return Recording(0, f"lasts {seconds:.1f} seconds: between {_RECORDED_S[0]:g} and {_RECORDED_S[1]:g} are expected")
    return Recording(int(seconds * 1000), "")
