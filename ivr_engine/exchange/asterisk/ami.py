"""pyst2's manager client, mended where it breaks on a real Asterisk.

As shipped it ends its message thread on the first `ChanVariable`, reads unbuffered, waits for ever on connect and on
replies, matches replies by order, takes a caller's name that says "status will follow" for a command's output and goes
deaf, and tells nobody that the link is lost. Kept from it: the actions and the message class.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from asterisk.manager import Manager, ManagerMsg

from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Mapping, Sequence

_LONGEST_LINE = 65536


class Refused(Unavailable):
    """Asterisk said no; the connection is as good as before."""


class Message(ManagerMsg):  # type: ignore[misc]  # pyst2 has no types
    """One message: `headers` by name; of a name that comes twice (ChanVariable) the last."""

    headers: dict[str, str]

    def parse(self, response: Sequence[str]) -> None:
        """Read the header lines; what is no header is passed over."""
        for line in response:
            key, colon, value = line.partition(":")
            if colon:
                self.headers[key.strip()] = value.strip()


class Ami(Manager):  # type: ignore[misc]  # pyst2 has no types
    """One connection, for one use: connect, log in, ask from one thread, close; then make a new one.

    `on_event(headers)` gets every event but the rows of lists, and `on_lost()` is called once when the connection ends, both in
    the reading thread. Whatever is awaited is given up after `timeout` seconds with Unavailable.
    """

    def __init__(self, on_event: Callable[[Mapping[str, str]], None], on_lost: Callable[[], None], timeout: float) -> None:
        # Manager.__init__ is left out: it builds the threads and queues that this class does without.
        self._on_event, self._on_lost, self._timeout = on_event, on_lost, timeout
        self._socket: socket.socket | None = None
        self._reader: io.BufferedReader | None = None
        self._thread = threading.Thread(target=self.message_loop, name="ami-reader", daemon=True)
        self._numbers = itertools.count(1)
        self._asked = ""
        self._tell_rows = False
        self._closed, self._ended = threading.Event(), threading.Event()
        self._answers: SimpleQueue[Message | None] = SimpleQueue()

    def connect(self, host: str, port: int = 5038) -> None:
        """Connect and read the greeting. Raises Unavailable."""
        hint = "is Asterisk up, and its manager enabled in manager.conf?"
        try:
            self._socket = socket.create_connection((host, port), self._timeout)
            self._reader = self._socket.makefile("rb")
            greeting = b"" if self._closed.is_set() else self._reader.readline(_LONGEST_LINE)
            self._socket.settimeout(None)
        except (OSError, ValueError) as error:  # ValueError: closed meanwhile
            raise Unavailable(f"Asterisk's manager at {host}:{port} cannot be reached: {error}", hint) from error
        if not greeting.startswith(b"Asterisk Call Manager"):
            raise Unavailable(f"what answers at {host}:{port} is not Asterisk's manager", "check [asterisk] host and port")
        self._thread.start()

    def login(self, username: str, secret: str) -> Message:
        """Log in, with events off until `listen`. Raises Unavailable."""
        reply = self.send_action({"Action": "Login", "Username": username, "Secret": secret, "Events": "off"})
        if reply["Response"] != "Success":
            hint = "compare [asterisk] user and secret with manager.conf, and its permit with this machine's address"
            raise Unavailable(f"Asterisk's manager refused the user {username!r}: {reply.get_header('Message', '')}", hint)
        return reply

    def listen(self) -> None:
        """Let events come from now on."""
        self.send_action({"Action": "Events", "EventMask": "on"})

    def send_action(self, cdict: Mapping[str, str] | None = None, **kwargs: str) -> Message:
        """Do one action and return its response, an error too. Raises Unavailable when none comes in time."""
        self._send({**(cdict or {}), **kwargs})
        return self._answer()

    def rows(self, action: str, queue: str = "", *, tell: bool = False) -> list[Mapping[str, str]]:
        """Do an action that answers with a list, of one queue or of everything, and return its rows. Raises Unavailable.
        `tell`: they go to `on_event` too, in their place among the events."""
        self._tell_rows = tell
        response = self.send_action({"Action": action, "Queue": queue} if queue else {"Action": action})
        if response["Response"] != "Success":
            hint = "compare the user's rights with dialplans/manager_ivr.conf"
            raise Refused(f"Asterisk's manager refused {action}: {response.get_header('Message', '')}", hint)
        rows: list[Mapping[str, str]] = []
        while (row := self._answer()).get_header("EventList") != "Complete":
            rows.append(row.headers)
        return rows

    def do(self, action: Mapping[str, str], *, allowed: Sequence[str] = ()) -> None:
        """Do an action; refusals whose message begins with one of `allowed` are as good as done. Raises Unavailable."""
        response = self.send_action(action)
        message = str(response.get_header("Message", ""))
        if response["Response"] != "Success" and not message.startswith(tuple(allowed) or ("\0",)):
            hint = "compare the user's rights with dialplans/manager_ivr.conf, and the queues' names with queues.conf"
            what = " ".join(filter(None, (action["Action"], action.get("Queue"))))
            raise Refused(f"Asterisk's manager refused {what}: {message}", hint)

    def close(self) -> None:
        """Let go of the connection, from any thread and as often as you like."""
        self._closed.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):  # the other side may have been quicker
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reading thread, which closing would not
            self._socket.close()
        if self._reader is not None and not self._thread.is_alive():
            self._reader.close()

    def message_loop(self) -> None:
        """The reading thread: whatever Asterisk says, until it says no more."""
        assert self._reader is not None
        try:
            while message := _message(self._reader):
                self._take(message)
        finally:
            self._reader.close()
            self._ended.set()
            self._answers.put(None)
            self._on_lost()

    def _take(self, message: Message) -> None:
        asked = message.get_header("ActionID") == self._asked
        if message.has_header("Event") and (self._tell_rows or not asked):
            self._on_event(message.headers)
        if asked:
            self._answers.put(message)

    def _send(self, action: Mapping[str, str]) -> None:
        lines = [f"{key}: {value}" for key, value in action.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a line end inside an action would begin another action")
        self._asked = f"ivr-{next(self._numbers)}"  # first: a late reply to the action before is nobody's from here on
        self._answers = SimpleQueue()
        try:
            assert self._socket is not None
            self._socket.sendall("\r\n".join([*lines, f"ActionID: {self._asked}", "", ""]).encode())
        except OSError as error:
            raise Unavailable(f"the connection to Asterisk's manager broke: {error}") from error
        if self._ended.is_set():  # looked at after the queue was made: the reading thread sets it before its farewell
            raise Unavailable("Asterisk closed the manager connection")

    def _answer(self) -> Message:
        try:
            message = self._answers.get(timeout=self._timeout)
        except Empty:
            raise Unavailable(f"Asterisk's manager did not answer within {self._timeout:g} s") from None
        if message is None:
            raise Unavailable("Asterisk closed the manager connection")
        return message


def _message(reader: io.BufferedReader) -> Message | None:
    """The next message; None when the connection ended or broke, as nothing of a message begun is of use."""
    lines: list[str] = []
    with contextlib.suppress(OSError):
        while raw := reader.readline(_LONGEST_LINE):
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line:
                lines.append(line)
            elif lines:
                return Message(lines)
    return None
