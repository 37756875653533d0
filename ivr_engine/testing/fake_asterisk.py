"""An Asterisk that plays a script, byte for byte, to a FastAGI server; with its bad habits, if asked.

    asterisk = FakeAsterisk([Step("ANSWER", "200 result=0"), Step("STREAM FILE", "200 result=49 endpos=800")])
    asterisk.call(server.buildProtocol(asterisk.address))
    assert asterisk.asked == [("ANSWER",), ("STREAM FILE", "ivr/lavoro/menu", "0123456789*#")]

All in memory and at once: no port, no reactor. What the script leaves unsaid is answered `200 result=0`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from ivr_engine.agi.client import AgiClient, Introduction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine should ask next, and what becomes of it."""

    command: str = ""
    """Name of the command, and as many of its words as matter; "" takes any."""
    reply: str | None = "200 result=0"
    """The reply line, or several; None answers nothing, ever."""
    hang_up: str = ""
    """"before": a HANGUP line comes between command and reply; "after": after the reply; "": the caller stays."""


class FakeAsterisk:
    """One call. `chunk` sends everything in pieces of that many bytes (0: whole); `cut_at` drops the connection after
    that many bytes; `sighup` False is AGISIGHUP=no."""

    address = IPv4Address("TCP", "127.0.0.1", 40000)

    def __init__(
        self,
        script: Iterable[Step] = (),
        introduction: Introduction | None = None,
        *,
        chunk: int = 0,
        cut_at: int | None = None,
        sighup: bool = True,
    ) -> None:
        self.asked: list[tuple[str, ...]] = []
        """Every command with its words, as the engine sent them."""
        self.unexpected: list[str] = []
        """Commands that were not those of the script."""
        self.received = b""
        """All bytes the engine wrote."""
        self.status = ""
        """AGISTATUS once the script is over."""
        self._script = deque(script)
        self._chunk, self._cut_at = chunk, cut_at
        self._engine: Any = None
        self._out = _Pipe(self.address)
        self._back = _Pipe(self.address)
        self._lost = False
        self._introduction = introduction or Introduction(
            request="agi://127.0.0.1:4573/lavoro",
            channel="PJSIP/trunk-00000001",
            uniqueid="1700000000.1",
            callerid="+390612345678",
            dnid="800196001",
            extension="800196001",
        )
        self._client = AgiClient(self._introduction, self, sighup=sighup)

    def call(self, engine: Any) -> None:
        """Connect to the engine's protocol (from its factory's buildProtocol) and play until both sides wait."""
        self._engine = engine
        engine.makeConnection(self._back)
        self._client.makeConnection(self._out)  # type: ignore[no-untyped-call]
        self.play()

    def play(self) -> None:
        """Go on until both sides wait; to be called again when the engine wrote something by itself."""
        moved = True
        while moved and not self._lost:
            moved = self._to_engine() or self._to_asterisk()

    def hang_up(self) -> None:
        """The caller hangs up while the engine does something else."""
        self._client.hang_up()
        self.play()

    def drop(self) -> None:
        """The connection breaks."""
        if not self._lost:
            self._lost = True
            self._engine.connectionLost(_closed())
            self._client.connectionLost()

    async def respond(self, command: str, words: Sequence[str]) -> str | None:
        """Play the next step of the script."""
        self.asked.append((command, *words))
        step = self._script.popleft() if self._script else Step()
        asked = " ".join((command, *words))
        if not asked.startswith(step.command):
            self.unexpected.append(f"{asked!r} instead of {step.command!r}")
        if step.hang_up == "before":
            self._client.dead = True
            self._out.write(b"HANGUP\n")
        elif step.hang_up == "after":
            self._client.hang_up()
        return await Deferred() if step.reply is None else step.reply

    def interrupt(self) -> None:
        """A script knows no interruption: its replies come in any case."""

    def turn(self, ours: bool) -> None:
        """Nothing depends on whose turn it is."""

    def closed(self, status: str) -> None:
        """The script is over."""
        self.status = status

    def _to_engine(self) -> bool:
        data, left = self._out.take(), self._cut_at
        if left is not None:
            data, cut = data[:left], len(data) >= left
            self._cut_at = left - len(data)
        size = self._chunk or max(1, len(data))
        for start in range(0, len(data), size):
            if not self._back.disconnecting:
                self._engine.dataReceived(data[start : start + size])
        if left is not None and cut:
            self.drop()
        return bool(data)

    def _to_asterisk(self) -> bool:
        data = self._back.take()
        self.received += data
        if data:
            self._client.dataReceived(data)
        if self._back.disconnecting and not self._lost:
            self._lost = True
            self._client.readConnectionLost()
            self._engine.connectionLost(_closed())
        return bool(data)


class _Pipe:
    """One end of the connection, in memory: keeps what is written until it is taken."""

    def __init__(self, peer: IPv4Address) -> None:
        self.disconnecting = False
        self._peer = peer
        self._written = b""

    def take(self) -> bytes:
        """What was written since the last time."""
        data, self._written = self._written, b""
        return data

    def write(self, data: bytes) -> None:
        """Keep it for the other side."""
        self._written += data

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close when the other side has taken everything."""
        self.disconnecting = True

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close at once."""
        self._written, self.disconnecting = b"", True

    def getPeer(self) -> IPv4Address:  # noqa: N802 - Twisted's name
        """The other side's address."""
        return self._peer

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802 - Twisted's name
        """Memory has no delay."""


def _closed() -> Failure:
    return Failure(ConnectionDone())  # type: ignore[no-untyped-call]
