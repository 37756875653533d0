"""Commands of the control socket: each asker gets a last line, whatever happens."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from ivr_engine.control import Control
from ivr_engine.engine.commands import commands
from ivr_engine.errors import Unavailable
from ivr_engine.exchange.virtual.clock import RealClock
from ivr_engine.exchange.virtual.exchange import VirtualExchange
from ivr_engine.exchange.virtual.settings import VirtualSettings
from ivr_engine.routing.feed import Feed


class Engine:
    """What the commands ask of an engine: a feed, and an exchange whose calls end as `call` says."""

    def __init__(self, call: Deferred[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.feed = Feed()
        self.lines = SimpleNamespace(lines={}, catalogue=None)
        self.voices = SimpleNamespace(media=None, server=SimpleNamespace(pacer=None))
        clock = Clock()
        self.exchange = VirtualExchange(clock, RealClock(clock), VirtualSettings({}, {}, (), ()), lambda _language, _file: None)
        monkeypatch.setattr(self.exchange, "dial", lambda _number, _caller: call)

    def asked(self, **request: Any) -> StringTransport:
        """The connection of somebody who asks that."""
        transport, control = StringTransport(), Control(commands(self))  # type: ignore[arg-type]
        control.makeConnection(transport)
        control.dataReceived(json.dumps(request).encode() + b"\n")
        return transport


@pytest.mark.parametrize("command", ["call", "phone"])
@pytest.mark.parametrize(
    ("error", "message"),
    [(RuntimeError("bug"), "the engine failed: RuntimeError"), (Unavailable("no line has it"), "no line has it")],
)
def test_a_call_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, command: str, error: Exception, message: str) -> None:
    engine = Engine(fail(error), monkeypatch)
    transport = engine.asked(do=command, number="1")
    (line,) = transport.value().splitlines()
    assert (json.loads(line)["type"], json.loads(line)["message"]) == ("error", message)
    assert transport.disconnecting
    assert not engine.feed._subscribers, "nobody looks on any more"


def test_a_request_with_a_wrong_field_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Engine(Deferred(), monkeypatch).asked(do="call", numero="1")
    assert "the request is not understood" in json.loads(transport.value())["message"]
