"""Recordings said into a call of `ivr phone`, at the pace of speech."""

from __future__ import annotations

import binascii
from collections import deque
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.hearing import FRAME_BYTES, RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.audiosocket.pacing import Pacer

MOST_S = 60
"""Seconds of sound that may wait to be said."""


class Speaker:
    """Says one recording in a conversation; the next that waits is said in the next conversation, or at once when it comes after
    the last was said. Between them there is silence, as on any telephone. `speak` takes 20 ms of samples as in hearing.py."""

    def __init__(self, pacer: Pacer, speak: Callable[[bytes], None]) -> None:
        self._pacer, self._speak = pacer, speak
        self._waiting: deque[bytes] = deque()
        self._coming = bytearray()
        self._saying = b""
        self._place = 0
        self._listened = False

    def add(self, piece: str, *, more: bool) -> None:
        """A piece of a recording, samples in base64; `more` of it follow. Raises IvrError."""
        try:
            samples = binascii.a2b_base64(piece, strict_mode=True)
        except ValueError as error:
            raise IvrError("what is to be said is not base64") from error
        if sum(map(len, self._waiting)) + len(self._coming) + len(samples) > MOST_S * RATE * 2:
            self._coming.clear()
            raise IvrError(f"more than {MOST_S} s wait to be said", "say it in shorter pieces")
        self._coming += samples
        if not more:
            self._waiting.append(bytes(self._coming))
            self._coming.clear()
            if self._listened and not self._saying:
                self._next()

    def listen(self, on: bool) -> None:
        """The engine listens from now on, or no more: what is being said is broken off."""
        self._listened, self._saying = on, b""
        if on:
            self._next()
            self._pacer.add(self)
        else:
            self._pacer.remove(self)

    def tick(self, frames: int, periods: int) -> None:  # noqa: ARG002 - what was not said in time is said all the same
        """See pacing.Paced."""
        for _ in range(frames):
            frame = self._saying[self._place : self._place + FRAME_BYTES]
            self._place += FRAME_BYTES
            if self._place >= len(self._saying):
                self._saying = b""
            self._speak(frame.ljust(FRAME_BYTES, b"\x00"))

    def lost(self) -> None:
        """See pacing.Paced."""

    def _next(self) -> None:
        self._saying, self._place = self._waiting.popleft() if self._waiting else b"", 0
