"""Tells the people on duty: a command, a web hook, or both. In threads, one notice at a time; what fails is tried again."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from twisted.internet.threads import deferToThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twisted.python.failure import Failure

log = structlog.get_logger()

MOST_WAITING = 100  # notices; beyond them the oldest is given up
_PATIENCE_S = 10.0


class Channel:
    """One way to tell. `deliver` blocks, and raises when it could not. In the reactor's thread but for that."""

    def __init__(self, reactor: Any, name: str, deliver: Callable[[bytes], None]) -> None:
        self._reactor, self._name, self._deliver = reactor, name, deliver
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._busy = False

    def send(self, notice: bytes) -> None:
        """Tell this, after those that wait."""
        self._waiting.append(notice)
        self.again()

    def again(self) -> None:
        """Try those that could not be delivered; nothing while one is under way."""
        if self._busy or not self._waiting:
            return
        self._busy = True
        notice = self._waiting[0]
        done = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._deliver, notice)
        done.addCallbacks(lambda _none: self._delivered(notice), self._failed)

    def _delivered(self, notice: bytes) -> None:
        self._busy = False
        if self._waiting and self._waiting[0] is notice:  # else it was given up meanwhile
            self._waiting.popleft()
        self.again()

    def _failed(self, failure: Failure) -> None:
        self._busy = False
        log.error("an alarm could not be told", channel=self._name, waiting=len(self._waiting), why=repr(failure.value)[:300])


def channels(reactor: Any, command: Sequence[str], hook: str) -> list[Channel]:
    """Those the settings name."""
    found = []
    if command:
        found.append(Channel(reactor, "command", lambda notice: _run(command, notice)))
    if hook:
        found.append(Channel(reactor, "web hook", lambda notice: _post(hook, notice)))
    return found


def notice_of(**fields: object) -> bytes:
    """A notice as it is told: one JSON object."""
    return msgspec.json.encode(fields)


def _run(command: Sequence[str], notice: bytes) -> None:
    # The administrator's own command, without a shell and without this process's environment.
    subprocess.run(  # noqa: S603
        command,
        input=notice,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_PATIENCE_S,
        check=True,
        env={"PATH": os.environ.get("PATH", os.defpath)},
    )


def _post(hook: str, notice: bytes) -> None:
    request = urllib.request.Request(hook, notice, {"Content-Type": "application/json"})  # noqa: S310 - the settings allow http(s) only
    with urllib.request.urlopen(request, timeout=_PATIENCE_S):  # noqa: S310 # nosec B310
        return
