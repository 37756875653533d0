"""A small house: the built-in exchange on real loopback sockets, a reactor of the test's own, fast time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

from ivr_engine.agi.server import AgiServer, AgiSettings
from ivr_engine.exchange.virtual.clock import FastClock
from ivr_engine.exchange.virtual.exchange import VirtualExchange
from ivr_engine.exchange.virtual.settings import OperatorSettings, QueueSettings, VirtualSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from ivr_engine.exchange.interface import Sign

START = 1_700_000_000.0  # a whole second, so that whole seconds count as they read
LENGTHS = {"menu": 4000, "answer": 10_000, "short": 500, "ivr/core/operator": 2000, "ivr/core/busy": 3000}
OPERATORS = (
    OperatorSettings("op1", ("lavoro",), answers_after_s=3, talks_s=20),
    OperatorSettings("op2", ("lavoro", "sociale"), answers_after_s=3, talks_s=20),
)
LAVORO = QueueSettings("lavoro")


class RawEngine(LineOnlyReceiver):
    """An engine that sends command lines one after the other and keeps every line it is told; at "..." it thinks."""

    delimiter = b"\n"

    def __init__(self, commands: list[str]) -> None:
        self.commands = list(commands)
        self.header: list[str] = []
        self.lines: list[str] = []
        self._in_header = True
        self._thinking = False

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        text = line.decode()
        if self._in_header:
            self._in_header = bool(text)
            if text:
                self.header.append(text)
            else:
                self.send()
            return
        self.lines.append(text)
        if self._thinking or (text[:3].isdigit() and text[3:4] == " "):
            self.send()

    def send(self) -> None:
        self._thinking = self.commands[:1] == ["..."]
        if self._thinking:
            self.commands.pop(0)
        elif self.commands:
            self.sendLine(self.commands.pop(0).encode())
        else:
            self.transport.loseConnection()


class House:
    """Everything one test needs; `run` drives the reactor until its coroutine is through."""

    def __init__(self) -> None:
        self.reactor = EPollReactor()
        self.clock = FastClock(self.reactor, START)
        self.signs: list[Sign] = []
        self.engines: list[RawEngine] = []
        self.exchange: VirtualExchange
        self.server: AgiServer
        self.react: Callable[[Sign], object] = lambda _sign: None

    def _take(self, sign: Sign) -> None:
        self.signs.append(sign)
        self.react(sign)

    def build(self, port: int, **changes: Any) -> VirtualExchange:
        clock = changes.pop("clock", self.clock)
        settings = {
            "numbers": {"800196001": "lavoro", "800196002": "sociale"},
            "line_queues": {"lavoro": "lavoro", "sociale": "sociale"},
            "queues": (LAVORO, QueueSettings("sociale")),
            "operators": OPERATORS,
            "port": port,
            **changes,
        }
        self.exchange = VirtualExchange(
            self.reactor, clock, VirtualSettings(**settings), lambda _language, file: LENGTHS.get(file)
        )
        self.exchange.start(self._take)
        return self.exchange

    def raw(self, *commands: str, **changes: Any) -> VirtualExchange:
        """An exchange whose engine sends these command lines."""

        def build(_address: Any) -> RawEngine:
            self.engines.append(RawEngine(list(commands)))
            return self.engines[-1]

        factory = Factory()
        factory.noisy = False
        factory.buildProtocol = build  # type: ignore[method-assign]
        return self.build(self.reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port, **changes)

    def serve(self, handler: Callable[[Any], Coroutine[Any, Any, None]], **changes: Any) -> VirtualExchange:
        """An exchange whose engine is the real FastAGI server with this handler."""
        self.server = AgiServer(self.reactor, AgiSettings(port=0), handler)
        return self.build(self.server.listen(), **changes)

    def run(self, coroutine: Coroutine[Any, Any, Any], limit_s: float = 20) -> Any:
        outcome: list[Any] = []

        def start() -> None:
            done = Deferred.fromCoroutine(coroutine)
            done.addTimeout(limit_s, self.reactor)
            done.addBoth(outcome.append)
            done.addBoth(lambda _: self.reactor.stop())

        self.reactor.callWhenRunning(start)
        self.reactor.run(installSignalHandlers=False)
        if hasattr(outcome[0], "raiseException"):
            outcome[0].raiseException()
        return outcome[0]

    def sleep(self, seconds: float) -> Deferred[None]:
        """Real seconds."""
        woken: Deferred[None] = Deferred()
        self.reactor.callLater(seconds, woken.callback, None)
        return woken

    def told(self) -> list[str]:
        """The signs so far, by name and operator."""
        return [" ".join([type(sign).__name__, *filter(None, [getattr(sign, "operator", "")])]) for sign in self.signs]

    def verbs(self) -> list[tuple[str, ...]]:
        """The ledger's verbs with operator and data, without the exchange's own start."""
        entries, _ = self.exchange.ledger("")
        return [(entry.verb, entry.operator, *entry.data) for entry in entries][1:]


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    began = time.monotonic()
    yield built
    built.reactor.removeAll()
    for waker in built.reactor._internalReaders:
        waker.connectionLost(None)
    built.reactor._poller.close()
    assert time.monotonic() - began < 20
