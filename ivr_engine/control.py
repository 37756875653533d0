"""The local control socket: how `ivr call`, `ivr phone` and `ivr watch` reach the running engine.

A Unix socket in the data folder, for its owner only. JSON, one object a line. The first line asks (`{"do": "watch"}`), lines of
answers follow, the last is `{"type": "end"}` or `{"type": "error", "message": …}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import structlog
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver

from ivr_engine.errors import IvrError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SOCKET = "control.sock"
_MOST_BEHIND = 1 << 20  # bytes beyond the transport's own buffer

log = structlog.get_logger()


class Conversation(Protocol):
    """One connection over the socket, as a command sees it."""

    def tell(self, kind: str, /, **fields: Any) -> None:
        """One line to the other side; dropped when it has gone."""

    def end(self) -> None:
        """The last line."""

    def fail(self, error: IvrError) -> None:
        """The last line, instead of `end`: what went wrong."""

    on_line: Callable[[dict[str, Any]], None]
    """Called with each further line from the other side."""
    on_gone: Callable[[], None]
    """Called once when the other side has gone."""


class Control(LineReceiver):
    """One connection. `commands` by name; each takes the conversation and the request's fields."""

    delimiter = b"\n"
    MAX_LENGTH = 65536

    transport: Any

    def __init__(self, commands: Mapping[str, Callable[[Conversation, dict[str, Any]], None]]) -> None:
        self._commands = commands
        self._asked = self._over = False
        self._behind: int | None = None  # bytes told since the transport's buffer filled
        self.on_line: Callable[[dict[str, Any]], None] = lambda _line: None
        self.on_gone: Callable[[], None] = lambda: None

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """A request, or more of it."""
        try:
            request = msgspec.json.decode(line, type=dict[str, Any])
            if self._asked:
                self.on_line(request)
                return
            self._asked = True
            name = request.pop("do", "")
            if not isinstance(name, str) or name not in self._commands:
                raise IvrError(f"the engine knows no command {name!r}", f"known: {', '.join(self._commands)}")
            self._commands[name](self, request)
        except msgspec.DecodeError as error:
            self.fail(IvrError(f"not a request: {error}"))
        except IvrError as error:
            self.fail(error)
        except Exception as error:
            log.exception("control command failed")
            self.fail(IvrError(f"the engine failed: {type(error).__name__}"))

    def tell(self, kind: str, /, **fields: Any) -> None:
        """See Conversation. Whoever does not read what they asked for is cut off."""
        if self._over:
            return
        line = msgspec.json.encode({"type": kind, **fields}) + b"\n"
        if self._behind is not None:
            self._behind += len(line)
            if self._behind > _MOST_BEHIND:
                log.warning("a watcher reads too slowly and is cut off", behind=self._behind)
                self._over = True
                self.transport.abortConnection()
                return
        self.transport.write(line)

    def end(self) -> None:
        """See Conversation."""
        self._last("end")

    def fail(self, error: IvrError) -> None:
        """See Conversation."""
        self._last("error", message=error.message, hint=error.hint)

    def _last(self, kind: str, **fields: Any) -> None:
        self.tell(kind, **fields)
        self._over = True
        self.transport.unregisterProducer()  # else a connection that lags is never closed
        self.transport.loseConnection()

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Have the transport say when its buffer fills."""
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """The other side lags; from here on what it is told is counted. Said again with every line."""
        if self._behind is None:
            self._behind = 0

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """It has read everything."""
        self._behind = None

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        """It has gone: connectionLost follows."""

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802, ARG002 - Twisted's name
        """The other side has gone."""
        self._over = True
        self.on_gone()


def listen(reactor: Any, folder: Path, commands: Mapping[str, Callable[[Conversation, dict[str, Any]], None]]) -> Any:
    """Open the socket in `folder`; returns the port. A socket left by a dead engine is replaced: the store's lock is held."""

    class ControlFactory(Factory):
        def buildProtocol(self, addr: Any) -> Control:  # noqa: N802, ARG002 - Twisted's name
            return Control(commands)

    path = folder / SOCKET
    try:
        path.unlink(missing_ok=True)
        return reactor.listenUNIX(str(path), ControlFactory(), mode=0o600)
    except Exception as error:
        raise Unavailable(f"the control socket {path} cannot be opened: {error}", "use a shorter path for engine.data") from error
