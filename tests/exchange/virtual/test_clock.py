"""Fast time jumps when nobody holds it, between two turns of the reactor, to the next due call and no further."""

from __future__ import annotations

import time

import pytest
from twisted.internet.task import Clock

from ivr_engine.exchange.virtual.clock import FastClock, RealClock

START = 1_700_000_000.25


class Turns:
    """A reactor that makes one turn at a time: what is asked for during a turn comes in the next."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def callLater(self, delay: float, *call: object) -> None:  # noqa: N802
        assert delay == 0, "fast time asks the reactor for its next turn, never for real time"
        self.asked.append(call)

    def turn(self) -> None:
        asked, self.asked = self.asked, []
        for function, *arguments in asked:
            function(*arguments)


class Steps:
    """Fast time on a reactor whose turns the test makes."""

    def __init__(self) -> None:
        self.reactor = Turns()
        self.clock = FastClock(self.reactor, START)
        self.story: list[tuple[float, str]] = []

    def later(self, delay: float, name: str) -> object:
        return self.clock.callLater(delay, self.note, name)

    def note(self, name: str) -> None:
        self.story.append((self.clock.now() - START, name))

    def turns(self, count: int) -> None:
        for _ in range(count):
            self.reactor.turn()


@pytest.fixture
def steps() -> Steps:
    return Steps()


def test_it_jumps_to_the_next_due_call(steps: Steps) -> None:
    steps.later(300, "second")
    steps.later(5, "first")
    assert steps.story == []
    steps.turns(1)
    assert steps.story == [(5.0, "first")]
    steps.turns(1)
    assert steps.story == [(5.0, "first"), (300.0, "second")]


def test_it_stands_still_until_the_last_hold_is_released(steps: Steps) -> None:
    first, second = steps.clock.hold(), steps.clock.hold()
    steps.later(1, "due")
    first.release()
    first.release()  # releasing twice must not stand for two
    steps.turns(5)
    assert steps.story == []
    second.release()
    assert steps.story == []  # not in the middle of somebody's turn
    steps.turns(1)
    assert steps.story == [(1.0, "due")]


def test_a_hold_taken_after_the_decision_to_jump_still_counts(steps: Steps) -> None:
    steps.later(1, "due")
    hold = steps.clock.hold()
    steps.turns(3)
    assert steps.story == []
    hold.release()
    steps.turns(1)
    assert steps.story == [(1.0, "due")]


def test_calls_of_one_instant_are_made_together_in_their_order(steps: Steps) -> None:
    for name in ("a", "b", "c"):
        steps.later(2, name)
    steps.later(2.000001, "a microsecond later")
    steps.turns(1)
    assert [name for _, name in steps.story] == ["a", "b", "c"]


def test_a_call_asked_for_at_once_comes_in_a_later_turn_at_the_same_time(steps: Steps) -> None:
    steps.clock.callLater(1, steps.later, 0, "next")
    steps.turns(1)
    assert steps.story == []
    steps.turns(1)
    assert steps.story == [(1.0, "next")]


def test_a_cancelled_call_does_not_come_and_does_not_move_time(steps: Steps) -> None:
    timer = steps.clock.callLater(7, steps.note, "never")
    assert timer.active()
    timer.cancel()
    assert not timer.active()
    steps.later(9, "due")
    steps.turns(2)
    assert steps.story == [(9.0, "due")]


def test_a_call_cancelled_by_one_of_the_same_instant_does_not_come(steps: Steps) -> None:
    timers = []
    steps.clock.callLater(1, lambda: timers[0].cancel())
    timers.append(steps.clock.callLater(1, steps.note, "never"))
    steps.turns(2)
    assert steps.story == []


def test_a_call_that_raises_takes_no_other_with_it(steps: Steps) -> None:
    steps.clock.callLater(1, lambda: 1 / 0)
    steps.later(1, "due")
    with pytest.raises(ZeroDivisionError):
        steps.turns(1)
    steps.turns(1)
    assert steps.story == [(1.0, "due")]


def test_whole_seconds_stay_whole_over_many_small_steps(steps: Steps) -> None:
    for _ in range(1000):
        steps.clock.callLater(0.1, lambda: None)
        steps.turns(1)
    assert steps.clock.now() - START == 100.0


def test_real_time_is_the_machines() -> None:
    before = time.time()
    assert before <= RealClock(Clock()).now() <= time.time()


def test_real_time_can_begin_at_another_instant() -> None:
    reactor = Clock()
    reactor.advance(50)
    clock = RealClock(reactor, START)
    story: list[float] = []
    clock.callLater(3, lambda: story.append(clock.now()))
    clock.hold()  # waits for nobody
    reactor.advance(3)
    assert story == [START + 3]
