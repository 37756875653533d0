"""Watches the reactor: blocked, its stack is logged; blocked too long, the process ends to be restarted.

A thread looks on. Code that keeps Python's interpreter lock stops that thread too; then faulthandler's own timer, which
needs no Python, writes the stacks to a file and ends the process.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

EXIT_CODE = 70
_BEAT = 0.25
_GRACE = 1.0
_BACKSTOP = 3  # times the limit

log = structlog.get_logger()


class Watchdog:
    """Beats in the reactor, looks from a thread. `limit`: seconds without a beat after which the process exits with 70.

    After three times as long it exits with 1 whatever holds it, and `dump` has the stacks of all threads.
    """

    def __init__(self, reactor: Any, limit: float, dump: Path) -> None:
        self._reactor, self._limit, self._dump_path = reactor, limit, dump
        self._dump: TextIO | None = None
        self._last = time.monotonic()
        self._stopped = threading.Event()
        self._watched = 0

    def start(self) -> None:
        """Begin, from the reactor's thread. Raises Unavailable when the file for the stacks cannot be written."""
        try:
            self._dump = self._dump_path.open("a", encoding="utf-8")
        except OSError as error:
            raise Unavailable(f"{self._dump_path} cannot be written: {error.strerror}") from error
        self._watched = threading.get_ident()
        self._beat()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        if self._dump is not None:
            faulthandler.cancel_dump_traceback_later()
            self._dump.close()
            self._dump = None

    def _beat(self) -> None:
        self._last = time.monotonic()
        if self._dump is not None:
            faulthandler.dump_traceback_later(_BACKSTOP * self._limit, file=self._dump, exit=True)
            self._reactor.callLater(_BEAT, self._beat)

    def _watch(self) -> None:
        said, looked = False, time.monotonic()
        while not self._stopped.wait(_BEAT):
            if time.monotonic() - looked > _GRACE:  # the whole process stood still (a paused machine): nothing blocked it
                self._last = time.monotonic()
            silent = time.monotonic() - self._last
            if silent < min(_GRACE, self._limit):
                said = False
            elif not said or silent > self._limit:
                said = True
                self._say(silent)
                if silent > self._limit:
                    os._exit(EXIT_CODE)
            looked = time.monotonic()

    def _say(self, silent: float) -> None:
        stack = "".join(traceback.format_stack(sys._current_frames()[self._watched]))
        told = {"seconds": round(silent, 1), "stack": stack}
        # In a thread of its own, waited for a moment only: nobody may be reading what the log is written to.
        saying = threading.Thread(target=log.error, args=("the reactor is blocked",), kwargs=told, daemon=True)
        saying.start()
        saying.join(_GRACE)
