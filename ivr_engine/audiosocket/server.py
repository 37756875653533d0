"""Listens for the exchange's media connections and brings each to the call that waits for it, by its UUID."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.interfaces import IProtocol
from zope.interface import implementer  # type: ignore[import-untyped]

from ivr_engine.audiosocket.pacing import Pacer
from ivr_engine.audiosocket.wire import AUDIO, ERROR, HANGUP, KEY, UUID, Parser, WireError
from ivr_engine.sockets import Listener, allow_list

if TYPE_CHECKING:
    from ivr_engine.audiosocket.conversation import Conversation

log = structlog.get_logger()

BACKLOG = 512
INTRODUCTION_S = 2.0
"""Seconds a connection has to say which call it belongs to."""
CLOSING_S = 1.0
"""Seconds the exchange has to close after the goodbye."""
_MOST_BEHIND = 64 * 1024
"""Bytes that may wait to be sent, 4 s of sound: then the other side reads no more."""


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Where to listen and for whom. `advertised`: host:port as Asterisk reaches it, "" for the listening one."""

    host: str = "127.0.0.1"
    port: int = 9092
    advertised: str = ""
    allow: tuple[str, ...] = ("127.0.0.1", "::1")
    max_calls: int = 500
    connect_timeout: float = 4.0


@dataclass(slots=True)
class Counts:
    """Since the start: conversations begun, connections refused (no room, a stranger, an unknown call, garbage)."""

    served: int = 0
    refused: int = 0


class MediaServer:
    """Conversations wait here under their UUID until the exchange connects, then are ticked by the one clock.

    `pace` is whose time callers hear and wait in (`seconds`, `callLater`), if not the reactor's.
    """

    def __init__(self, reactor: Any, settings: MediaSettings, pace: Any = None) -> None:
        self.reactor, self._settings = reactor, settings
        self.pacer = Pacer(pace or reactor)
        self.counts = Counts()
        self._allowed = allow_list("audiosocket.allow", settings.allow)
        self._waiting: dict[bytes, tuple[Conversation, Any]] = {}
        self._connections: set[MediaConnection] = set()
        self._listener: Listener | None = None
        self.address = settings.advertised
        """Where the exchange connects, as its dialplan writes it."""

    def listen(self) -> int:
        """Begin to listen; the port in use. Raises Unavailable when it cannot be had."""
        host, wanted = self._settings.host, self._settings.port
        listener = Listener(self.reactor, self.buildProtocol)
        port = listener.listen(host, wanted, BACKLOG, "audiosocket")
        self._listener = listener
        self.address = self.address or f"{host}:{port}"
        log.info("waiting for voices", host=host, port=port, advertised=self.address)
        return port

    def stop(self) -> None:
        """Close the port and every connection; conversations fail."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for conversation, timer in tuple(self._waiting.values()):
            timer.cancel()
            conversation.fail("broken")
        self._waiting.clear()
        for connection in tuple(self._connections):
            connection.abort()

    # The calls' side

    @property
    def has_room(self) -> bool:
        """Whether one more conversation may begin."""
        return self._listener is not None and len(self._waiting) + len(self._connections) < self._settings.max_calls

    def expect(self, conversation: Conversation) -> str:
        """The exchange is about to connect for this conversation; the UUID it must name. It fails when nobody comes in time."""
        name = uuid.uuid4()
        timer = self.reactor.callLater(self._settings.connect_timeout, self._late, name.bytes)
        self._waiting[name.bytes] = conversation, timer
        return str(name)

    def sounds_of(self, name: str) -> tuple[str, ...]:
        """Names of what is about to be said in the conversation of that UUID; none when nobody is expected for it."""
        waiting = self._waiting.get(uuid.UUID(name).bytes)
        return waiting[0].files if waiting is not None else ()

    def forget(self, name: str) -> None:
        """Nobody will come for it any more; nothing when somebody has."""
        waiting = self._waiting.pop(uuid.UUID(name).bytes, None)
        if waiting is not None:
            waiting[1].cancel()
            waiting[0].fail("unreachable")

    def _late(self, name: bytes) -> None:
        conversation, _ = self._waiting.pop(name)
        conversation.fail("unreachable")

    # The listener's side

    def buildProtocol(self, address: Any) -> MediaConnection | None:  # noqa: N802 - Twisted's name
        """A connection for an exchange of ours; None, which closes at once, for strangers and when there is no room."""
        if not self._allowed(address.host) or len(self._connections) >= self._settings.max_calls:
            self.counts.refused += 1
            return None
        return MediaConnection(self)

    # The connections' side

    def arrived(self, connection: MediaConnection) -> None:
        """A connection is up."""
        self._connections.add(connection)

    def take(self, name: bytes) -> Conversation | None:
        """The conversation of that UUID, which is its connection's from now on; None for one nobody waits for."""
        waiting = self._waiting.pop(name, None)
        if waiting is None:
            return None
        conversation, timer = waiting
        timer.cancel()
        self.counts.served += 1
        return conversation

    def left(self, connection: MediaConnection) -> None:
        """A connection is over."""
        self._connections.discard(connection)


@implementer(IProtocol)
class MediaConnection:
    """One connection: a UUID, then frames both ways. It is the Wire of its conversation."""

    def __init__(self, server: MediaServer) -> None:
        self._server = server
        self._parser = Parser()
        self._conversation: Conversation | None = None
        self._open = True
        self._timer: Any = None

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - IProtocol
        """The exchange connected; it must say for which call."""
        self._transport = transport
        self._timer = self._server.reactor.callLater(INTRODUCTION_S, self._refuse, "it did not say which call it belongs to")
        self._server.arrived(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - IProtocol
        """Bytes, in any pieces."""
        if not self._open:
            return
        try:
            packets = self._parser.feed(data)
        except WireError as error:
            self._refuse(str(error))
            return
        for kind, payload in packets:
            if self._conversation is None:
                if not self._introduce(kind, payload):
                    return
            else:
                self._take(self._conversation, kind, payload)

    def connectionLost(self, reason: Any) -> None:  # noqa: ARG002, N802 - IProtocol
        """The exchange closed, or the network did."""
        self._open = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._server.left(self)
        if self._conversation is not None:
            self._server.pacer.remove(self._conversation)
            self._conversation.fail("broken")

    # The conversation's side

    def send(self, data: bytes) -> None:
        """See conversation.Wire. Whoever does not read is let go."""
        if not self._open:
            return
        if self._transport.queued > _MOST_BEHIND:
            self._refuse("it does not read what it is sent")
            return
        self._transport.write(data)

    def end(self) -> None:
        """See conversation.Wire: the exchange closes; what it still says until then is taken."""
        if self._conversation is not None:
            self._server.pacer.remove(self._conversation)
        if self._open:
            self._timer = self._server.reactor.callLater(CLOSING_S, self.abort)

    def abort(self) -> None:
        """Close now."""
        self._open = False
        self._transport.abortConnection()

    # Within

    def _introduce(self, kind: int, payload: bytes) -> bool:
        conversation = self._server.take(payload) if kind == UUID else None
        if conversation is None:
            self._refuse("no call waits for it" if kind == UUID else "it speaks before it said which call it belongs to")
            return False
        self._timer.cancel()
        self._conversation = conversation
        self._server.pacer.add(conversation)
        conversation.connect(self)
        return True

    def _take(self, conversation: Conversation, kind: int, payload: bytes) -> None:
        if kind == AUDIO:
            conversation.audio(payload)
        elif kind == KEY:
            conversation.press(payload.decode())
        elif kind in (HANGUP, ERROR):
            conversation.fail("broken")
        elif kind == UUID:
            self._refuse("it said twice which call it belongs to")
        else:
            conversation.fail("format")

    def _refuse(self, why: str) -> None:
        log.warning("media connection cut: " + why, peer=str(self._transport.getPeer()))
        self._server.counts.refused += 1
        conversation, self._open = self._conversation, False
        if conversation is not None:
            conversation.fail("broken")
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._transport.abortConnection()
