"""One FastAGI connection on Twisted: feeds the parser, writes commands, steps the call's coroutine.

The coroutine is stepped straight from `dataReceived`: awaiting a command costs no Deferred. A handler may await Deferreds
too; it goes on when they fire.
"""

from __future__ import annotations

import contextvars
import math
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]

from ivr_engine.agi.commands import WAITING, Agi
from ivr_engine.agi.wire import HANGUP, PROVISIONAL, Environment, Limits, Parser, Reply, Stray, WireError
from ivr_engine.errors import CallerHungUp, CallLost

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ivr_engine.agi.think import Think

log = structlog.get_logger()

_CLOSING_S = 5.0  # to flush what is left before the connection is cut
_FAILURE = b"failure\n"  # Asterisk's magic word: the script ends with AGISTATUS=FAILURE


class House(Protocol):
    """What sessions share; the server."""

    limits: Limits
    header_timeout: float
    reply_timeout: float
    handler: Callable[[Agi], Coroutine[Any, Any, None]]
    think: Think

    def seconds(self) -> float:
        """The reactor's time."""

    def arrived(self, session: Session) -> None:
        """A connection is up."""

    def admits(self) -> bool:
        """Is there room for one more call?"""

    def left(self, session: Session) -> None:
        """Connection and handler are both over."""

    def count_failure(self) -> None:
        """A handler raised."""


@implementer(IProtocol)
class Session:
    """One connection, from accept to close. `deadline` is when its silence becomes too long, in the reactor's seconds."""

    __slots__ = (
        "_asking", "_connected", "_context", "_coroutine", "_house", "_open", "_parser", "_replied", "_transport",
        "agi", "deadline", "environment", "hung_up",
    )  # fmt: skip

    environment: Environment

    def __init__(self, house: House) -> None:
        self._house = house
        self._parser = Parser(house.limits)
        self._coroutine: Coroutine[Any, Any, None] | None = None
        # What the handler binds to the log (contact=...) holds for this call alone, wherever its lines are written.
        self._context = contextvars.copy_context()
        self._replied = 0.0
        self._asking = False  # a command is in flight
        self._connected = False
        self._open = True  # commands may still be sent
        self.agi: Agi | None = None
        self.hung_up = False
        self.deadline = math.inf

    # Twisted's side

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - IProtocol
        """Asterisk connected; its header is due within the header time-out."""
        self._transport = transport
        self._connected = True
        self.deadline = self._house.seconds() + self._house.header_timeout
        self._house.arrived(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - IProtocol
        """Bytes from Asterisk, in any pieces."""
        if not self._connected or not self._open:
            return
        if self._asking and (answer := self._parser.reply(data)) is not None:
            self._take(answer)
            return
        try:
            facts = self._parser.feed(data)
        except WireError as error:
            self._abort("this is no Asterisk", error=str(error))
            return
        begins, reply = False, None
        for fact in facts:
            if type(fact) is Reply:
                if fact.code == PROVISIONAL:
                    continue
                # What arrived before a command was sent cannot be its reply: one command, one reply a piece.
                if self._asking and reply is None:
                    reply = fact
                else:
                    self._stray(f"{fact.code} result={fact.result} {fact.rest}")
            elif fact is HANGUP:
                self.hung_up = True
            elif type(fact) is Environment:
                self.environment, begins = fact, True
            elif type(fact) is Stray:
                self._stray(fact.line)
        if reply is not None:
            self._take(reply)
        elif begins:
            self._begin()

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002, N802 - IProtocol
        """The connection is gone: the command in flight, or the next one, raises CallLost."""
        self._connected = self._open = False
        self.deadline = math.inf
        if self._asking:
            self._asking = False
            self._step(error=CallLost())
        self._settle()

    # The commands' side

    def send(self, line: bytes, extra: float | None) -> None:
        """Send a command. Silence may last the reply time-out and `extra` seconds; None lifts the limit."""
        if not self._open:
            raise CallLost
        if self._asking:
            raise RuntimeError("one AGI command at a time: the one before has no reply yet")
        self._asking = True
        if self._replied:
            self._house.think.took(perf_counter() - self._replied)
            self._replied = 0.0
        self.deadline = math.inf if extra is None else self._house.seconds() + self._house.reply_timeout + extra
        self._transport.write(line)

    def fail(self, reason: str) -> None:
        """End the script with AGISTATUS=FAILURE; no command can follow."""
        self._log("warning", "call refused", reason=reason)
        if self._open:
            self._transport.write(_FAILURE)
            self._close()

    # The server's side

    @property
    def lasting(self) -> bool:
        """A command without a deadline, such as EXEC Queue, is in flight."""
        return self._asking and self.deadline == math.inf

    def overdue(self) -> None:
        """The deadline has passed: cut the connection; the handler sees CallLost."""
        self._abort("Asterisk is silent for too long")

    def stop(self) -> None:
        """Let go of the call, as if the process had died: its handler is closed where it stands."""
        coroutine, self._coroutine = self._coroutine, None
        self._asking = False
        if coroutine is not None:
            try:
                self._context.run(coroutine.close)
            except Exception:  # noqa: BLE001 - whatever it is, the others are to be closed too
                self._log("exception", "a handler did not let itself be closed")
        if self._connected:
            self._close()
        self._settle()

    # Within

    def _begin(self) -> None:
        if not self._house.admits():
            self.fail("no room for another call")
            return
        self.deadline = math.inf
        self.agi = Agi(self)
        self._coroutine = self._house.handler(self.agi)
        self._step()

    def _take(self, reply: Reply) -> None:
        self._asking = False
        self.deadline = math.inf
        self._replied = perf_counter()
        self._step(reply)

    def _step(self, reply: Reply | None = None, error: BaseException | None = None) -> None:
        """Run the handler up to its next await."""
        assert self._coroutine is not None
        try:
            if error is None:
                awaited = self._context.run(self._coroutine.send, reply)
            else:
                awaited = self._context.run(self._coroutine.throw, error)
        except StopIteration:
            self._end()
        except CallerHungUp as gone:
            self._log("debug", "the handler ended with the call", how=type(gone).__name__)
            self._end()
        except Exception:  # noqa: BLE001 - whatever it is, it is this call's alone
            # The connection closes with IVR_DONE unset, so the dialplan's fall-back takes the caller over.
            self._log("exception", "the handler of a call failed")
            self._house.count_failure()
            self._end()
        else:
            if awaited is WAITING:
                return
            if isinstance(awaited, Deferred):
                awaited.addBoth(self._resume)
            else:
                self._step(error=TypeError(f"a handler awaits commands and Deferreds, not {awaited!r}"))

    def _resume(self, result: object) -> None:
        """A Deferred fired: the coroutine takes a result from it by itself, a failure is thrown. Nothing is left in its chain."""
        if self._coroutine is not None:
            self._step(error=result.value if isinstance(result, Failure) else None)
            self._settle()

    def _end(self) -> None:
        self._coroutine = None
        if self._connected:
            self._close()

    def _settle(self) -> None:
        if self._coroutine is None and not self._connected:
            self._house.left(self)

    def _close(self) -> None:
        if self._open:
            self._open = False
            self.deadline = self._house.seconds() + _CLOSING_S
            self._transport.loseConnection()

    def _abort(self, why: str, **facts: object) -> None:
        self._log("warning", "connection cut: " + why, peer=str(self._transport.getPeer()), **facts)
        self._open = False
        self.deadline = math.inf
        self._transport.abortConnection()

    def _stray(self, line: str) -> None:
        self._log("warning", "a line nobody asked for", line=line[:200])

    def _log(self, level: str, what: str, **facts: object) -> None:
        """A line about this call: with its channel, and whatever its handler has bound."""
        channel = self.environment.uniqueid if hasattr(self, "environment") else ""
        self._context.copy().run(getattr(log, level), what, channel=channel, **facts)  # a copy: the handler may be running
