"""A thread that watches the reactor: blocked, its stack is logged; blocked too long, the process ends to be restarted."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from typing import Any

import structlog

EXIT_CODE = 70
_BEAT = 0.25
_GRACE = 1.0

log = structlog.get_logger()


class Watchdog:
    """Beats in the reactor, looks from a thread. `limit`: seconds without a beat after which the process exits with 70."""

    def __init__(self, reactor: Any, limit: float) -> None:
        self._reactor, self._limit = reactor, limit
        self._last = time.monotonic()
        self._stopped = threading.Event()
        self._watched = 0

    def start(self) -> None:
        """Begin, from the reactor's thread."""
        self._watched = threading.get_ident()
        self._beat()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    def _beat(self) -> None:
        self._last = time.monotonic()
        if not self._stopped.is_set():
            self._reactor.callLater(_BEAT, self._beat)

    def _watch(self) -> None:
        said, looked = False, time.monotonic()
        while not self._stopped.wait(_BEAT):
            if time.monotonic() - looked > _GRACE:  # the whole process stood still (a paused machine): nothing blocked it
                self._last = time.monotonic()
            looked = time.monotonic()
            silent = time.monotonic() - self._last
            if silent < min(_GRACE, self._limit):
                said = False
            elif not said or silent > self._limit:
                said = True
                stack = "".join(traceback.format_stack(sys._current_frames()[self._watched]))
                log.error("the reactor is blocked", seconds=round(silent, 1), stack=stack)
                if silent > self._limit:
                    os._exit(EXIT_CODE)
