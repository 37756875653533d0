"""TCP connections of calls, thousands at once: an epoll set of their own, which Twisted's reactor sees as a single reader.

Around each read Twisted's own connections make some fifteen calls (a context for its log, a look whether the descriptor is still
valid), and a turn of the reactor for each write. Here a turn reads whatever is due, and a write goes out at once: a bare FastAGI
command costs half (docs/performance.md). To its protocol a Connection is what Twisted's transport is, as far as calls need one.
Linux only, as the Asterisk packages are.
"""

from __future__ import annotations

import errno
import ipaddress
import select
import socket
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import structlog
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]

from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = structlog.get_logger()

_PIECE: Final = 16_384
_AT_ONCE: Final = 256  # connections read in one turn of the reactor, which has others to serve
_ACCEPTED_AT_ONCE: Final = 64
_PAUSE_S: Final = 1.0
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER for no time: what is unsent is dropped
_DONE: Final = Failure(ConnectionDone())  # type: ignore[no-untyped-call]
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))  # seconds, seconds, probes


@implementer(IReadDescriptor)
class Listener:
    """A listening port and what was accepted there. `build(address)` makes each connection's protocol; None turns it away."""

    def __init__(self, reactor: Any, build: Callable[[Any], Any]) -> None:
        self._reactor, self._build = reactor, build
        self._connections: dict[int, Connection] = {}
        self._gone: list[Connection] = []
        self._burying = False
        self._listening: socket.socket | None = None

    def listen(self, host: str, port: int, backlog: int, section: str) -> int:
        """Open the port (0 is any free one) and tell its number. Raises Unavailable when it cannot be had, with the settings'
        `section` that names it."""
        six, place = ":" in host, f"port {port} on {host}"
        try:
            listening = socket.create_server(
                (host, port),
                family=socket.AF_INET6 if six else socket.AF_INET,
                backlog=backlog,
                dualstack_ipv6=six and socket.has_dualstack_ipv6(),
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                hint = f"is another engine running? Stop it, or choose another {section}.port"
                raise Unavailable(f"{place} is in use", hint) from error
            hint = f"check {section}.host and {section}.port"
            raise Unavailable(f"cannot listen on {place}: {error.strerror or error}", hint) from error
        listening.setblocking(False)
        # Accepted sockets inherit it: what is written leaves at once, and a dead machine is noticed during a talk too.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._listening = listening
        self._listens_on = listening.fileno()
        self.events = select.epoll()
        self.events.register(self._listens_on, select.EPOLLIN)
        self._reactor.addReader(self)
        number: int = listening.getsockname()[1]
        return number

    def close(self) -> None:
        """Close the port; connections that are up go on."""
        if self._listening is not None:
            self._listening.close()  # which takes it out of the set
            self._listening = None
            self._settle()

    # The reactor's side

    def fileno(self) -> int:
        """Readable when any connection is."""
        return self.events.fileno()

    def logPrefix(self) -> str:  # noqa: N802 - ILoggingContext
        """Of Twisted's own log."""
        return "calls"

    def doRead(self) -> None:  # noqa: N802 - IReadDescriptor
        """Read what is due."""
        self._burying = True
        for descriptor, event in self.events.poll(0, _AT_ONCE):
            connection = self._connections.get(descriptor)
            try:
                if connection is None:
                    self._accept()
                    continue
                if event & select.EPOLLOUT:
                    connection.flush()
                if event & ~select.EPOLLOUT:
                    connection.read()
            except Exception:  # an exception here would cost every connection
                log.exception("a connection failed", peer=str(connection.getPeer()) if connection else "")
                if connection is not None:
                    self.end(connection)
        self._bury()

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002, N802 - IReadDescriptor
        """The reactor stops."""
        self.close()
        self._gone.extend(self._connections.values())
        self._bury()

    # The connections' side

    def end(self, connection: Connection) -> None:
        """Close it and tell its protocol, as soon as nobody is in the middle of it."""
        self._gone.append(connection)
        if not self._burying:
            self._burying = True
            self._reactor.callLater(0, self._bury)

    def _bury(self) -> None:
        while self._gone:
            connection = self._gone.pop()
            if self._connections.get(connection.descriptor) is connection:
                del self._connections[connection.descriptor]
                try:
                    connection.closed()
                except Exception:
                    log.exception("a connection failed at its end", peer=str(connection.getPeer()))
        self._burying = False
        self._settle()

    def _settle(self) -> None:
        if self._listening is None and not self._connections and not self.events.closed:
            self._reactor.removeReader(self)
            self.events.close()

    def _accept(self) -> None:
        if self._listening is None:
            return
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                accepted, (host, port, *_) = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # no descriptors or memory left: it would be tried again without end
                log.warning("no connection can be accepted for now", why=error.strerror)
                self.events.unregister(self._listens_on)
                self._reactor.callLater(_PAUSE_S, self._accept_again)
                return
            accepted.setblocking(False)
            address = (IPv6Address if ":" in host else IPv4Address)("TCP", host, port)
            protocol = None
            try:
                protocol = self._build(address)
            finally:
                if protocol is None:
                    accepted.close()
            if protocol is None:
                continue
            connection = Connection(self, accepted, address, protocol)
            self._connections[connection.descriptor] = connection
            self.events.register(connection.descriptor, select.EPOLLIN)
            try:
                protocol.makeConnection(connection)
            except Exception:
                self.end(connection)
                raise

    def _accept_again(self) -> None:
        if self._listening is not None:
            self.events.register(self._listens_on, select.EPOLLIN)


class Connection:
    """One accepted connection: the transport of its protocol."""

    __slots__ = ("_address", "_ending", "_listener", "_protocol", "_queue", "_socket", "descriptor")

    def __init__(self, listener: Listener, accepted: socket.socket, address: IPv4Address | IPv6Address, protocol: Any) -> None:
        self._listener, self._socket, self._address, self._protocol = listener, accepted, address, protocol
        self._queue = b""
        self._ending = False
        self.descriptor = accepted.fileno()

    # The protocol's side

    @property
    def queued(self) -> int:
        """Bytes that the other side has not taken yet."""
        return len(self._queue)

    def write(self, data: bytes) -> None:
        """Send now, or when the other side takes it; nothing after the end."""
        if self._ending:
            return
        if not self._queue:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._end()
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._listener.events.modify(self.descriptor, select.EPOLLIN | select.EPOLLOUT)
        self._queue += data

    def loseConnection(self) -> None:  # noqa: N802 - ITransport
        """Close in good order: what was written goes out first, and nothing more is read."""
        if self._ending:
            return
        if self._queue:
            self._ending = True
            self._listener.events.modify(self.descriptor, select.EPOLLOUT)
        else:
            self._end()

    def abortConnection(self) -> None:  # noqa: N802 - ITCPTransport
        """Close now, whatever is unsent."""
        if self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._queue = b""
            self._end()

    def getPeer(self) -> IPv4Address | IPv6Address:  # noqa: N802 - ITransport
        """Who connected."""
        return self._address

    # The listener's side

    def read(self) -> None:
        """Hand over what has arrived."""
        try:
            data = self._socket.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
        elif not self._ending:
            self._protocol.dataReceived(data)

    def flush(self) -> None:
        """Send what waits, as far as the other side takes it."""
        try:
            self._queue = self._queue[self._socket.send(self._queue) :]
        except BlockingIOError:
            return
        except OSError:
            self._queue = b""
            self._end()
            return
        if not self._queue:
            if self._ending:
                self._end()
            else:
                self._listener.events.modify(self.descriptor, select.EPOLLIN)

    def closed(self) -> None:
        """Close the socket, which leaves the set by that, and tell the protocol."""
        self._ending = True
        self._socket.close()
        self._protocol.connectionLost(_DONE)

    def _end(self) -> None:
        self._ending = True
        self._listener.end(self)


def allow_list(setting: str, entries: Iterable[str]) -> Callable[[str], bool]:
    """Whether a host (an address as text) is in one of these networks; who is not is logged once under the setting's name."""
    networks = [ipaddress.ip_network(entry, strict=False) for entry in entries]

    @lru_cache(maxsize=1024)  # saves the parsing; a stranger who knocks all day is logged once
    def allowed(host: str) -> bool:
        address = ipaddress.ip_address(host)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        found = any(address in network for network in networks)
        if not found:
            log.warning(f"a stranger was turned away: not in {setting}", address=host)
        return found

    return allowed
