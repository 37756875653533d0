"""The microphone of one call in a browser: what it sends is bounded before it reaches the caller's channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ivr_engine.hearing import FRAME_BYTES, FRAME_MS

if TYPE_CHECKING:
    from collections.abc import Callable

IDLE_S = 5.0
"""Seconds without a frame, while the engine listens, after which there is no microphone any more."""
_A_SECOND = 1000 / FRAME_MS * 1.05  # clocks differ a little
_BURST = 100.0  # frames, 2 s: what a network that stalls may bring at once
MOST_DROPPED = 1000
"""Frames beyond what a microphone can say, after which it is none."""


class Microphone:
    """`speak` takes a frame of 20 ms, samples as in hearing.py; `lost` is called once when nothing comes while `listen` is on;
    `refuse` when what comes is no sound of a microphone."""

    def __init__(
        self, reactor: Any, speak: Callable[[bytes], None], lost: Callable[[], None], refuse: Callable[[], None]
    ) -> None:
        self._reactor, self._speak, self._lost, self._refuse = reactor, speak, lost, refuse
        self._allowance, self._last, self._dropped = _BURST, reactor.seconds(), 0
        self._timer: Any = None

    def listen(self, on: bool) -> None:
        """The engine listens from now on, or no more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._reactor.callLater(IDLE_S, self._lost) if on else None

    def take(self, data: bytes) -> None:
        """What the browser sends."""
        if len(data) != FRAME_BYTES:
            self._refuse()
            return
        now = self._reactor.seconds()
        self._allowance = min(_BURST, self._allowance + (now - self._last) * _A_SECOND)
        self._last = now
        if self._allowance < 1:
            self._dropped += 1
            if self._dropped > MOST_DROPPED:
                self._refuse()
            return
        self._allowance -= 1
        if self._timer is not None and self._timer.active():
            self._timer.reset(IDLE_S)
        self._speak(data)
