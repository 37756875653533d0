"""A function's health, and the breaker that spares callers one that is unwell: they go to an operator at once.

closed --too many failures--> open --after a pause--> half open (one caller tries) --served--> closed
                                ^------------------------failed, twice the pause-------|
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

IN_A_ROW = 5
RECENT = 20
SHARE = 0.5  # of the recent calls that may fail
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 300.0
_TIMES = 200  # calls whose duration is remembered


class State(StrEnum):
    """What the breaker does with the next caller."""

    CLOSED = "closed"  # lets them through
    OPEN = "open"  # refuses
    HALF_OPEN = "half open"  # one is under way to try


@dataclass(frozen=True, slots=True)
class FunctionHealth:
    """Counts since the start; durations in milliseconds of the last calls; `since`: the breaker's state, in the pool's seconds.

    `error` is the class of the last failure, "" when there was none.
    """

    state: State
    since: float
    served: int
    failed: int
    late: int
    refused: int
    median_ms: int
    slow_ms: int
    longest_ms: int
    error: str


class Breaker:
    """Of one function. `now` is any clock that only goes forward, in seconds."""

    def __init__(self) -> None:
        self.state = State.CLOSED
        self._since, self._pause = 0.0, FIRST_PAUSE_S
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._times: deque[float] = deque(maxlen=_TIMES)
        self._in_a_row = self._served = self._failed = self._late = self._refused = 0
        self._error = ""

    def lets_through(self, now: float) -> bool:
        """Whether the next caller may try; counts those who may not."""
        if self.state is State.OPEN and now >= self._since + self._pause:
            self._become(State.HALF_OPEN, now)
            return True
        if self.state is State.CLOSED:
            return True
        self._refused += 1
        return False

    def served(self, seconds: float, now: float) -> None:
        """A call that was let through had its result in time."""
        self._served += 1
        self._times.append(seconds)
        self._recent.append(True)
        self._in_a_row = 0
        if self.state is State.HALF_OPEN:
            self._recent.clear()
            self._pause = FIRST_PAUSE_S
            self._become(State.CLOSED, now)

    def failed(self, error: str, seconds: float, now: float, *, late: bool = False) -> None:
        """A call that was let through failed, or was late."""
        self._failed += not late
        self._late += late
        self._error = error
        self._times.append(seconds)
        self._recent.append(False)
        self._in_a_row += 1
        if self.state is State.HALF_OPEN:
            self._pause = min(2 * self._pause, LONGEST_PAUSE_S)
            self._become(State.OPEN, now)
        elif self.state is State.CLOSED and self._too_many():
            self._become(State.OPEN, now)

    def health(self) -> FunctionHealth:
        """How the function does."""
        times = sorted(self._times) or [0.0]
        median, slow = (round(times[int(share * (len(times) - 1))] * 1000) for share in (0.5, 0.95))
        counts = (self._served, self._failed, self._late, self._refused)
        return FunctionHealth(self.state, self._since, *counts, median, slow, round(times[-1] * 1000), self._error)

    def _too_many(self) -> bool:
        failures = self._recent.count(False)
        return self._in_a_row >= IN_A_ROW or (len(self._recent) == RECENT and failures >= SHARE * RECENT)

    def _become(self, state: State, now: float) -> None:
        self.state, self._since = state, now
