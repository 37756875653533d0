"""The menu script on pyst2, a thread a call: `python pyst2_menu.py PORT`.

Its own server does not import on Python 3, and its AGI class cannot serve a thread: it sets a signal handler and writes text to a
stream of bytes. Both are mended here, so that there is something to measure.
"""

from __future__ import annotations

import io
import os
import socketserver
import sys
from pathlib import Path

import asterisk.agi

asterisk.agi.signal.signal = lambda *_: None
KEYS = "0123456789"


class Call(socketserver.StreamRequestHandler):
    """One call."""

    def handle(self) -> None:
        """Ten commands."""
        with Path(os.devnull).open("w") as nowhere:
            answers = io.TextIOWrapper(self.wfile, encoding="utf-8", write_through=True)
            agi = asterisk.agi.AGI(stdin=self.rfile, stdout=answers, stderr=nowhere)
            agi.answer()
            agi.get_variable("CALLERID(num)")
            agi.set_variable("LINE", "lavoro")
            agi.stream_file("welcome", KEYS)
            agi.get_data("menu", 5000, 1)
            agi.stream_file("submenu", KEYS)
            agi.get_data("submenu", 5000, 1)
            agi.set_variable("QUEUE", "lavoro")
            agi.appexec("Queue", "lavoro,t,,,300")
            agi.hangup()


class Server(socketserver.ThreadingTCPServer):
    """With the backlog the library comes with, which is five."""

    allow_reuse_address = daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Call).serve_forever()
