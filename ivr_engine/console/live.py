"""The live feed to browsers: one WebSocket per tab, JSON messages, and who is connected."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from twisted.web.websocket import WebSocketResource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from twisted.python.failure import Failure

    from ivr_engine.records.users import Role, User

log = structlog.get_logger()

MOST_TABS = 20
"""Connections of one person at a time."""
_PING_S = 15.0
_SILENT_S = 40.0  # without a pong: the other side has gone
_LONGEST = 1 << 16  # bytes a browser may send before a message of its ends
_MOST_BEHIND = 1 << 20  # bytes a browser may lag behind


class Tab:
    """One connection of one person; a WebSocketProtocol."""

    def __init__(self, live: Live, user: User, token: str) -> None:
        self.user, self.token = user, token
        self.on_gone: list[Callable[[], None]] = []
        """Called once when the connection is over."""
        self.on_bytes: Callable[[bytes], None] | None = None
        """Takes what is no text: a telephone's microphone. Without one whoever sends bytes is cut off."""
        self.channel: Any = None
        """The HTTP connection that becomes the web socket."""
        self._live = live
        self._transport: Any = None
        self._heard = live.reactor.seconds()
        self._behind: int | None = None
        self._received = 0
        self._closing = False

    def send(self, kind: str, /, **fields: Any) -> None:
        """One message; a browser that does not read is cut off and comes back."""
        text = msgspec.json.encode({"kind": kind, **fields}).decode()
        if self._behind is not None:
            self._behind += len(text)
            if self._behind > _MOST_BEHIND:
                self.close()
                return
        if self._transport is not None and not self._closing:
            self._transport.sendTextMessage(text)

    def send_bytes(self, data: bytes) -> None:
        """A telephone's sound; a browser that lags misses it, for it would come too late."""
        if self._transport is not None and self._behind is None and not self._closing:
            self._transport.sendBytesMessage(data)

    def close(self) -> None:
        """End the connection. It may linger until all was sent: nothing can be said on it any more."""
        if self._transport is not None and not self._closing:
            self._closing = True
            self._transport.loseConnection()

    def over(self) -> None:
        """End the connection with its session: the browser says so and does not come back."""
        self.send("over")
        self.close()

    def check(self) -> None:
        """Ask for a sign of life, or give the connection up."""
        if self._closing or self._live.reactor.seconds() - self._heard > _SILENT_S:
            self._transport.transport.abortConnection()
        else:
            self._transport.ping()

    def negotiationStarted(self, transport: Any) -> None:  # noqa: N802 - Twisted's name
        """The connection is about to be a web socket."""
        self._transport = transport

    def negotiationFinished(self) -> None:  # noqa: N802 - Twisted's name
        """The tab is there."""
        self._bound()
        self._transport.detachProducer()  # HTTP's own, which has nothing to pause any more
        self._transport.attachProducer(self)
        self._live.came(self)

    def _bound(self) -> None:
        """Bound what the other side may send: Twisted collects a message without limit. Its channel has by now taken over what it
        hands the bytes to, so it is there that they are counted."""
        channel = self.channel
        receive = channel.dataReceived

        def bounded(data: bytes) -> None:
            self._received += len(data)
            receive(data)
            if self._received > _LONGEST and self._transport is not None:
                self._transport.transport.abortConnection()

        channel.dataReceived = bounded

    def pongReceived(self, payload: bytes) -> None:  # noqa: N802, ARG002 - Twisted's name
        """It lives. Between the pieces of a message that has no end, too: their bytes are counted on."""
        self._heard = self._live.reactor.seconds()

    def textMessageReceived(self, message: str) -> None:  # noqa: N802 - Twisted's name
        """Something the browser says: {"kind": …}."""
        self._heard, self._received = self._live.reactor.seconds(), 0
        try:
            said = msgspec.json.decode(message, type=dict[str, Any])
        except msgspec.DecodeError:
            self.close()
            return
        self._live.said(self, said)

    def bytesMessageReceived(self, data: bytes | bytearray) -> None:  # noqa: N802 - Twisted's name
        """Sound."""
        self._heard, self._received = self._live.reactor.seconds(), 0
        if self.on_bytes is None:
            self.close()
        else:
            self._live.guard(self, "bytes", self.on_bytes, bytes(data))

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802, ARG002 - Twisted's name
        """The tab is gone."""
        self._transport = None
        self._live.went(self)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """The browser lags."""
        if self._behind is None:
            self._behind = 0

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """It has caught up."""
        self._behind = None

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        """connectionLost follows."""


class Live:
    """All tabs. `on_person(name, there)` is told when somebody's first tab comes and their last one goes."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.on_person: Callable[[str, bool], None] = lambda _name, _there: None
        self.on_check: Callable[[], None] = lambda: None
        """Called every quarter of a minute."""
        self._tabs: defaultdict[str, list[Tab]] = defaultdict(list)
        self._handlers: dict[str, Callable[[Tab, dict[str, Any]], None]] = {}
        self._timer: Any = None

    def start(self) -> None:
        """Look after the connections from now on."""
        self._timer = self.reactor.callLater(_PING_S, self._check)

    def stop(self) -> None:
        """End all connections."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        for tab in self.tabs():
            tab.close()

    def listen(self, kind: str, handler: Callable[[Tab, dict[str, Any]], None]) -> None:
        """Messages of that kind go to this handler."""
        self._handlers[kind] = handler

    def tell(self, name: str, kind: str, /, **fields: Any) -> bool:
        """To all tabs of one person (`target` and `html`: what to put where); False when there is none."""
        tabs = tuple(self._tabs.get(name, ()))
        for tab in tabs:
            tab.send(kind, **fields)
        return bool(tabs)

    def tell_roles(self, roles: Collection[Role], kind: str, /, **fields: Any) -> None:
        """To everybody with one of the roles."""
        for tab in self.tabs():
            if tab.user.role in roles:
                tab.send(kind, **fields)

    def tabs(self) -> tuple[Tab, ...]:
        """Those that are connected."""
        return tuple(tab for tabs in self._tabs.values() for tab in tabs)

    def is_there(self, name: str) -> bool:
        """Has this person a tab open?"""
        return name in self._tabs

    def sign_out(self, token: str) -> None:
        """End the tabs of a session."""
        for tab in self.tabs():
            if tab.token == token:
                tab.over()

    def drop(self, name: str) -> None:
        """End all tabs of somebody whose sessions have ended."""
        for tab in tuple(self._tabs.get(name, ())):
            tab.over()

    def came(self, tab: Tab) -> None:
        """See Tab."""
        mine = self._tabs[tab.user.name]
        mine.append(tab)
        if len(mine) > MOST_TABS:
            mine[0].close()
        if len(mine) == 1:
            self.on_person(tab.user.name, True)

    def went(self, tab: Tab) -> None:
        """See Tab."""
        mine = self._tabs.get(tab.user.name, [])
        if tab not in mine:
            return
        mine.remove(tab)
        if not mine:
            del self._tabs[tab.user.name]
            self.on_person(tab.user.name, False)
        for gone in tab.on_gone:
            gone()

    def said(self, tab: Tab, message: dict[str, Any]) -> None:
        """See Tab."""
        kind = str(message.get("kind", ""))
        if handler := self._handlers.get(kind):
            self.guard(tab, kind, handler, tab, message)

    def guard(self, tab: Tab, kind: str, handler: Callable[..., None], *message: Any) -> None:
        """Have a message handled. A handler's fault ends nothing but its tab."""
        try:
            handler(*message)
        except Exception:
            log.exception("a message of a browser failed", kind=kind)
            tab.close()

    def _check(self) -> None:
        for tab in self.tabs():
            tab.check()
        self.on_check()
        self._timer = self.reactor.callLater(_PING_S, self._check)


def resource(tab: Tab) -> WebSocketResource:
    """What answers the one request that becomes this tab."""

    class Factory:
        def buildProtocol(self, request: Any) -> Tab:  # noqa: N802 - Twisted's name
            tab.channel = request.channel
            return tab

    return WebSocketResource(Factory())
