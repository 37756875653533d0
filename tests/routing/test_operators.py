"""Operators' states, from signs and their own wishes, and what the exchange is told of them."""

from __future__ import annotations

import pytest

from ivr_engine.exchange.interface import (
    TIME_UP_S,
    CallerLeft,
    ChannelGone,
    LinkUp,
    Member,
    OperatorConnected,
    OperatorRinging,
    OperatorSilent,
    TalkEnded,
)
from ivr_engine.routing.operators import NO_ANSWER, Operators, Seat, State
from ivr_engine.testing import ManualClock

RINGS = OperatorRinging("ch1", "lavoro", "anna")
ANSWERS = OperatorConnected("ch1", "lavoro", "anna", 4)
ENDS = TalkEnded("ch1", "lavoro", "anna", 4, 60, "caller")


class Desk:
    """Anna's, with what was told of it."""

    def __init__(self) -> None:
        self.told: list[Member] = []
        self.changes: list[Seat] = []
        self.clock = ManualClock()
        self.operators = Operators(self.clock, self.told.append, self.changes.append)
        self.operators.sit_down("anna", "PJSIP/anna", ("lavoro",))

    @property
    def seat(self) -> Seat:
        seat = self.operators.seat("anna")
        assert seat is not None
        return seat


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_nobody_is_rung_who_did_not_say_that_they_are_ready(desk: Desk) -> None:
    assert desk.seat.state is State.PAUSE
    assert [(member.ready, member.reason) for member in desk.told] == [(False, "signed-in")]
    desk.operators.ready("anna")
    assert desk.told[-1] == Member("anna", "PJSIP/anna", ("lavoro",), ready=True)


@pytest.mark.parametrize("sign", [RINGS, ANSWERS])
def test_a_call_on_its_way_puts_a_break_off(desk: Desk, sign: OperatorRinging | OperatorConnected) -> None:
    desk.operators.ready("anna")
    desk.operators.pause("anna", "break")
    desk.operators.take(sign)
    assert desk.seat.afterwards == "break"
    desk.operators.take(ChannelGone("ch1"))
    desk.operators.filed("anna")
    assert (desk.seat.state, desk.seat.reason) == (State.PAUSE, "break")


def test_who_was_given_other_queues_leaves_the_old_ones_when_no_call_is_in_hand(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.operators.sit_down("anna", "PJSIP/anna", ("sociale",))
    assert (desk.seat.state, desk.seat.queues) == (State.RINGING, ("lavoro",))
    desk.operators.take(ChannelGone("ch1"))
    desk.operators.sit_down("anna", "PJSIP/anna", ("sociale",))
    assert (desk.seat.state, desk.seat.queues) == (State.PAUSE, ("sociale",))
    assert [(it.queues, it.there) for it in desk.told[-2:]] == [(("lavoro",), False), (("sociale",), True)]


def test_a_call_goes_through_its_states_and_the_queue_waits_for_the_write_up(desk: Desk) -> None:
    desk.operators.ready("anna")
    states = []
    for sign in (RINGS, CallerLeft("ch1", "lavoro"), ANSWERS, ENDS, ChannelGone("ch1")):
        desk.operators.take(sign)
        states.append(desk.seat.state)
    assert states == [State.RINGING, State.RINGING, State.BUSY, State.WRAP_UP, State.WRAP_UP]
    assert desk.told[-1].reason == "wrap-up"
    assert not desk.told[-1].ready
    desk.operators.filed("anna")
    assert desk.seat.state is State.READY
    assert desk.told[-1].ready


def test_a_break_wished_during_a_call_comes_after_it(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.operators.pause("anna", "break")
    assert desk.seat.state is State.RINGING
    desk.operators.take(ANSWERS)
    desk.operators.take(ENDS)
    desk.operators.filed("anna")
    assert (desk.seat.state, desk.seat.reason) == (State.PAUSE, "break")


def test_a_wished_break_can_be_taken_back(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.operators.take(ANSWERS)
    desk.operators.pause("anna", "break")
    desk.operators.ready("anna")
    desk.operators.take(ENDS)
    desk.operators.filed("anna")
    assert desk.seat.state is State.READY


def test_a_telephone_that_rings_out_pauses_its_operator(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.operators.take(OperatorSilent("ch1", "lavoro", "anna"))
    assert (desk.seat.state, desk.seat.reason) == (State.PAUSE, NO_ANSWER)


@pytest.mark.parametrize(
    ("after", "channel", "state"),
    [
        (0.0, "ch1", State.READY),
        (TIME_UP_S, "ch1", State.PAUSE),  # they waited on, for somebody else
        (0.0, "ch9", State.PAUSE),
    ],
)
def test_a_caller_whose_time_is_up_is_no_fault_of_the_operator_who_is_rung(
    desk: Desk, after: float, channel: str, state: State
) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.operators.take(OperatorSilent("ch1", "lavoro", "anna"))
    assert not desk.told[-1].ready, "at once, or the telephone would ring again"
    desk.clock.advance(after)
    desk.operators.take(CallerLeft(channel, "lavoro"))
    assert desk.seat.state is state
    assert desk.told[-1].ready is (state is State.READY)


def test_a_break_wished_while_it_rang_out_is_that_break(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.operators.pause("anna", "break")
    desk.operators.take(OperatorSilent("ch1", "lavoro", "anna"))
    desk.operators.take(CallerLeft("ch1", "lavoro"))
    assert (desk.seat.state, desk.seat.reason) == (State.PAUSE, "break")


def test_a_caller_who_gives_up_while_it_rings_leaves_the_operator_ready(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.operators.take(ChannelGone("ch1"))
    assert desk.seat.state is State.READY


def test_a_talk_whose_end_nobody_told_ends_with_its_channel(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.operators.take(ANSWERS)
    desk.operators.take(ChannelGone("ch1"))
    assert desk.seat.state is State.WRAP_UP


def test_whoever_leaves_is_taken_out_of_the_queues(desk: Desk) -> None:
    desk.operators.leave("anna")
    assert not desk.told[-1].there
    assert desk.changes[-1].state is State.AWAY
    assert desk.operators.everybody() == ()


def test_the_queues_are_told_again_when_the_exchange_comes_back(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.told.clear()
    desk.operators.take(LinkUp())
    assert [member.ready for member in desk.told] == [True]


def test_whoever_is_rung_is_ready_to_an_exchange_that_has_forgotten_everything(desk: Desk) -> None:
    desk.operators.ready("anna")
    desk.operators.take(RINGS)
    desk.told.clear()
    desk.operators.take(LinkUp())
    assert desk.told == [Member("anna", "PJSIP/anna", ("lavoro",), ready=True)]


def test_signs_of_operators_without_a_desk_change_nothing(desk: Desk) -> None:
    before = desk.seat
    desk.operators.take(OperatorRinging("ch9", "lavoro", "bruno"))
    assert desk.operators.everybody() == (before,)
