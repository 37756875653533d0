"""The control socket holds its own against whoever is at its other end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.testing import StringTransport

from ivr_engine.control import Control, listen
from ivr_engine.errors import IvrError, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_FLOOD = """
import socket, sys
from pathlib import Path
from twisted.internet import reactor
from twisted.internet.task import LoopingCall
from ivr_engine import control

told = 0
def flood(conversation, request):
    def more():
        global told
        for _ in range(100):
            told += 1000
            conversation.tell("fact", text="x" * 1000)
        if told > 20_000_000:
            end("never cut off")
    conversation.on_gone = lambda: end("cut off" if told < 5_000_000 else f"cut off after {told}")
    LoopingCall(more).start(0)

def end(how):
    print(how)
    if reactor.running:
        reactor.stop()

control.listen(reactor, Path(sys.argv[1]), {"flood": flood})
slow = socket.socket(socket.AF_UNIX)
slow.connect(sys.argv[1] + "/control.sock")
slow.sendall(b'{"do": "flood"}\\n')
reactor.callLater(20, end, "too long")
reactor.run()
"""


def test_a_watcher_who_does_not_read_is_cut_off(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FLOOD, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=True)
    assert done.stdout.splitlines()[-1] == "cut off", done.stdout + done.stderr


def test_a_long_answer_reaches_whoever_reads(tmp_path: Path) -> None:
    code = """
import socket, sys, threading
from pathlib import Path
from twisted.internet import reactor
from ivr_engine import control

def long(conversation, request):
    for _ in range(3):
        conversation.tell("fact", text="x" * 300_000)
    conversation.end()

def ask():
    with socket.socket(socket.AF_UNIX) as asker:
        asker.settimeout(10)
        asker.connect(sys.argv[1] + "/control.sock")
        asker.sendall(b'{"do": "long"}\\n')
        lines = asker.makefile().readlines()
    print(len(lines), lines[-1].strip())
    reactor.callFromThread(reactor.stop)

control.listen(reactor, Path(sys.argv[1]), {"long": long})
reactor.callInThread(ask)
reactor.callLater(20, reactor.stop)
reactor.run()
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=40, check=True)
    assert done.stdout.strip() == '4 {"type":"end"}'


def test_a_socket_that_cannot_be_replaced_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "control.sock").mkdir()
    with pytest.raises(Unavailable, match="cannot be opened"):
        listen(None, tmp_path, {})


def asked(line: bytes, command: Any) -> list[dict[str, Any]]:
    transport, control = StringTransport(), Control({"do it": command})
    control.makeConnection(transport)
    control.dataReceived(line)
    assert transport.disconnecting
    return [json.loads(told) for told in transport.value().splitlines()]


def test_what_a_command_objects_to_is_the_last_line() -> None:
    def objects(_conversation: object, _request: object) -> None:
        raise IvrError("no", "ask better")

    assert asked(b'{"do": "do it"}\n', objects) == [{"type": "error", "message": "no", "hint": "ask better"}]
    assert "not a request" in asked(b"hello\n", objects)[0]["message"]
    assert "knows no command" in asked(b'{"do": "that"}\n', objects)[0]["message"]
