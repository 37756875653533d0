"""The tests' own small AMI client: it must not be the one under test."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

Message = dict[str, str]


class Manager:
    """One logged-in connection; every wait ends after `timeout` seconds."""

    def __init__(self, port: int, user: str, secret: str, timeout: float = 10) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._lines = self._socket.makefile("r", encoding="utf-8", errors="replace", newline="\r\n")
        self._lines.readline()  # the greeting
        self.act(Action="Login", Username=user, Secret=secret, Events="off")

    def act(self, **action: str | list[str]) -> Message:
        """Do one action and return its response. Raises AssertionError when Asterisk refuses it."""
        pairs = [(key, value) for key, given in action.items() for value in (given if isinstance(given, list) else [given])]
        text = "".join(f"{key}: {value}\r\n" for key, value in pairs)
        self._socket.sendall(f"{text}\r\n".encode())
        while "Response" not in (message := self.read()):
            pass
        assert message["Response"] != "Error", f"{action['Action']}: {message.get('Message')}"
        return message

    def read(self) -> Message:
        """The next message. Raises TimeoutError, or EOFError when Asterisk has gone."""
        message: Message = {}
        while line := self._lines.readline():
            if line == "\r\n":
                return message
            key, _, value = line.partition(":")
            message[key] = value.strip()
        raise EOFError("Asterisk closed the manager connection")

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lines.close()
        self._socket.close()
