"""Operators after a gap of the live view."""

from __future__ import annotations

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.interface import LinkUp, Member, OperatorConnected, OperatorRinging, OperatorSilent
from ivr_engine.routing.operators import Operators, State
from ivr_engine.routing.roll_call import RollCall
from ivr_engine.testing import ManualClock

RINGS = OperatorRinging("ch1", "lavoro", "anna")
ANSWERS = OperatorConnected("ch1", "lavoro", "anna", 4)


class House:
    """Anna at her desk, ready, and an exchange that says which channels there are, or that it is away."""

    def __init__(self) -> None:
        self.alive, self.away = set[str](), False
        self.told: list[Member] = []
        self.operators = Operators(ManualClock(), self.told.append, lambda seat: None)
        self.operators.sit_down("anna", "PJSIP/anna", ("lavoro",))
        self.operators.ready("anna")
        self.roll_call = RollCall(self, self.operators)  # type: ignore[arg-type]

    async def live_channels(self) -> frozenset[str]:
        if self.away:
            raise Unavailable("away")
        return frozenset(self.alive)

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
