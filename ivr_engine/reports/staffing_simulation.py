"""Calls and operators one by one (simpy), to try what the formulas say and to answer what they cannot: several queues, operators
who serve some of them.

The operator who has been free longest takes a caller; a freed operator takes whoever has waited longest in a queue of theirs.
Gaps between calls, handling times and patience are exponential, as in the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import simpy

from ivr_engine.reports.staffing import PERIOD_S

if TYPE_CHECKING:
    import random
    from collections.abc import Generator, Sequence

    from ivr_engine.reports.staffing import Load


class Stream(NamedTuple):
    """The calls of one queue."""

    queue: str
    load: Load


class Seen(NamedTuple):
    """What became of a queue's calls; shares of all of them, seconds on average over all."""

    offered: int
    level: float
    wait_s: float
    abandoned: float


class Outcome(NamedTuple):
    """By queue, all together, and the share of their time operators were busy."""

    queues: dict[str, Seen]
    all: Seen
    occupancy: float


@dataclass
class _Tally:
    offered: int = 0
    in_time: int = 0
    abandoned: int = 0
    waited_s: float = 0.0

    def seen(self) -> Seen:
        calls = max(1, self.offered)
        return Seen(self.offered, self.in_time / calls, self.waited_s / calls, self.abandoned / calls)

    def __add__(self, other: _Tally) -> _Tally:
        return _Tally(
            self.offered + other.offered,
            self.in_time + other.in_time,
            self.abandoned + other.abandoned,
            self.waited_s + other.waited_s,
        )


@dataclass(eq=False)
class _Waiting:
    queue: str
    answered: simpy.Event


@dataclass
class _Floor:
    """Who is free, who waits. `skills`: each operator's queues."""

    environment: simpy.Environment
    skills: Sequence[frozenset[str]]
    free: list[int] = field(default_factory=list)  # the longest free first
    waiting: list[_Waiting] = field(default_factory=list)  # the longest waiting first
    busy_s: float = 0.0

    def match(self) -> None:
        """Bring together whoever can be."""
        for caller in tuple(self.waiting):
            operator = next((one for one in self.free if caller.queue in self.skills[one]), None)
            if operator is not None:
                self.free.remove(operator)
                self.waiting.remove(caller)
                caller.answered.succeed(operator)


def simulate(
    streams: Sequence[Stream], skills: Sequence[frozenset[str]], within_s: float, halfhours: int, chance: random.Random
) -> Outcome:
    """Play so many half hours of a steady load, after two of running in. Every stream needs an operator of its queue."""
    environment = simpy.Environment()
    floor = _Floor(environment, skills, list(range(len(skills))))
    start, end = 2 * PERIOD_S, (2 + halfhours) * PERIOD_S
    tallies = {stream.queue: _Tally() for stream in streams}

    def call(stream: Stream, tally: _Tally) -> Generator[Any, Any, None]:
        came, counted = environment.now, environment.now >= start
        caller = _Waiting(stream.queue, environment.event())
        floor.waiting.append(caller)
        floor.match()
        patience = stream.load.patience_s
        events = [caller.answered, *([] if patience is None else [environment.timeout(chance.expovariate(1 / patience))])]
        yield environment.any_of(events)
        waited = environment.now - came
        if counted:
            tally.offered += 1
            tally.waited_s += waited
            tally.in_time += caller.answered.triggered and waited <= within_s
            tally.abandoned += not caller.answered.triggered
        if not caller.answered.triggered:
            floor.waiting.remove(caller)
            return
        talk = chance.expovariate(1 / stream.load.handling_s)
        floor.busy_s += max(0.0, min(end, environment.now + talk) - max(start, environment.now))
        yield environment.timeout(talk)
        operator = caller.answered.value
        assert operator is not None
        floor.free.append(operator)
        floor.match()

    def arrivals(stream: Stream) -> Generator[Any, Any, None]:
        while stream.load.calls:
            yield environment.timeout(chance.expovariate(stream.load.calls / PERIOD_S))
            environment.process(call(stream, tallies[stream.queue]))

    for stream in streams:
        environment.process(arrivals(stream))
    environment.run(until=end)
    total = sum(tallies.values(), _Tally())
    busy = floor.busy_s / (len(skills) * (end - start)) if skills else 0.0
    return Outcome({queue: tally.seen() for queue, tally in tallies.items()}, total.seen(), busy)
