"""A FastAGI server of few lines for facts about Asterisk itself: blocking, one thread per call, bytes as they come."""

from __future__ import annotations

import queue
import re
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Session:
    """One call: `agi(command)` sends a line and returns the reply; HANGUP lines are counted apart."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lines = connection.makefile("r", encoding="utf-8", errors="replace", newline="\n")
        self.hangups = 0
        self.environment: dict[str, str] = {}
        while (line := self._line()) not in ("", None):
            key, _, value = line.partition(": ")
            self.environment[key] = value

    def __call__(self, command: str) -> str:
        """The reply line. Raises EOFError when Asterisk has gone, TimeoutError when it is silent for long."""
        self.send(command)
        while (line := self._line()) == "HANGUP":
            self.hangups += 1
        if line is None:
            raise EOFError("Asterisk closed the session")
        return line

    def send(self, command: str) -> None:
        """Send a line and await no reply: with the end of the script right after, an engine that dies in mid-command."""
        self._socket.sendall(f"{command}\n".encode())

    def variable(self, name: str) -> str | None:
        """A channel variable; None when it is not set."""
        reply = self(f"GET VARIABLE {name}")
        found = re.fullmatch(r"200 result=1 \((.*)\)", reply)
        return found[1] if found else None

    def _line(self) -> str | None:
        line = self._lines.readline()
        return line.rstrip("\n") if line else None

    def close(self) -> None:
        """End the script."""
        self._lines.close()
        self._socket.close()


class ScriptServer:
    """Runs `script(session)` for every call; what it returns, or raises, is fetched by `result`."""

    def __init__(self, script: Callable[[Session], object]) -> None:
        self._script = script
        self._results: queue.Queue[object] = queue.Queue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def result(self, timeout: float = 30) -> object:
        """The result of the next call to end; raises what its script raised, queue.Empty when none ends in time."""
        result = self._results.get(timeout=timeout)
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        """Accept no more calls."""
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which closing would not
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(60)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            session = Session(connection)
            try:
                self._results.put(self._script(session))
            finally:
                session.close()
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the result
            self._results.put(error)
