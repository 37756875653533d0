"""Lines' functions: late, failing, blocking - each costs its own line only."""

from __future__ import annotations

import errno
import threading
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.task import Clock

from ivr_engine.errors import FunctionFailed
from ivr_engine.hookspecs import Request, Result
from ivr_engine.plugins.pool import LinePool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twisted.internet.defer import Deferred

REQUEST = Request("prova", {}, date(2026, 11, 23))


class Reactor(Clock):
    """A clock whose thread calls are run when the test turns it."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Any] = []
        self.arrived = threading.Semaphore(0)

    def callFromThread(self, f: Callable[..., Any], *args: Any) -> None:  # noqa: N802 - Twisted's name
        self.waiting.append((f, args))
        self.arrived.release()

    def turn(self) -> None:
        assert self.arrived.acquire(timeout=5), "no thread came back"
        function, args = self.waiting.pop(0)
        function(*args)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def outcome(answer: Deferred[Result]) -> Any:
    seen: list[Any] = []
    answer.addBoth(seen.append)
    return getattr(seen[0], "value", seen[0]) if seen else None


def pool(reactor: Reactor, function: Any, threads: int = 2) -> LinePool:
    return LinePool("prova", {"f": function}, reactor, threads, limit=2.0)


def test_a_result_comes_back() -> None:
    reactor = Reactor()
    answer = pool(reactor, lambda request: Result(request.line)).call("f", REQUEST)
    reactor.turn()
    assert outcome(answer) == Result("prova")
    assert not reactor.getDelayedCalls(), "the limit's timer is gone"


@pytest.mark.parametrize(
    ("function", "error"), [(lambda r: 1 / 0, "ZeroDivisionError"), (lambda r: "found", "no Result but str")]
)
def test_a_failure_is_the_lines_own(function: Any, error: str) -> None:
    reactor = Reactor()
    answer = pool(reactor, function).call("f", REQUEST)
    reactor.turn()
    failed = outcome(answer)
    assert (failed.how, failed.error) == ("failed", error)


def test_a_failure_gives_its_slot_back_whatever_the_function_is() -> None:
    reactor = Reactor()
    nameless = pool(reactor, partial(divmod, 1), threads=1)  # a partial has no __name__
    for _ in range(2):
        answer = nameless.call("f", REQUEST)
        reactor.turn()
        assert outcome(answer).error == "TypeError"
    with pytest.raises(KeyError):
        nameless.call("no such function", REQUEST)
    assert nameless.statistics().busy == 0


def test_a_log_that_takes_no_line_costs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def full(event: str, **_values: object) -> None:
        asked.append(event)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ivr_engine.plugins.pool.log.warning", full)
    reactor = Reactor()
    only = pool(reactor, lambda _request: 1 / 0, threads=1)
    for _ in range(2):
        answer = only.call("f", REQUEST)
        reactor.turn()
        assert outcome(answer).error == "ZeroDivisionError"
    assert asked[0] == "function failed"


def test_late_ones_hold_their_slot_then_the_breaker_opens_and_closes_again(gate: threading.Event) -> None:
    reactor = Reactor()
    both = threading.Semaphore(0)
    blocked = pool(reactor, lambda request: Result("late") if (both.release(), gate.wait(20))[1] else Result("never"))
    first, second = blocked.call("f", REQUEST), blocked.call("f", REQUEST)
    assert both.acquire(timeout=5)
    assert both.acquire(timeout=5)
    reactor.advance(2.0)
    assert [outcome(answer).how for answer in (first, second)] == ["late", "late"]
    assert outcome(blocked.call("f", REQUEST)).how == "unavailable"
    assert blocked.statistics().busy == 2
    gate.set()
    reactor.turn()
    reactor.turn()
    assert blocked.statistics().busy == 0
    answer = blocked.call("f", REQUEST)
    reactor.turn()
    assert outcome(answer) == Result("late")


def test_calls_that_come_at_once_wait_for_a_thread(gate: threading.Event) -> None:
    reactor = Reactor()
    narrow = pool(reactor, lambda request: Result(request.line) if gate.wait(20) else Result("never"), threads=1)
    answers = [narrow.call("f", REQUEST) for _ in range(3)]
    assert (narrow.statistics().busy, narrow.statistics().waiting) == (1, 2)
    gate.set()
    for _ in answers:
        reactor.turn()
    assert [outcome(answer) for answer in answers] == [Result("prova")] * 3
    assert narrow.statistics().refused == 0


def test_whoever_waits_in_vain_is_not_the_functions_fault(gate: threading.Event) -> None:
    reactor = Reactor()
    ran: list[str] = []
    begun = threading.Event()

    def blocks(request: Request) -> Result:
        ran.append(request.line)
        begun.set()
        gate.wait(20)
        return Result("late")

    narrow = pool(reactor, blocks, threads=1)
    first, second = narrow.call("f", REQUEST), narrow.call("f", REQUEST)
    assert begun.wait(5)
    reactor.advance(2.0)
    assert [outcome(first).how, outcome(second).how] == ["late", "unavailable"]
    gate.set()
    reactor.turn()
    reactor.turn()
    assert ran == ["prova"], "nobody waits for the second one's answer any more"
    assert narrow.statistics().busy == narrow.statistics().waiting == 0


def test_one_lines_blockage_is_not_anothers(gate: threading.Event) -> None:
    reactor = Reactor()
    blocked, free = pool(reactor, lambda r: gate.wait(20), threads=1), pool(reactor, lambda r: Result("ok"))
    blocked.call("f", REQUEST).addErrback(lambda failure: failure.trap(FunctionFailed) and None)
    answer = free.call("f", REQUEST)
    reactor.turn()
    assert outcome(answer) == Result("ok")
    reactor.advance(2.0)
