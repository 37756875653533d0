"""The port for machines that look after this one: /metrics, /healthz, /readyz. Nothing else, and nothing can be changed there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.error import CannotListenError
from twisted.web.resource import Resource

from ivr_engine.errors import Unavailable
from ivr_engine.observe.metrics import CONTENT_TYPE
from ivr_engine.ports import LimitedSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.config import ObserveSection

MOST_CONNECTIONS = 32
_IDLE_S = 15


class _Page(Resource):
    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, answer: Callable[[], tuple[int, str, bytes]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._answer = answer

    def render_GET(self, request: Any) -> bytes:  # noqa: N802 - Twisted's name
        """The answer, never to be kept."""
        code, content_type, body = self._answer()
        request.setResponseCode(code)
        request.setHeader(b"content-type", content_type.encode())
        request.setHeader(b"cache-control", b"no-store")
        return body


def as_json(code: int, **fields: object) -> tuple[int, str, bytes]:
    """An answer in JSON."""
    return code, "application/json", msgspec.json.encode(fields) + b"\n"


def listen(
    reactor: Any,
    settings: ObserveSection,
    metrics: Callable[[], bytes],
    health: Callable[[], tuple[int, str, bytes]],
    ready: Callable[[], tuple[int, str, bytes]],
) -> Any:
    """Open the port. Raises Unavailable."""
    root: Any = Resource()  # type: ignore[no-untyped-call]
    root.putChild(b"metrics", _Page(lambda: (200, CONTENT_TYPE, metrics())))
    root.putChild(b"healthz", _Page(health))
    root.putChild(b"readyz", _Page(ready))
    site = LimitedSite(root, MOST_CONNECTIONS, _IDLE_S)
    try:
        return reactor.listenTCP(settings.port, site, interface=settings.host)
    except CannotListenError as error:
        place = f"{settings.host}:{settings.port}"
        raise Unavailable(f"the port {place} for metrics cannot be opened: {error}", "choose another: [observe] port") from error
