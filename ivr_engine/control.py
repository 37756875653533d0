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

log = structlog.get_logger()


class Talk(Protocol):
    """One conversation over the socket."""

    def tell(self, kind: str, /, **fields: Any) -> None:
        """One line to the other side; dropped when it has gone."""

    def end(self) -> None:
        """The last line."""

    on_line: Callable[[dict[str, Any]], None]
    """Called with each further line from the other side."""
    on_gone: Callable[[], None]
    """Called once when the other side has gone."""


class Control(LineReceiver):
    """One connection. `commands` by name; each takes the talk and the request's fields."""

    delimiter = b"\n"
    MAX_LENGTH = 65536

    transport: Any

    def __init__(self, commands: Mapping[str, Callable[[Talk, dict[str, Any]], None]]) -> None:
        self._commands = commands
        self._asked = self._over = False
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
            self._fail(IvrError(f"not a request: {error}"))
        except IvrError as error:
            self._fail(error)
        except Exception as error:
            log.exception("control command failed")
            self._fail(IvrError(f"the engine failed: {type(error).__name__}"))

    def _fail(self, error: IvrError) -> None:
        self.tell("error", message=error.message, hint=error.hint)
        self._over = True
        self.transport.loseConnection()

    def tell(self, kind: str, /, **fields: Any) -> None:
        """See Talk."""
        if not self._over:
            self.transport.write(msgspec.json.encode({"type": kind, **fields}) + b"\n")

    def end(self) -> None:
        """See Talk."""
        self.tell("end")
        self._over = True
        self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802, ARG002 - Twisted's name
        """The other side has gone."""
        self._over = True
        self.on_gone()


def listen(reactor: Any, folder: Path, commands: Mapping[str, Callable[[Talk, dict[str, Any]], None]]) -> Any:
    """Open the socket in `folder`; returns the port. A socket left by a dead engine is replaced: the store's lock is held."""

    class ControlFactory(Factory):
        def buildProtocol(self, addr: Any) -> Control:  # noqa: N802, ARG002 - Twisted's name
            return Control(commands)

    path = folder / SOCKET
    path.unlink(missing_ok=True)
    try:
        return reactor.listenUNIX(str(path), ControlFactory(), mode=0o600)
    except Exception as error:
        raise Unavailable(f"the control socket {path} cannot be opened: {error}", "use a shorter path for engine.data") from error
