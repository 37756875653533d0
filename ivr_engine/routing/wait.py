"""How long a caller would wait in a queue, as a range, from those who serve it now and the pace of their last talks.

Never from how long others have waited: that number grows while nothing is known. Silent when it is not known well enough.
"""

from __future__ import annotations

from collections import defaultdict, deque
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from twisted.internet import defer

from ivr_engine.dialogue.services import Outlook
from ivr_engine.errors import Unavailable
from ivr_engine.events import QueueLeft, QueueStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ivr_engine.clock import Clock
    from ivr_engine.exchange.interface import QueueState
    from ivr_engine.routing.feed import Notice

log = structlog.get_logger()

ASK_S = 0.5  # seconds the exchange has to say how a queue stands; then nothing is announced
RECENT_S = 7200.0
FEWEST = 5  # recent talks below which the pace is not known
KEPT = 50
WRAP_UP_S = 10.0  # from the end of a talk until the operator can take the next one
WIDEST = 4.0  # a range whose end is more than so many times its beginning helps nobody
_LOW, _HIGH = 0.2, 0.8
_MINUTE = 60


class Talk(NamedTuple):
    """One talk: when it ended, and its seconds."""

    at: float
    seconds: float


class Waits:
    """Satisfies dialogue.services.Queues. `state` asks the exchange; `take` is fed with every fact."""

    def __init__(self, reactor: Any, clock: Clock, state: Callable[[str], Coroutine[Any, Any, QueueState | None]]) -> None:
        self._reactor, self._clock, self._state = reactor, clock, state
        self._talks: defaultdict[str, deque[Talk]] = defaultdict(lambda: deque(maxlen=KEPT))

    def take(self, event: Notice) -> None:
        """Learn from the end of a talk; of none whose length nobody knows."""
        if isinstance(event, QueueLeft) and event.status is QueueStatus.ANSWERED and event.talk_s:
            self._talks[event.queue].append(Talk(event.at, event.talk_s))

    async def outlook(self, queue: str) -> Outlook | None:
        """What a caller who joined now could expect; None when the exchange does not say in time."""
        asked = defer.Deferred.fromCoroutine(self._state(queue))
        asked.addTimeout(ASK_S, self._reactor)
        try:
            state = await asked
        except (defer.TimeoutError, Unavailable):
            return None
        if state is None:
            return None
        position, free = state.waiting + 1, state.free > state.waiting
        if free:
            return Outlook(position, free=True)
        since = self._clock.now() - RECENT_S
        handling = [talk.seconds + WRAP_UP_S for talk in self._talks[queue] if talk.at >= since]
        low, high = estimate(position, state.serving, handling)
        return Outlook(position, free=False, low_s=low, high_s=high)


def estimate(position: int, serving: int, handling: list[float]) -> tuple[int, int]:
    """The wait in seconds, rounded outwards to minutes, that four callers of six would find right; 0 and 0 when unsure.

    The caller at `position` moves up whenever one of the `serving` operators is done: the sum of that many gaps, each with
    the mean of `handling` (seconds an operator is taken by one caller) divided by the operators, is gamma distributed.
    """
    if not serving or len(handling) < FEWEST:
        return 0, 0
    gap = fmean(handling) / serving
    low, high = (_gamma(position, gap, share) for share in (_LOW, _HIGH))
    low_s, high_s = int(low // _MINUTE) * _MINUTE, -int(-high // _MINUTE) * _MINUTE
    if high_s > _MINUTE and high_s > WIDEST * max(low_s, _MINUTE):
        return 0, 0
    return low_s, high_s


def _gamma(shape: int, scale: float, share: float) -> float:
    """The quantile of a gamma distribution, by Wilson and Hilferty: right within a few per cent from shape 1."""
    z = NormalDist().inv_cdf(share)
    return float(scale * shape * max(0.0, 1 - 1 / (9 * shape) + z / (3 * shape**0.5)) ** 3)
