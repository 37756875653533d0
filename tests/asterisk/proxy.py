"""A connection to Asterisk's manager that a test can cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Proxy:
    """Hands bytes on to the port `target` until `cut`; then connections are closed and new ones refused, until `restore`."""

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._accepting()

    def cut(self) -> None:
        """Nobody gets through any more."""
        self.close()

    def restore(self) -> None:
        """The port is there again."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accepting()

    def close(self) -> None:
        """Close everything."""
        for end in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def pump(self, data: bytes) -> bytes:
        """What becomes of the bytes on their way to the target."""
        return data

    def _accepting(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                return
            far.settimeout(None)  # a manager with nothing to tell is no broken one
            self._open += [near, far]
            for source, sink, through in ((near, far, self.pump), (far, near, bytes)):
                threading.Thread(target=_pump, args=(source, sink, through), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, through: Callable[[bytes], bytes]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(through(data))
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
