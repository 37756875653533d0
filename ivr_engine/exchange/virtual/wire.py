"""A FastAGI connection within the process: the same bytes between the same two parsers, without sockets.

What one end writes reaches the other in the reactor's next turn, as from a socket, and in pieces no larger than were written.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HERE = IPv4Address("TCP", "127.0.0.1", 0)
_DONE = Failure(ConnectionDone())  # type: ignore[no-untyped-call]


class Wires:
    """Makes such connections to one listener. `accept` is a Twisted factory's buildProtocol."""

    def __init__(self, reactor: Any, accept: Callable[[IPv4Address], Any]) -> None:
        self._reactor, self._accept = reactor, accept
        self._due: deque[tuple[Callable[..., None], Any]] = deque()
        self._asked = self._carried = False

    def connect(self, client: Any) -> bool:
        """Connect a client's protocol; False when the listener refuses."""
        server = self._accept(_HERE)
        if server is None:
            return False
        near, far = End(self, client), End(self, server)
        near.peer, far.peer = far, near
        server.makeConnection(far)
        client.makeConnection(near)
        return True

    def later(self, act: Callable[..., None], argument: Any) -> None:
        """Do it in the reactor's next turn, after what was asked for before."""
        self._due.append((act, argument))
        if not self._carried:
            self._ask()

    @contextlib.contextmanager
    def carried(self) -> Iterator[Callable[[], None]]:
        """See clock.Carrier."""
        self._carried = True
        try:
            yield self._carry
        finally:
            self._carried = False
            if self._due:
                self._ask()

    def _ask(self) -> None:
        if not self._asked:
            self._asked = True
            self._reactor.callLater(0, self._run)

    def _run(self) -> None:
        self._asked = False
        with self.carried() as carry:
            carry()

    def _carry(self) -> None:
        while self._due:  # answers to what is carried now are carried in the same turn
            act, argument = self._due.popleft()
            act(argument)


class End:
    """The transport of one of the two protocols."""

    peer: End

    def __init__(self, wires: Wires, protocol: Any) -> None:
        self._wires, self._protocol = wires, protocol
        self._open = self._alive = True

    def write(self, data: bytes) -> None:
        """Send; nothing after the end."""
        if self._open and data:
            self._wires.later(self.peer.take, data)

    def loseConnection(self) -> None:  # noqa: N802 - ITransport
        """Close in good order: what was written arrives first."""
        if self._open:
            self._open = False
            self._wires.later(self.peer.ended, None)
            self._wires.later(self.lost, None)

    abortConnection = loseConnection  # noqa: N815 - ITransport

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802 - ITCPTransport
        """Nothing is ever delayed here."""

    def getPeer(self) -> IPv4Address:  # noqa: N802 - ITransport
        """This machine."""
        return _HERE

    def take(self, data: bytes) -> None:
        """Bytes from the other end."""
        if self._alive:
            self._protocol.dataReceived(data)

    def ended(self, _nothing: None) -> None:
        """The other end writes no more, and is gone in a moment."""
        if not self._alive:
            return
        if hasattr(self._protocol, "readConnectionLost"):
            self._protocol.readConnectionLost()
        self.lost(None)

    def lost(self, _nothing: None) -> None:
        """It is over for this end."""
        if self._alive:
            self._open = self._alive = False
            self._protocol.connectionLost(_DONE)
