"""One clock for all conversations: a tick every 20 ms that neither drifts nor makes up for a stall with a burst."""

from __future__ import annotations

from typing import Any, Protocol

import structlog

from ivr_engine.hearing import FRAME_MS

log = structlog.get_logger()

PERIOD_S = FRAME_MS / 1000
MOST_AT_ONCE = 3
"""Frames sent together after a late tick. Older ones are given up: the caller has heard the gap already."""


class Paced(Protocol):
    """Wants the ticks."""

    def tick(self, frames: int, periods: int) -> None:
        """`periods` of 20 ms have passed since the last tick; so many `frames` are due now."""

    def lost(self) -> None:
        """Its tick raised: there will be no more of them."""


class Pacer:
    """Ticks while anybody wants it. The n-th tick is due n periods after the first, however late others were."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._paced: dict[Paced, None] = {}
        self._began = 0.0
        self._done = 0
        self._timer: Any = None
        self.given_up = 0
        """Frames that were never sent, since the start."""

    def add(self, paced: Paced) -> None:
        """Tick it from the next tick on."""
        self._paced[paced] = None
        if self._timer is None:
            self._began, self._done = self._reactor.seconds(), 0
            self._timer = self._reactor.callLater(PERIOD_S, self._tick)

    def remove(self, paced: Paced) -> None:
        """Tick it no more; nothing when it was not ticked."""
        self._paced.pop(paced, None)
        if not self._paced and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        # 20 µs of grace: timers may fire a rounding error too early, and clocks may count in whole microseconds.
        due = int((self._reactor.seconds() - self._began) / PERIOD_S + 1e-3) - self._done
        self._done += due
        frames = min(due, MOST_AT_ONCE)
        self.given_up += (due - frames) * len(self._paced)
        for paced in tuple(self._paced) if due > 0 else ():
            if paced in self._paced:
                try:
                    paced.tick(frames, due)
                except Exception:
                    log.exception("a conversation failed at its tick")
                    self._paced.pop(paced, None)
                    paced.lost()
        if self._paced and self._timer is None:
            wait = self._began + (self._done + 1) * PERIOD_S - self._reactor.seconds()
            self._timer = self._reactor.callLater(max(0.0, wait), self._tick)
