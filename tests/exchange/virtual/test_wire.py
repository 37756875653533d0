"""Calls within the process: the same journal as over sockets, many jumps of the clock in a turn of the reactor."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock

from ivr_engine.exchange.virtual.clock import FastClock
from ivr_engine.exchange.virtual.wire import Wires


class Noting(Protocol):
    """Keeps what it hears; answers `ping`."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self.heard.append(data)
        if data == b"ping":
            self.transport.write(b"pong")

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        self.heard.append("read no more")

    def connectionLost(self, reason: object = None) -> None:  # noqa: N802 - Twisted's name
        self.heard.append("lost")


def test_what_is_written_arrives_in_the_next_turn_and_is_answered_there() -> None:
    reactor, near, far = Clock(), Noting(), Noting()
    assert Wires(reactor, lambda _address: far).connect(near)
    near.transport.write(b"ping")
    assert far.heard == []
    reactor.advance(0)
    assert (far.heard, near.heard) == ([b"ping"], [b"pong"])


def test_the_last_words_arrive_before_the_end_and_nothing_after_it() -> None:
    reactor, near, far = Clock(), Noting(), Noting()
    Wires(reactor, lambda _address: far).connect(near)
    far.transport.write(b"last")
    far.transport.loseConnection()
    far.transport.write(b"too late")
    reactor.advance(0)
    assert near.heard == [b"last", "read no more", "lost"]
    assert far.heard == ["lost"]
    near.transport.write(b"ping")
    reactor.advance(0)
    assert far.heard == ["lost"]


def test_a_listener_may_refuse() -> None:
    assert not Wires(Clock(), lambda _address: None).connect(Noting())


def test_an_act_that_raises_does_not_take_the_others_with_it() -> None:
    reactor, heard = Clock(), list[str]()
    wires = Wires(reactor, lambda _address: None)

    def fail(_argument: object) -> None:
        raise ZeroDivisionError

    wires.later(fail, None)
    wires.later(heard.append, "after")
    try:
        reactor.advance(0)
    except ZeroDivisionError:
        reactor.advance(0)
    assert heard == ["after"]


class Counting(Clock):
    """Counts the turns it is asked for."""

    turns = 0

    def callLater(self, when: float, *what: Any, **arguments: Any) -> Any:  # noqa: N802 - Twisted's name
        self.turns += 1
        return super().callLater(when, *what, **arguments)


def test_with_a_carrier_many_jumps_fit_in_one_turn() -> None:
    turns = {}
    for carried in (False, True):
        reactor, rung = Counting(), list[float]()
        clock = FastClock(reactor, 1000.0)
        if carried:
            clock.carrier = Wires(reactor, lambda _address: None)
        for second in range(40):
            clock.callLater(second, lambda rung=rung, clock=clock: rung.append(clock.now()))
        reactor.advance(0)
        assert rung == [1000.0 + second for second in range(40)]
        turns[carried] = reactor.turns
    assert turns == {False: 40, True: 1}
