"""What is wrong with an engine now, by component."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from twisted.internet import defer

from ivr_engine.errors import Unavailable
from ivr_engine.events import QueueLeft, QueueStatus
from ivr_engine.observe.memory import resident_mib
from ivr_engine.plugins.breaker import State
from ivr_engine.records.database import State as StoreState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ivr_engine.observe.subject import Subject
    from ivr_engine.routing.feed import Notice

WINDOW_S = 1800.0
FEWEST = 10  # callers in the window below which a share says nothing
BETTER = 0.05  # by how much a service level must be over its threshold until it counts as well again
_ASK_S = 2.0
_KEPT = 10_000


class _Stay(NamedTuple):
    at: float
    in_time: bool


class Faults:
    """Looks at everything it is told of in the settings' [alarms]; feeds on every fact."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._stays: defaultdict[str, deque[_Stay]] = defaultdict(lambda: deque(maxlen=_KEPT))
        subject.feed.subscribe(self._take, kinds=(QueueLeft,))

    async def now(self, raised: Collection[str]) -> dict[str, str]:
        """Component → what is wrong with it. `raised`: those that are known already, which must get clearly better."""
        found = dict(self._engine())
        found.update(self._service(raised))
        found.update(await self._queues())
        return found

    def _engine(self) -> Iterator[tuple[str, str]]:
        subject = self._subject
        if not subject.link.up:
            yield "ami", subject.link.why
        writer, spool = subject.store.writer.health(), subject.store.spool.statistics()
        if writer.state is not StoreState.WORKS:
            yield "store", f"the database is {writer.state}: {writer.why}"
        if spool.in_memory or spool.lost:
            yield "spool", f"the disk takes no facts: {spool.in_memory} wait in memory, {spool.lost} are lost"
        held, most = resident_mib(), subject.settings.alarms.memory_mib
        if held > most:
            yield "memory", f"the engine holds {held} MiB, more than the {most} of alarms.memory_mib"
        calls = subject.server.statistics()
        if calls.up >= subject.settings.agi.max_calls:
            yield "room", f"{calls.up} calls are up, no more are taken"
        for line, functions in subject.pools.health().items():
            for name, health in functions.items():
                if health.state is not State.CLOSED:
                    yield f"breaker {line}.{name}", f"callers go to an operator at once: {health.error}"

    def _service(self, raised: Collection[str]) -> Iterator[tuple[str, str]]:
        wanted = self._subject.settings.alarms.service_level
        since = self._subject.clock.now() - WINDOW_S
        for queue, stays in self._stays.items():
            while stays and stays[0].at < since:
                stays.popleft()
            if not wanted or len(stays) < FEWEST:
                continue
            name, share = f"service level {queue}", sum(stay.in_time for stay in stays) / len(stays)
            if share < (min(1.0, wanted + BETTER) if name in raised else wanted):
                yield name, f"{share:.0%} of the last {len(stays)} callers were answered in time"

    async def _queues(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for queue, open_now in self._subject.staffed().items():
            if not open_now or not self._subject.link.up:
                continue
            asked = defer.Deferred.fromCoroutine(self._subject.queue_state(queue))
            asked.addTimeout(_ASK_S, self._subject.reactor)
            try:
                state = await asked
            except (Unavailable, defer.TimeoutError):
                continue  # whether the exchange answers is another component's matter
            if state is None:
                found[f"queue {queue}"] = "the exchange has no such queue"
            elif not state.serving:
                found[f"queue {queue}"] = f"nobody serves it in its hours, {state.waiting} callers wait"
        return found

    def _take(self, notice: Notice) -> None:
        if not isinstance(notice, QueueLeft):
            return
        answered, short = notice.status is QueueStatus.ANSWERED, notice.wait_s <= self._subject.settings.console.threshold
        if answered or not short:  # who leaves at once says nothing about how callers are answered
            self._stays[notice.queue].append(_Stay(notice.at, answered and short))
