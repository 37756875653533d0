"""A FastAGI server on a clock and transports in memory: the test plays Asterisk, byte by byte if it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from ivr_engine.agi.server import AgiServer, AgiSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from ivr_engine.agi.commands import Agi
    from ivr_engine.agi.protocol import Session

HEADER = b"agi_network: yes\nagi_network_script: lavoro\nagi_uniqueid: 1761234567.86\nagi_callerid: 0612345678\n\n"


class Transport(StringTransport):
    """Remembers being cut, as well as being closed."""

    cut = False

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        self.cut = True


class Line:
    """One connection to the server."""

    def __init__(self, session: Session) -> None:
        self.session, self.transport = session, Transport()
        session.makeConnection(self.transport)

    def feed(self, data: bytes, piece: int = 0) -> list[str]:
        """Bytes from Asterisk, whole or in pieces; the command lines the engine answers with."""
        for start in range(0, len(data), piece or len(data)):
            self.session.dataReceived(data[start : start + (piece or len(data))])
        return self.sent()

    def sent(self) -> list[str]:
        lines = self.transport.value().decode().split("\n")[:-1]
        self.transport.clear()
        return lines

    def lose(self) -> None:
        self.session.connectionLost(Failure(ConnectionDone()))


class Bench:
    """The server, its clock, and what its handler came to."""

    def __init__(self, handler: Callable[[Agi], Coroutine[Any, Any, Any]], settings: AgiSettings | None = None) -> None:
        self.clock = MemoryReactorClock()
        self.results: list[Any] = []
        self.errors: list[BaseException] = []
        self.handler = handler
        self.server = AgiServer(self.clock, settings or AgiSettings(), self._handle)
        self.server.watch()

    async def _handle(self, agi: Agi) -> None:
        try:
            self.results.append(await self.handler(agi))
        except Exception as error:
            self.errors.append(error)
            raise

    def dial(self, host: str = "127.0.0.1", header: bytes = b"") -> Line:
        session = self.server.buildProtocol(IPv4Address("TCP", host, 40000))
        assert session is not None
        line = Line(session)
        if header:
            line.feed(header)
        return line

    def converse(self, exchanges: Sequence[tuple[str, bytes]], cut: int | None = None) -> Line:
        """Play a whole call: (command expected, bytes answered). Answers come whole, cut after byte `cut`, or (-1) by bytes."""
        line = self.dial()
        sent = line.feed(HEADER)
        for command, answer in exchanges:
            assert sent == [command]
            if cut is None:
                sent = line.feed(answer)
            elif cut < 0:
                sent = line.feed(answer, 1)
            else:
                sent = line.feed(answer[:cut]) + line.feed(answer[cut:]) if 0 < cut < len(answer) else line.feed(answer)
        assert sent == []
        return line


@pytest.fixture
def bench() -> type[Bench]:
    """`bench(handler, settings)` makes a server; see Bench."""
    return Bench


@pytest.fixture
def header() -> bytes:
    """A small header."""
    return HEADER
