"""The engine's figures as Prometheus reads them. What the engine counts already is read when asked for, not counted twice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from ivr_engine.events import ContactEnded, ContactStarted, LineChosen
from ivr_engine.plugins.breaker import State
from ivr_engine.records.database import State as StoreState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from prometheus_client import Metric

    from ivr_engine.observe.subject import Subject
    from ivr_engine.routing.feed import Notice

__all__ = ["CONTENT_TYPE", "Metrics"]

_BREAKER = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}


class Metrics(Collector):
    """`alarms` gives the names of the alarms that are raised now. All in the reactor's thread."""

    def __init__(self, subject: Subject, alarms: Callable[[], Collection[str]]) -> None:
        self._subject, self._alarms = subject, alarms
        self._lines: dict[str, str] = {}
        self._ended: Counter[tuple[str, str]] = Counter()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        subject.feed.subscribe(self._take, kinds=(ContactStarted, LineChosen, ContactEnded))

    def exposition(self) -> bytes:
        """All figures now, in Prometheus' text format."""
        return generate_latest(self._registry)

    def _take(self, notice: Notice) -> None:
        match notice:
            case ContactStarted() | LineChosen():
                self._lines[notice.contact] = notice.line
            case ContactEnded():
                line = self._lines.pop(notice.contact, None)
                if line is None:  # of an earlier engine
                    known = self._subject.contacts.get(notice.contact)
                    line = known.line if known is not None else ""
                self._ended[line, str(notice.outcome)] += 1

    def collect(self) -> Iterator[Metric]:
        """For the registry."""
        yield from self._calls()
        yield from self._keeping()
        yield from self._functions()
        yield from self._people()

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry needs no look ahead at what it will be told."""
        return iter(())

    def _calls(self) -> Iterator[Metric]:
        ended = CounterMetricFamily("ivr_contacts", "Contacts that are over, by line and outcome.", labels=("line", "outcome"))
        for labels, count in sorted(self._ended.items()):
            ended.add_metric(labels, count)
        yield ended
        calls = self._subject.server.statistics()
        yield GaugeMetricFamily("ivr_calls_up", "FastAGI sessions now.", calls.up)
        yield GaugeMetricFamily("ivr_contacts_open", "Contacts that are open now.", len(self._subject.contacts))
        served = CounterMetricFamily("ivr_sessions", "FastAGI sessions, by how they went.", labels=("how",))
        for how in ("served", "failed", "refused", "strangers"):
            served.add_metric((how,), getattr(calls, how))
        yield served
        think = self._subject.server.think
        yield HistogramMetricFamily(
            "ivr_think_seconds",
            "From Asterisk's reply to the next command: the engine's own time in a call.",
            think.cumulated(),
            think.seconds,
        )

    def _keeping(self) -> Iterator[Metric]:
        spool, writer = self._subject.store.spool.statistics(), self._subject.store.writer.health()
        yield GaugeMetricFamily("ivr_spool_bytes", "Facts on disk that are not in the database yet.", spool.bytes_waiting)
        yield GaugeMetricFamily("ivr_spool_memory_events", "Facts the disk refused, waiting in memory.", spool.in_memory)
        yield CounterMetricFamily("ivr_spool_lost_events", "Facts that even memory had no room for.", spool.lost)
        yield CounterMetricFamily("ivr_events_committed", "Facts brought into the database.", writer.committed)
        yield CounterMetricFamily("ivr_events_unapplied", "Facts in the journal whose effect failed.", writer.unapplied)
        yield GaugeMetricFamily("ivr_store_up", "1 while the database works.", int(writer.state is StoreState.WORKS))
        yield GaugeMetricFamily("ivr_ami_up", "1 while the exchange's live view is connected.", int(self._subject.link.up))
        raised = GaugeMetricFamily("ivr_alarm", "1 for every alarm that is raised.", labels=("component",))
        for component in sorted(self._alarms()):
            raised.add_metric((component,), 1)
        yield raised

    def _functions(self) -> Iterator[Metric]:
        threads = GaugeMetricFamily("ivr_pool_threads", "Threads of a line's functions.", labels=("line", "state"))
        for line, pool in self._subject.pools.statistics().items():
            threads.add_metric((line, "busy"), pool.busy)
            threads.add_metric((line, "free"), pool.threads - pool.busy)
        yield threads
        names = ("line", "function")
        breaker = GaugeMetricFamily("ivr_breaker", "0 closed, 1 half open, 2 open.", labels=names)
        calls = CounterMetricFamily("ivr_function_calls", "Calls of a line's function.", labels=(*names, "how"))
        took = GaugeMetricFamily("ivr_function_seconds", "How long its last calls took.", labels=(*names, "quantile"))
        for line, functions in self._subject.pools.health().items():
            for name, health in functions.items():
                breaker.add_metric((line, name), _BREAKER[health.state])
                for how in ("served", "failed", "late", "refused"):
                    calls.add_metric((line, name, how), getattr(health, how))
                for quantile, ms in (("0.5", health.median_ms), ("0.95", health.slow_ms), ("1", health.longest_ms)):
                    took.add_metric((line, name, quantile), ms / 1000)
        yield from (breaker, calls, took)

    def _people(self) -> Iterator[Metric]:
        seats = Counter((queue, str(seat.state)) for seat in self._subject.operators.everybody() for queue in seat.queues)
        operators = GaugeMetricFamily("ivr_operators", "Operators at their desks, by state.", labels=("queue", "state"))
        for labels, count in sorted(seats.items()):
            operators.add_metric(labels, count)
        yield operators
