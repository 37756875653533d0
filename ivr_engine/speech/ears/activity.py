"""Whether a frame holds speech: WebRTC's detector, and a level that stands out from the line's own noise."""

from __future__ import annotations

from collections import deque

import numpy as np

from ivr_engine.hearing import RATE

_STRICT = 2
"""WebRTC's mode, 0 (anything may be speech) to 3."""
_FLOOR_FRAMES = 100
"""Two seconds: the quietest tenth of them is the noise."""
_ABOVE_DB = 4.0
_LEAST_DB = -55.0
"""Below this (0 is full scale) nobody speaks."""
_UNDER_SPEECH_DB = 22.0
"""What is so much quieter than the caller's own voice was is somebody else's."""
_FORGET_DB = 0.05
"""By how much a frame the memory of the caller's loudness fades."""


class Activity:
    """Of one caller, frame by frame of 20 ms."""

    def __init__(self) -> None:
        import webrtcvad  # comes with the extras of the recognisers

        self._detector = webrtcvad.Vad(_STRICT)
        self._levels: deque[float] = deque(maxlen=_FLOOR_FRAMES)
        self._voice_db = -100.0

    def speaks(self, frame: bytes) -> bool:
        """Whether this frame is speech. About 30 microseconds."""
        samples = np.frombuffer(frame, "<i2").astype(np.float32)
        level = 10 * float(np.log10(np.mean(samples * samples) / 32768**2 + 1e-10))
        floor = sorted(self._levels)[len(self._levels) // 10] if self._levels else _LEAST_DB
        self._levels.append(level)
        self._voice_db -= _FORGET_DB
        if level < max(_LEAST_DB, min(floor + _ABOVE_DB, -20.0), self._voice_db - _UNDER_SPEECH_DB):
            return False
        if not self._detector.is_speech(frame, RATE):
            return False
        self._voice_db = max(self._voice_db, level)
        return True
