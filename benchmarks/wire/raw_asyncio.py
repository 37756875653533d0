"""The reference of the wire's benchmark: a bare asyncio.Protocol that says a fixed list of commands, one after each answer.

`python -m benchmarks.wire.raw_asyncio PORT [COMMANDS]`: a file with a command a line (default: the menu script). It parses what
any library must, the environment and each answer, and does nothing else: what an engine takes beyond this is its own.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

MENU = (
    "ANSWER",
    "GET VARIABLE CALLERID(num)",
    "SET VARIABLE LINE lavoro",
    'STREAM FILE welcome "0123456789"',
    "GET DATA menu 5000 1",
    'STREAM FILE submenu "0123456789"',
    "GET DATA submenu 5000 1",
    "SET VARIABLE QUEUE lavoro",
    "EXEC Queue lavoro,t,,,300",
    "HANGUP",
)


def responder(commands: tuple[bytes, ...]) -> type[asyncio.Protocol]:
    """A protocol that says these commands."""

    class Responder(asyncio.Protocol):
        __slots__ = ("answer", "buffer", "environment", "said", "transport")

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport, self.buffer, self.said = transport, b"", 0
            self.environment: dict[str, str] = {}

        def data_received(self, data: bytes) -> None:
            data = self.buffer + data if self.buffer else data
            if not self.said:
                head, end, data = data.partition(b"\n\n")
                if not end:
                    self.buffer = head
                    return
                self.environment = dict(line.split(": ", 1) for line in head.decode().split("\n") if ": " in line)
                self.say()
            *lines, self.buffer = data.split(b"\n")
            for line in lines:
                code, _, rest = line.partition(b" result=")
                if code == b"HANGUP":
                    continue
                if code not in {b"200", b"511"} or self.said == len(commands):
                    self.transport.close()
                    return
                self.answer = rest.decode()
                self.say()

        def say(self) -> None:
            self.transport.write(commands[self.said])
            self.said += 1

    return Responder


async def serve(port: int, commands: tuple[bytes, ...]) -> None:
    """Until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(responder(commands), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def main() -> None:
    """Serve on the port of the command line."""
    said = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines() if len(sys.argv) > 2 else MENU
    asyncio.run(serve(int(sys.argv[1]), tuple(f"{command}\n".encode() for command in said)))


if __name__ == "__main__":
    main()
