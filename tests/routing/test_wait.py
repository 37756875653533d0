"""The wait that is said: from who serves and how fast, as a range that holds, and silence where it is not known."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from ivr_engine.dialogue.services import Outlook
from ivr_engine.errors import Unavailable
from ivr_engine.events import QueueLeft, QueueStatus
from ivr_engine.exchange.interface import QueueState
from ivr_engine.routing.wait import ASK_S, RECENT_S, WRAP_UP_S, Waits, estimate
from ivr_engine.testing.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Coroutine

TALKS = [170.0, 190.0, 180.0, 175.0, 185.0]


def outlook(state: QueueState | Exception | None, talks: list[float], *, ago: float = 60) -> Any:
    clock, reactor = ManualClock(), Clock()

    async def asked(_queue: str) -> QueueState | None:
        if isinstance(state, Exception):
            raise state
        return state

    waits = Waits(reactor, clock, asked)
    for talk in talks:
        waits.take(QueueLeft("C", clock.now() - ago, "lavoro", QueueStatus.ANSWERED, 5, int(talk)))
    return result_of(waits.outlook("lavoro"))


def result_of(coroutine: Coroutine[Any, Any, Any]) -> Any:
    seen: list[Any] = []
    Deferred.fromCoroutine(coroutine).addBoth(seen.append)
    return seen[0] if seen else "waiting"


def test_who_finds_an_operator_free_does_not_wait() -> None:
    assert outlook(QueueState(waiting=0, serving=3, free=1), TALKS) == Outlook(1, free=True)
    assert outlook(QueueState(waiting=1, serving=3, free=1), TALKS).free is False  # that one is for the caller before


def test_the_range_grows_with_the_place_and_shrinks_with_operators() -> None:
    first = outlook(QueueState(waiting=3, serving=2, free=0), TALKS)
    more = outlook(QueueState(waiting=9, serving=2, free=0), TALKS)
    quick = outlook(QueueState(waiting=9, serving=10, free=0), TALKS)
    assert first.high_s < more.high_s > quick.high_s > 0
    assert outlook(QueueState(waiting=3, serving=2, free=0), [*TALKS, 0.0, 0.0, 0.0]) == first, "talks nobody could time"
    assert all(each.low_s % 60 == each.high_s % 60 == 0 and each.low_s < each.high_s for each in (first, more, quick))


@pytest.mark.parametrize(
    ("state", "talks", "ago"),
    [
        (QueueState(3, 0, 0), TALKS, 60.0),  # nobody serves
        (QueueState(3, 2, 0), TALKS[:4], 60.0),  # too few talks
        (QueueState(3, 2, 0), TALKS, RECENT_S + 1),  # too long ago
        (QueueState(0, 1, 0), [1200.0] * 5, 60.0),  # the range would be too wide to help
    ],
)
def test_it_is_silent_where_it_does_not_know(state: QueueState, talks: list[float], ago: float) -> None:
    found = outlook(state, talks, ago=ago)
    assert (found.low_s, found.high_s) == (0, 0)


def test_an_exchange_that_does_not_say_leaves_everything_open() -> None:
    assert outlook(None, TALKS) is None
    assert outlook(Unavailable("down"), TALKS) is None


def test_an_exchange_that_is_slow_is_not_waited_for() -> None:
    reactor, never = Clock(), Deferred[None]()

    async def asked(_queue: str) -> QueueState | None:
        await never
        return None

    seen: list[Any] = []
    Deferred.fromCoroutine(Waits(reactor, ManualClock(), asked).outlook("lavoro")).addBoth(seen.append)
    reactor.advance(ASK_S - 0.01)
    assert seen == []
    reactor.advance(0.02)
    assert seen == [None]


def test_talks_that_were_none_teach_nothing() -> None:
    clock = ManualClock()

    async def asked(_queue: str) -> QueueState | None:
        return QueueState(3, 2, 0)

    waits = Waits(Clock(), clock, asked)
    for _ in range(9):
        waits.take(QueueLeft("C", clock.now(), "lavoro", QueueStatus.ABANDONED, 500, 0))
        waits.take(QueueLeft("C", clock.now(), "altra", QueueStatus.ANSWERED, 5, 180))
    assert result_of(waits.outlook("lavoro")).high_s == 0


@pytest.mark.parametrize(("position", "operators"), [(2, 1), (3, 4), (6, 3), (12, 5), (25, 8)])
def test_the_range_holds_for_most_callers_of_a_simulated_queue(position: int, operators: int) -> None:
    """Talks of random length (exponential, the widest that is usual), operators anywhere in theirs when the caller comes."""
    chance = random.Random(position * 100 + operators)
    mean = 200.0
    right = said = 0
    for _ in range(400):
        recent = [chance.expovariate(1 / mean) + WRAP_UP_S for _ in range(30)]
        low, high = estimate(position, operators, recent)
        if not high:
            continue
        said += 1
        free_at = sorted(chance.expovariate(1 / (mean + WRAP_UP_S)) for _ in range(operators))
        wait = 0.0
        for _ in range(position):
            wait = free_at.pop(0)
            free_at.append(wait + chance.expovariate(1 / mean) + WRAP_UP_S)
            free_at.sort()
        right += low <= wait <= high
    assert said >= 100
    assert right / said >= 0.5
