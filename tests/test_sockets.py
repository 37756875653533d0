"""Connections of calls on real sockets: in pieces, at once, when the other side does not read, to the end of either."""

from __future__ import annotations

import os
import resource
import select
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from twisted.internet.testing import MemoryReactorClock

from ivr_engine.sockets import Connection, Listener, allow_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_S = 10.0
MUCH = bytes(range(256)) * 40_000


class Protocol:
    """Answers what it is told, and remembers."""

    def __init__(self) -> None:
        self.heard = b""
        self.ends = 0
        self.on: Callable[[bytes], object] = lambda _data: None

    def makeConnection(self, transport: Connection) -> None:  # noqa: N802 - Twisted's name
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self.heard += data
        self.on(data)

    def connectionLost(self, _reason: object) -> None:  # noqa: N802 - Twisted's name
        self.ends += 1


class House:
    """A listener whose reactor is this test."""

    def __init__(self) -> None:
        self.clock = MemoryReactorClock()
        self.protocols: list[Protocol] = []
        self.host, self.welcome = "127.0.0.1", True
        self.listener = Listener(self.clock, self._build)
        self.port = self.listener.listen(self.host, 0, 100, "agi")
        self.clients: list[socket.socket] = []

    def _build(self, _address: object) -> Protocol | None:
        if not self.welcome:
            return None
        self.protocols.append(Protocol())
        return self.protocols[-1]

    def connect(self) -> socket.socket:
        client = socket.create_connection((self.host, self.port), LIMIT_S)
        self.clients.append(client)
        return client

    def dial(self) -> tuple[socket.socket, Protocol]:
        client = self.connect()
        self.turn()
        return client, self.protocols[-1]

    def turn(self) -> None:
        """One turn of the reactor, as soon as there is something to do."""
        assert select.select([self.listener], [], [], LIMIT_S)[0], "nothing came"
        self.listener.doRead()

    def turn_until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.turn()


@pytest.fixture
def house() -> Iterator[House]:
    found = House()
    yield found
    for client in found.clients:
        client.close()
    found.listener.connectionLost(None)  # type: ignore[arg-type]
    assert found.listener.events.closed
    assert not found.clock.getReaders()
    assert all(protocol.ends == 1 for protocol in found.protocols), "each protocol is told once"


def test_what_arrives_is_handed_over_and_an_answer_leaves_at_once(house: House) -> None:
    client, protocol = house.dial()
    protocol.on = lambda data: protocol.transport.write(data.upper())
    for piece in (b"one", b"two"):
        client.sendall(piece)
        house.turn()
        assert client.recv(100) == piece.upper()
    assert protocol.heard == b"onetwo"
    assert protocol.transport.getPeer().host == "127.0.0.1"
    assert protocol.transport._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert protocol.transport._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert protocol.transport._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


@pytest.mark.parametrize("closes", [True, False])
def test_who_does_not_read_gets_everything_in_order_later(house: House, closes: bool) -> None:
    client, protocol = house.dial()
    protocol.transport.write(MUCH)
    protocol.transport.write(b"the end")
    assert protocol.transport.queued > 1000
    if closes:
        protocol.transport.loseConnection()
        protocol.transport.write(b"too late")
    client.setblocking(False)
    received = b""
    while len(received) < len(MUCH) + 7:
        assert select.select([client], [], [], LIMIT_S)[0]
        received += client.recv(1_000_000)
        if select.select([house.listener], [], [], 0)[0]:
            house.listener.doRead()
    assert received == MUCH + b"the end"
    assert protocol.transport.queued == 0
    assert protocol.ends == closes
    client.setblocking(True)
    if closes:
        assert client.recv(1) == b""
    else:
        assert not select.select([house.listener], [], [], 0)[0], "nobody waits any more to write: the reactor must not spin"
        client.sendall(b"go on")
        house.turn()
        assert protocol.heard == b"go on"


def test_closing_an_idle_connection_needs_nobody_to_come(house: House) -> None:
    client, protocol = house.dial()
    protocol.transport.loseConnection()
    protocol.transport.loseConnection()
    assert protocol.ends == 0, "never while somebody is in the middle of it"
    house.clock.advance(0)
    assert protocol.ends == 1
    assert client.recv(1) == b""
    protocol.transport.write(b"nothing")
    protocol.transport.abortConnection()


def test_closing_while_it_is_read_is_told_after(house: House) -> None:
    client, protocol = house.dial()
    seen: list[int] = []

    def close(_data: bytes) -> None:
        protocol.transport.loseConnection()
        seen.append(protocol.ends)

    protocol.on = close
    client.sendall(b"x")
    house.turn()
    assert seen == [0]
    assert protocol.ends == 1


def test_aborting_drops_what_is_unsent(house: House) -> None:
    client, protocol = house.dial()
    protocol.transport.write(MUCH)
    protocol.transport.loseConnection()
    protocol.transport.abortConnection()
    house.clock.advance(0)
    assert protocol.ends == 1
    with pytest.raises(ConnectionResetError):
        b"".join(iter(lambda: client.recv(1_000_000), b""))


@pytest.mark.parametrize("reset", [True, False])
def test_the_other_side_goes(house: House, reset: bool) -> None:
    client, protocol = house.dial()
    if reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    house.turn()
    assert protocol.ends == 1


def test_writing_to_who_is_gone_is_the_end(house: House) -> None:
    client, protocol = house.dial()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    assert select.select([house.listener], [], [], LIMIT_S)[0]
    protocol.transport.write(b"hello?")
    house.clock.advance(0)
    assert protocol.ends == 1


def test_who_stops_reading_and_goes_is_noticed_though_bytes_wait(house: House) -> None:
    client, protocol = house.dial()
    protocol.transport.write(MUCH)
    protocol.transport.loseConnection()
    client.close()
    house.turn_until(lambda: protocol.ends == 1)


def test_a_mistake_costs_its_own_connection_alone(house: House) -> None:
    first, broken = house.dial()
    second, sound = house.dial()
    broken.on = lambda _data: 1 / 0
    sound.on = lambda _data: sound.transport.write(b"fine")
    with capture_logs() as logs:
        first.sendall(b"x")
        second.sendall(b"x")
        house.turn_until(lambda: broken.ends == 1 and sound.heard == b"x")
    assert [entry["event"] for entry in logs] == ["a connection failed"]
    assert first.recv(1) == b""
    assert second.recv(10) == b"fine"


@pytest.mark.parametrize("place", ["build", "begin"])
def test_a_mistake_at_the_door_costs_its_own_connection_alone(house: House, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    fine, protocol = house.dial()
    with monkeypatch.context() as patched, capture_logs() as logs:
        if place == "build":
            patched.setattr(house.listener, "_build", lambda _address: 1 / 0)
        else:
            patched.setattr(Protocol, "makeConnection", lambda _self, _transport: 1 / 0)
        client = house.connect()
        house.turn_until(lambda: bool(logs))
    assert [entry["event"] for entry in logs] == ["a connection failed"]
    assert client.recv(1) == b""
    fine.sendall(b"still served")
    house.turn_until(lambda: protocol.heard == b"still served")
    house.dial()


def test_who_is_not_welcome_is_closed_at_once(house: House) -> None:
    house.welcome = False
    client = house.connect()
    house.turn()
    assert client.recv(1) == b""
    assert house.protocols == []


def test_a_closed_port_takes_nobody_and_whoever_is_up_goes_on(house: House) -> None:
    client, protocol = house.dial()
    house.listener.close()
    house.listener.close()
    with pytest.raises(ConnectionRefusedError):
        house.connect()
    client.sendall(b"still here")
    house.turn()
    assert protocol.heard == b"still here"
    assert not house.listener.events.closed
    client.close()
    house.turn()
    assert house.listener.events.closed, "with the last connection the set goes too"


def test_with_no_descriptor_left_the_port_waits_and_then_goes_on(house: House) -> None:
    house.connect()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        with capture_logs() as logs:
            house.turn()
            assert not select.select([house.listener], [], [], 0)[0], "it must not spin"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [(entry["log_level"], entry["why"]) for entry in logs] == [("warning", "Too many open files")]
    assert house.protocols == []
    house.clock.advance(1.0)
    house.turn()
    assert len(house.protocols) == 1


def test_many_are_served_in_turns_and_none_is_left_out(house: House) -> None:
    for _ in range(90):
        house.connect()
    house.turn_until(lambda: len(house.protocols) == 90)
    for number, client in enumerate(house.clients):
        client.sendall(bytes([number]))
    house.turn_until(lambda: all(protocol.heard for protocol in house.protocols))
    assert sorted(protocol.heard for protocol in house.protocols) == [bytes([number]) for number in range(90)]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_both_families_on_one_port() -> None:
    hosts: list[str] = []

    def build(address: Any) -> None:
        hosts.append(address.host)

    listener = Listener(MemoryReactorClock(), build)
    try:
        port = listener.listen("::", 0, 10, "agi")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    for host in ("::1", "127.0.0.1"):
        with socket.create_connection((host, port), LIMIT_S):
            assert select.select([listener], [], [], LIMIT_S)[0]
            listener.doRead()
    listener.close()
    allowed = allow_list("agi.allow", ["127.0.0.1", "::1"])
    assert [allowed(host) for host in hosts] == [True, True]
    assert hosts[1] == "::ffff:127.0.0.1"
