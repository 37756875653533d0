"""The one clock: no drift, no bursts, nobody's fault spoils it for the others."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from ivr_engine.audiosocket.pacing import MOST_AT_ONCE, Pacer


class Listener:
    def __init__(self, clock: Clock) -> None:
        self.ticks: list[tuple[float, int, int]] = []
        self.gone = False
        self._clock = clock

    def tick(self, frames: int, periods: int) -> None:
        self.ticks.append((round(self._clock.seconds(), 4), frames, periods))

    def lost(self) -> None:
        self.gone = True


class Failing(Listener):
    def tick(self, frames: int, periods: int) -> None:
        raise ValueError("no")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_it_ticks_every_twenty_milliseconds_and_does_not_drift(clock: Clock) -> None:
    pacer, listener = Pacer(clock), Listener(clock)
    pacer.add(listener)
    for _ in range(5001):
        clock.advance(0.0037)  # timers are a little late each time
    sent = sum(frames for _, frames, _ in listener.ticks)
    assert sent == int(5001 * 0.0037 / 0.02) == 925
    assert {frames for _, frames, _ in listener.ticks} == {1}
    assert pacer.given_up == 0


def test_after_a_stall_it_catches_up_by_few_frames_and_goes_on_at_its_pace(clock: Clock) -> None:
    pacer, listener = Pacer(clock), Listener(clock)
    pacer.add(listener)
    clock.advance(1.0)
    assert listener.ticks == [(1.0, MOST_AT_ONCE, 50)]
    assert pacer.given_up == 50 - MOST_AT_ONCE
    for _ in range(10):
        clock.advance(0.02)
    assert [ticks[1:] for ticks in listener.ticks[1:]] == [(1, 1)] * 10


def test_the_failure_of_one_is_not_the_others(clock: Clock) -> None:
    pacer, good, bad = Pacer(clock), Listener(clock), Failing(clock)
    pacer.add(bad)
    pacer.add(good)
    for _ in range(3):
        clock.advance(0.02)
    assert len(good.ticks) == 3
    assert bad.gone


def test_it_rests_when_nobody_listens(clock: Clock) -> None:
    pacer, listener = Pacer(clock), Listener(clock)
    pacer.add(listener)
    pacer.remove(listener)
    pacer.remove(listener)
    assert clock.getDelayedCalls() == []
    clock.advance(5)
    pacer.add(listener)
    clock.advance(0.02)
    assert [ticks[1:] for ticks in listener.ticks] == [(1, 1)]
