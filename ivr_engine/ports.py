"""Web ports that take no more connections than they should: a flood on one must not use up the files that calls need."""

from __future__ import annotations

from typing import Any

from twisted.web.server import Site


class LimitedSite(Site):
    """At most `most` connections at once, each quiet for at most `idle` seconds; those beyond are closed at once. Whatever
    becomes of a connection (a web socket takes it from HTTP) it counts until it is closed."""

    def __init__(self, resource: Any, most: int, idle: int) -> None:
        # Who wants a form reads it: Twisted's own reader is left by an exception when the content type is nonsense.
        super().__init__(resource, timeout=idle, parsePOSTFormSubmission=False)  # type: ignore[no-untyped-call]
        self.displayTracebacks = False
        self.noisy = False
        self._most = most
        self._open: set[Any] = set()

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
        """A channel for one more browser; None when there are too many."""
        if len(self._open) >= self._most:
            self._open = {transport for transport in self._open if transport.connected}
            if len(self._open) >= self._most:
                return None
        channel: Any = super().buildProtocol(addr)  # type: ignore[no-untyped-call]
        begin = channel.makeConnection

        def connected(transport: Any) -> None:
            self._open.add(transport)
            begin(transport)

        channel.makeConnection = connected
        return channel
