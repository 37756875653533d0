"""The other side of the wire: a manager interface of a few lines that can misbehave, and a reactor of the tests' own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from twisted.internet.task import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

GREETING = "Asterisk Call Manager/11.0.0\r\n"


class Turns:
    """Stands for the reactor: what threads hand over is run by `until`, in the test's thread; time passes by `clock.advance`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.callLater = self.clock.callLater
        self._handed: SimpleQueue[tuple[Callable[..., object], tuple[Any, ...]]] = SimpleQueue()

    def callFromThread(self, call: Callable[..., object], *arguments: Any) -> None:  # noqa: N802 - the reactor's name
        self._handed.put((call, arguments))

    def until(self, true: Callable[[], object], timeout: float = 5.0) -> None:
        end = time.monotonic() + timeout
        while not true():
            try:
                call, arguments = self._handed.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                raise AssertionError("it did not become true in time") from None
            call(*arguments)


class FakeManager:
    """Answers Login, Events, Ping and lists; `mute` actions get no answer, those on one of `no_queues` a refusal. `heard`: every
    action it was sent."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.greeting = GREETING
        self.secret = "right"
        self.mute: set[str] = set()
        self.refused: set[str] = set()
        self.no_queues: set[str] = set()
        self.rows: dict[str, list[dict[str, str]]] = {}
        self.heard: list[dict[str, str]] = []
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def say(self, text: str) -> None:
        """Send raw bytes on the newest connection."""
        self.connections[-1].sendall(text.encode())

    def event(self, name: str, **headers: object) -> None:
        """Send an event on the newest connection."""
        lines = [f"Event: {name}", *(f"{key}: {value}" for key, value in headers.items())]
        self.say("\r\n".join(lines) + "\r\n\r\n")

    def cut(self) -> None:
        """Drop every connection, as a restarted Asterisk does."""
        for connection in self.connections:
            with contextlib.suppress(OSError):  # this one went away before
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which closing would not
        self._listener.close()
        self.cut()

    def names(self) -> list[str]:
        return [action["Action"] for action in self.heard]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.sendall(self.greeting.encode())
            action: dict[str, str] = {}
            with connection.makefile("r", newline="\r\n") as lines:
                for line in lines:
                    if line != "\r\n":
                        key, _, value = line.partition(":")
                        action[key] = value.strip()
                        continue
                    self.heard.append(action)
                    if action["Action"] not in self.mute:
                        connection.sendall(self._answer(action).encode())
                    action = {}
        except OSError:
            return  # the client went away
        finally:
            connection.close()

    def _answer(self, action: dict[str, str]) -> str:
        name, mark = action["Action"], f"ActionID: {action['ActionID']}\r\n"
        if name in self.refused or (name == "Login" and action["Secret"] != self.secret):
            return f"Response: Error\r\n{mark}Message: Permission denied\r\n\r\n"
        if action.get("Queue") in self.no_queues:
            return f"Response: Error\r\n{mark}Message: Unable to add interface to queue: No such queue\r\n\r\n"
        reply = f"Response: Success\r\n{mark}\r\n"
        if name in {"QueueStatus", "CoreShowChannels"}:
            for row in self.rows.get(name, []):
                reply += "".join(f"{key}: {value}\r\n" for key, value in row.items()) + f"{mark}\r\n"
            reply += f"Event: {name}Complete\r\n{mark}EventList: Complete\r\n\r\n"
        return reply
