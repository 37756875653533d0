"""The breaker: opens on what fails, tries again by itself, and never costs more than one caller a try."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.errors import FunctionFailed
from ivr_engine.hookspecs import Request, Result
from ivr_engine.plugins.breaker import FIRST_PAUSE_S, IN_A_ROW, LONGEST_PAUSE_S, RECENT, Breaker, State
from ivr_engine.plugins.pool import LinePool

from .test_pool import Reactor, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = Request("prova", {}, date(2026, 11, 24))


def fail(breaker: Breaker, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        breaker.failed("ValueError", 0.1, now)


def test_failures_in_a_row_open_it() -> None:
    breaker = Breaker()
    fail(breaker, IN_A_ROW - 1)
    assert breaker.lets_through(0)
    breaker.served(0.1, 0)
    fail(breaker, IN_A_ROW - 1)
    assert breaker.lets_through(0)
    fail(breaker, 1)
    assert (breaker.lets_through(0), breaker.health().state) == (False, State.OPEN)
    assert (breaker.health().refused, breaker.health().error) == (1, "ValueError")


def test_every_second_failure_opens_it_in_the_end() -> None:
    breaker, calls = Breaker(), 0
    while breaker.lets_through(0):
        calls += 1
        breaker.served(0.1, 0) if calls % 2 else breaker.failed("late", 2.0, 0, late=True)
        assert calls <= RECENT
    assert calls == RECENT
    assert (breaker.health().served, breaker.health().late, breaker.health().failed) == (RECENT // 2, RECENT // 2, 0)


def test_it_recovers_by_itself() -> None:
    breaker = Breaker()
    fail(breaker, IN_A_ROW)
    assert not breaker.lets_through(FIRST_PAUSE_S - 0.1)
    assert breaker.lets_through(FIRST_PAUSE_S)
    assert not breaker.lets_through(FIRST_PAUSE_S)  # one is trying already
    breaker.served(0.1, FIRST_PAUSE_S)
    assert breaker.health().state is State.CLOSED
    fail(breaker, IN_A_ROW - 1, FIRST_PAUSE_S)
    assert breaker.lets_through(FIRST_PAUSE_S)  # what was before is forgotten


def test_each_try_that_fails_doubles_the_pause_up_to_a_limit() -> None:
    breaker, now, pauses = Breaker(), 0.0, []
    fail(breaker, IN_A_ROW)
    for _ in range(6):
        waited = 0.0
        while not breaker.lets_through(now + waited):
            waited += 1.0
        now += waited
        pauses.append(waited)
        fail(breaker, 1, now)
    assert pauses == [30.0, 60.0, 120.0, 240.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_durations_are_told() -> None:
    breaker = Breaker()
    for number in range(1, 101):
        breaker.served(number / 1000, 0)
    health = breaker.health()
    assert (health.median_ms, health.slow_ms, health.longest_ms) == (50, 95, 100)


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


def pool(reactor: Reactor, function: Callable[[Request], Any]) -> LinePool:
    return LinePool("prova", {"f": function, "g": lambda _request: Result("well")}, reactor, 2, limit=2.0)


def call(reactor: Reactor, line: LinePool, name: str = "f") -> Any:
    answer = line.call(name, REQUEST)
    if not answer.called:
        reactor.turn()
    return outcome(answer)


def test_a_function_that_keeps_failing_is_refused_at_once_and_comes_back(reactor: Reactor) -> None:
    well = threading.Event()

    def moody(_request: Request) -> Result:
        if not well.is_set():
            raise ValueError
        return Result("found")

    line = pool(reactor, moody)
    hows = [call(reactor, line).how for _ in range(IN_A_ROW + 3)]
    assert hows == ["failed"] * IN_A_ROW + ["unavailable"] * 3
    assert call(reactor, line, "g") == Result("well")  # another function of the line is served
    assert line.health()["f"].state is State.OPEN
    well.set()
    assert call(reactor, line).how == "unavailable"
    reactor.advance(FIRST_PAUSE_S)
    assert call(reactor, line) == Result("found")
    assert (line.health()["f"].state, line.health()["f"].refused) == (State.CLOSED, 4)


def test_a_function_that_is_always_late_is_refused_too(reactor: Reactor) -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    def slow(_request: Request) -> Result:
        begun.release()
        gate.wait(10)
        return Result("found")

    line = LinePool("prova", {"f": slow}, reactor, 10, limit=2.0)
    answers = [line.call("f", REQUEST) for _ in range(IN_A_ROW)]
    assert all(begun.acquire(timeout=5) for _ in answers)
    reactor.advance(2.0)
    assert [outcome(answer).how for answer in answers] == ["late"] * IN_A_ROW
    refused = outcome(line.call("f", REQUEST))
    assert isinstance(refused, FunctionFailed)
    assert refused.how == "unavailable"
    assert line.health()["f"].late == IN_A_ROW
    gate.set()
    for _ in answers:
        reactor.turn()
    assert line.health()["f"].served == 0  # what comes too late serves nobody
