"""Listens for Asterisk: who may connect, how many calls at once, how long silence may last, how to leave in good order."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred

from ivr_engine.agi.protocol import Session
from ivr_engine.agi.think import Think
from ivr_engine.agi.wire import Limits
from ivr_engine.sockets import Listener, allow_list

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ivr_engine.agi.commands import Agi

log = structlog.get_logger()

BACKLOG = 4096
SPARE_FILES = 512  # for the store, the logs, the manager interface, and calls about to be refused
MOST_UNINTRODUCED = SPARE_FILES // 2
"""Connections beyond the calls there is room for, until they are refused in words."""
_SWEEP_S = 0.5


@dataclass(frozen=True, slots=True)
class AgiSettings:
    """Where to listen and for whom. Times in seconds; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 4573
    allow: tuple[str, ...] = ("127.0.0.1", "::1")
    max_calls: int = 4000
    header_timeout: float = 5.0
    reply_timeout: float = 180.0
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Calls now, and since the start."""

    up: int
    served: int
    failed: int
    """Handlers that raised; their callers went to the dialplan's fall-back. Counted among `served` too."""
    refused: int
    """Answered with `failure`: no room, or draining."""
    strangers: int
    """Connections from addresses that are not allowed."""


def in_self_service(agi: Agi) -> bool:
    """A call that is not in a queue or a talk: no command without a deadline is running."""
    return not agi.lasting


class AgiServer:
    """Serves calls: `handler` runs once for each, in the reactor's thread, and may await commands and Deferreds."""

    def __init__(self, reactor: Any, settings: AgiSettings, handler: Callable[[Agi], Coroutine[Any, Any, None]]) -> None:
        self._reactor, self._settings = reactor, settings
        self.handler = handler
        self.limits = settings.limits
        self.header_timeout, self.reply_timeout = settings.header_timeout, settings.reply_timeout
        self.seconds: Callable[[], float] = reactor.seconds
        self._allowed = allow_list("agi.allow", settings.allow)
        self._sessions: set[Session] = set()
        self._listener: Listener | None = None
        self._sweep: Any = None
        self._drain: _Drain | None = None
        self.think = Think()
        self._up = self._served = self._failed = self._refused = self._strangers = 0

    def listen(self) -> int:
        """Begin to serve; the port in use. Raises Unavailable when it cannot be had."""
        settings = self._settings
        raise_file_limit(settings.max_calls + SPARE_FILES)
        listener = Listener(self._reactor, self.buildProtocol)
        port = listener.listen(settings.host, settings.port, BACKLOG, "agi")
        self._listener = listener
        self.watch()
        log.info("waiting for calls", host=settings.host, port=port, max_calls=settings.max_calls)
        return port

    def watch(self) -> None:
        """Begin to look after deadlines; `listen` does."""
        self._sweep = self._reactor.callLater(_SWEEP_S, self._look)

    def statistics(self) -> Statistics:
        """Counts, for the log and the console."""
        return Statistics(self._up, self._served, self._failed, self._refused, self._strangers)

    def takes_calls(self) -> bool:
        """Is the port open, and is there room?"""
        return self._listener is not None and self._drain is None and self._up < self._settings.max_calls

    def drain(self, timeout: float, waits_for: Callable[[Agi], bool] = in_self_service) -> Deferred[int]:
        """Take no more calls; fires when no call that `waits_for` picks is left, with 0, or after `timeout` with their number.

        Asked once. Other calls (in a queue, talking) are neither waited for nor ended.
        """
        if self._drain is None:
            self._close_port()
            self._drain = _Drain(self.seconds() + timeout, waits_for)
            self._check_drain()
        return self._drain.done

    def stop(self) -> None:
        """Close the port and let go of every call at once, as if the process had died: handlers are closed, not ended."""
        self._close_port()
        if self._sweep is not None and self._sweep.active():
            self._sweep.cancel()
        for session in tuple(self._sessions):
            session.stop()

    # The listener's side

    def buildProtocol(self, address: Any) -> Session | None:  # noqa: N802 - Twisted's name
        """A session for an Asterisk of ours; None, which closes at once, for a stranger or for one connection too many."""
        if not self._allowed(address.host):
            self._strangers += 1
            return None
        if len(self._sessions) >= self._settings.max_calls + MOST_UNINTRODUCED:  # an Asterisk gone mad must not take all files
            self._refused += 1
            return None
        return Session(self)

    # The sessions' side

    def arrived(self, session: Session) -> None:
        """A connection is up."""
        self._sessions.add(session)

    def admits(self) -> bool:
        """Is there room for one more call? If so it is counted in."""
        if self._drain is not None or self._up >= self._settings.max_calls:
            self._refused += 1
            return False
        self._up += 1
        return True

    def left(self, session: Session) -> None:
        """Connection and handler of a session are both over."""
        self._sessions.discard(session)
        if session.agi is not None:
            session.agi = None  # the two know each other; apart, both go without the garbage collector
            self._up -= 1
            self._served += 1
        if self._drain is not None:
            self._check_drain()

    def count_failure(self) -> None:
        """A handler raised."""
        self._failed += 1

    def _look(self) -> None:
        """Twice a second: one timer for all deadlines, since one a command would cost more than the command."""
        self._sweep = self._reactor.callLater(_SWEEP_S, self._look)
        now = self.seconds()
        for session in [session for session in self._sessions if session.deadline <= now]:
            session.overdue()
        if self._drain is not None:
            self._check_drain()

    def _check_drain(self) -> None:
        drain = self._drain
        assert drain is not None
        left = sum(1 for session in self._sessions if session.agi is not None and drain.waits_for(session.agi))
        if not drain.done.called and (left == 0 or self.seconds() >= drain.until):
            drain.done.callback(left)

    def _close_port(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None


class _Drain:
    def __init__(self, until: float, waits_for: Callable[[Agi], bool]) -> None:
        self.until, self.waits_for = until, waits_for
        self.done: Deferred[int] = Deferred()


def raise_file_limit(needed: int) -> None:
    """Let this process open `needed` files; says so in the log when the machine does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    possible = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < needed:
        log.warning(
            "this machine does not allow as many calls as the settings do: raise its hard limit of open files (LimitNOFILE)",
            allowed=possible,
            needed=needed,
        )
