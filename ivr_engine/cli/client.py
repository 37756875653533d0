"""The command line's side of the control socket."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Self

from ivr_engine.control import SOCKET
from ivr_engine.errors import IvrError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ivr_engine.config import Settings

PATIENCE_S = 30.0


class Client:
    """A conversation with the running engine. Raises Unavailable when none runs here."""

    def __init__(self, settings: Settings) -> None:
        path = settings.path(settings.engine.data) / SOCKET
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE_S)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise Unavailable(f"no engine runs on {path.parent}", "start it with `ivr serve`, or add --own to a call") from error
        self._lines = self._socket.makefile("r", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def send(self, **fields: Any) -> None:
        """One line to the engine; dropped when it has gone."""
        try:
            self._socket.sendall(json.dumps(fields).encode() + b"\n")
        except OSError:
            return

    def answers(self, patience_s: float | None = PATIENCE_S) -> Iterator[dict[str, Any]]:
        """The engine's lines until its last, with at most so many seconds between two of them (None: as long as a person likes).

        Raises IvrError with what the engine objects to; Unavailable when it goes away or is silent for too long.
        """
        self._socket.settimeout(patience_s)
        try:
            for line in self._lines:
                answer: dict[str, Any] = json.loads(line)
                if answer["type"] == "end":
                    return
                if answer["type"] == "error":
                    raise IvrError(answer["message"], answer["hint"])
                yield answer
        except TimeoutError as error:
            raise Unavailable(f"the engine did not answer within {patience_s:g} s", "its log says what keeps it busy") from error
        except OSError as error:
            raise Unavailable("the engine cut this off", "its log says why") from error
        raise Unavailable("the engine went away in the middle of this")


def tell_engine(settings: Settings) -> str:
    """Have the running engine serve what is published and switched now; what came of it, to be told. Raises IvrError."""
    try:
        client = Client(settings)
    except Unavailable:
        return "no engine runs here, the next one will serve it"
    with client:
        client.send(do="reload")
        for _answer in client.answers():
            return "the engine serves it to new calls"
    return "the engine did not say whether it serves it"
