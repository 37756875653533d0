"""Operators after a gap of the live view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.interface import LinkUp, Member, OperatorConnected, OperatorRinging, OperatorSilent
from ivr_engine.routing.operators import Operators, State
from ivr_engine.routing.roll_call import RollCall
from ivr_engine.testing import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable

RINGS = OperatorRinging("ch1", "lavoro", "anna")
ANSWERS = OperatorConnected("ch1", "lavoro", "anna", 4)


class Threads:
    """A reactor whose threads run at once."""

    def getThreadPool(self) -> Threads:  # noqa: N802 - Twisted's name
        return self

    def callInThreadWithCallback(self, done: Callable[..., Any], work: Callable[..., Any]) -> None:  # noqa: N802
        done(True, work())

    def callFromThread(self, function: Callable[..., Any], *args: Any) -> None:  # noqa: N802 - Twisted's name
        function(*args)


class House:
    """Anna at her desk, ready; Bruno and Carla have one too. The exchange says what there is, or that it is away; `when_asked`
    happens while it does."""

    def __init__(self) -> None:
        self.alive, self.brought, self.away = set[str](), list[Member](), False
        self.when_asked: Callable[[], object] = lambda: None
        self.told: list[Member] = []
        self.operators = Operators(ManualClock(), self.told.append, lambda seat: None)
        self.operators.sit_down("anna", "PJSIP/anna", ("lavoro",))
        self.operators.ready("anna")
        with_desk = {"anna", "bruno", "carla"}
        self.roll_call = RollCall(Threads(), self, self.operators, lambda: with_desk, self.told.append)  # type: ignore[arg-type]

    async def live_channels(self) -> frozenset[str]:
        if self.away:
            raise Unavailable("away")
        return frozenset(self.alive)

    async def staffed(self) -> list[Member]:
        if self.away:
            raise Unavailable("away")
        self.when_asked()
        return self.brought

    def link_up(self) -> State:
        """The view works again; what Anna does then."""
        self.operators.take(LinkUp())
        self.roll_call.take(LinkUp())
        seat = self.operators.seat("anna")
        assert seat is not None
        return seat.state


@pytest.fixture
def house() -> House:
    return House()


def test_a_talk_that_ended_in_the_gap_is_written_up(house: House) -> None:
    house.operators.take(RINGS)
    house.operators.take(ANSWERS)
    assert house.link_up() is State.WRAP_UP
    house.operators.filed("anna")
    assert house.told[-1].ready


def test_a_telephone_that_no_longer_rings_after_the_gap_is_ready(house: House) -> None:
    house.operators.take(RINGS)
    assert house.link_up() is State.READY


@pytest.mark.parametrize(("sign", "state"), [(RINGS, State.RINGING), (ANSWERS, State.BUSY)])
def test_a_call_that_lives_goes_on(house: House, sign: OperatorRinging | OperatorConnected, state: State) -> None:
    house.operators.take(sign)
    house.alive = {"ch1"}
    assert house.link_up() is state


def test_an_exchange_that_is_away_again_says_nothing_of_anybody(house: House) -> None:
    house.operators.take(ANSWERS)
    house.away = True
    assert house.link_up() is State.BUSY


def test_whoever_is_on_no_call_stays_as_they_are(house: House) -> None:
    house.operators.take(OperatorSilent("ch1", "lavoro", "anna"))
    house.away = True
    assert house.link_up() is State.PAUSE


def test_whoever_sits_at_no_desk_is_taken_out_of_the_queues(house: House) -> None:
    house.brought = [
        Member("anna", "PJSIP/anna", ("lavoro",), ready=True),
        Member("anna", "PJSIP/old", ("lavoro",), ready=True),  # her telephone until yesterday
        Member("bruno", "PJSIP/bruno", ("lavoro", "tfr"), ready=True),
        Member("dora", "PJSIP/dora", ("lavoro",), ready=True),  # the site's own affair: she has no desk
    ]
    house.told.clear()
    house.link_up()
    assert house.told == [
        Member("anna", "PJSIP/anna", ("lavoro",), ready=True),
        Member("anna", "PJSIP/old", ("lavoro",), ready=False, there=False),
        Member("bruno", "PJSIP/bruno", ("lavoro", "tfr"), ready=False, there=False),
    ]


def test_whoever_sits_down_meanwhile_stays(house: House) -> None:
    house.brought = [Member("bruno", "PJSIP/bruno", ("lavoro",), ready=True)]
    house.when_asked = lambda: house.operators.sit_down("bruno", "PJSIP/bruno", ("lavoro",))
    house.link_up()
    assert all(member.there for member in house.told)


def test_whoever_left_while_nobody_could_be_told_is_taken_out_afterwards(house: House) -> None:
    house.operators.leave("anna")
    house.told.clear()  # it was not heard
    house.brought = [Member("anna", "PJSIP/anna", ("lavoro",), ready=True)]
    house.operators.take(LinkUp())
    house.roll_call.take(LinkUp())
    assert [(member.operator, member.there) for member in house.told] == [("anna", False)]
