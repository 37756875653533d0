"""One connection to Asterisk's manager, from the call to `start` until it is lost: a thread that asks, a thread that reads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.asterisk.ami import Ami, Refused
from ivr_engine.exchange.asterisk.signs import Signs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ivr_engine.exchange.interface import Sign

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AsteriskSettings:
    """Where Asterisk's manager and ledger are. Times in seconds.

    `timeout` bounds the connect and every reply; a silent link is asked for a sign of life each `ping_every`. After a loss
    the next attempt comes after `retry_first`, then after twice as long each time, at most `retry_most`.
    """

    host: str = "127.0.0.1"
    port: int = 5038
    user: str = "ivr"
    secret: str = field(default="", repr=False)
    queue_log: Path = Path("/var/log/asterisk/queue_log")
    ping_every: float = 5.0
    timeout: float = 5.0
    retry_first: float = 0.5
    retry_most: float = 30.0


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a link tells what, always in the reactor's thread: `up` comes before any sign, `lost` is the last."""

    up: Callable[[Link], None]
    sign: Callable[[Link, Sign], None]
    lost: Callable[[Link, str], None]


class Link:
    """`ended` fires when both threads are done with it."""

    def __init__(self, reactor: Any, settings: AsteriskSettings, owner: Owner) -> None:
        self._reactor, self._settings, self._owner = reactor, settings, owner
        self._ami = Ami(self._on_event, self._on_lost, settings.timeout)
        self._work: SimpleQueue[tuple[Callable[[], Any], Deferred[Any]] | None] = SimpleQueue()
        self._waiting: list[Deferred[Any]] = []
        self._signs = Signs()
        self._over = False
        self.ended: Deferred[None] = Deferred()

    def start(self) -> None:
        """Connect, log in, tell the owner; all that in a thread of its own."""
        threading.Thread(target=self._run, name="ami-sender", daemon=True).start()

    def close(self) -> None:
        """Let go; `lost` is told as after any other end."""
        self._work.put(None)
        self._ami.close()

    def rows(self, action: str, queue: str = "") -> Deferred[list[Mapping[str, str]]]:
        """The rows of an action that answers with a list, of one queue or of everything; fails with Unavailable."""
        return self._ask(lambda: self._ami.rows(action, queue))

    def do(self, *actions: Mapping[str, str], allowed: Sequence[str] = ()) -> Deferred[None]:
        """Do actions, in that order, also after a refused one; fails with Unavailable, which names all that were. See Ami.do."""

        def all_of_them() -> None:
            refused: list[Refused] = []
            for action in actions:
                try:
                    self._ami.do(action, allowed=allowed)
                except Refused as error:
                    refused.append(error)
            if refused:
                raise Refused("; ".join(error.message for error in refused), refused[0].hint)

        return self._ask(all_of_them)

    def _ask(self, work: Callable[[], Any]) -> Deferred[Any]:
        result: Deferred[Any] = Deferred()
        if self._over:
            result.errback(Unavailable("the connection to Asterisk's manager is lost"))
            return result
        self._waiting.append(result)
        self._work.put((work, result))
        return result

    # In the sending thread

    def _run(self) -> None:
        why = "closed"
        try:
            self._converse()
        except Unavailable as error:
            why = error.message
        except Exception as error:
            log.exception("the manager link failed")
            why = repr(error)
        finally:
            self._ami.close()
            self._reactor.callFromThread(self._end, why)

    def _converse(self) -> None:
        self._ami.connect(self._settings.host, self._settings.port)
        self._ami.login(self._settings.user, self._settings.secret)
        self._reactor.callFromThread(self._owner.up, self)
        self._ami.listen()
        self._ami.rows("QueueStatus", tell=True)  # who waits already reaches the owner as signs
        while True:
            try:
                work = self._work.get(timeout=self._settings.ping_every)
            except Empty:
                self._ami.ping()
                continue
            if work is None:
                raise Unavailable("Asterisk closed the manager connection")
            function, result = work
            try:
                answer: Any = function()
            except Refused as error:
                answer = error
            self._reactor.callFromThread(self._answered, result, answer)

    # In the reading thread

    def _on_event(self, event: Mapping[str, str]) -> None:
        try:
            sign = self._signs.read(event)
        except (KeyError, ValueError) as error:
            log.warning("an event of Asterisk cannot be read", name=event.get("Event"), error=repr(error))
            return
        if sign is not None:
            self._reactor.callFromThread(self._owner.sign, self, sign)

    def _on_lost(self) -> None:
        self._work.put(None)

    # In the reactor's thread

    def _answered(self, result: Deferred[Any], answer: Any) -> None:
        if result not in self._waiting:
            return
        self._waiting.remove(result)
        if isinstance(answer, Refused):
            result.errback(answer)
        else:
            result.callback(answer)

    def _end(self, why: str) -> None:
        self._over = True
        for result in self._waiting:
            result.errback(Unavailable(f"Asterisk cannot be asked: {why}"))
        self._waiting.clear()
        self._owner.lost(self, why)
        self.ended.callback(None)
