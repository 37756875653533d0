"""How well a number of operators serves a load: Erlang C (nobody ever hangs up) and Erlang A (patience is exponential).

Erlang C  A = calls x handling / period; B(0) = 1, B(n) = A B(n-1) / (n + A B(n-1)); P(wait) = N B / (N - A (1 - B)), for N > A;
          level = 1 - P(wait) e^(-(N - A) T / handling); wait = P(wait) handling / (N - A); occupancy = A / N.
Erlang A  the stationary queue of M/M/N+M: in state k > N callers leave at the rate N / handling + (k - N) / patience. Level is
          the share of ALL calls that is answered within T; wait the mean over all calls, answered or not (queue length / rate).
          With patience to infinity it is Erlang C.

Written here because no library in good health has both: pyworkforce has Erlang C, the same to twelve digits (the tests keep
vectors), but no patience, and brings a solver of integer programmes along. Figures are only as good as the assumption of a
steady load within a half hour; staffing_simulation.py tries them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ivr_engine.errors import IvrError

PERIOD_S = 1800.0
MOST_OPERATORS = 5000
_NEGLIGIBLE = 1e-14
_MOST_WAITING = 200_000
_STEPS = 400  # of Simpson's rule, between nought and the threshold; even
_CERTAIN = 1e-9  # what rounding may cost a target that is met exactly


class Load(NamedTuple):
    """Calls in half an hour and the seconds an operator spends on each (talk and what follows); `patience_s`: mean seconds until
    a caller gives up, None for never."""

    calls: float
    handling_s: float
    patience_s: float | None = None

    @property
    def erlangs(self) -> float:
        """Operators busy on average, if nobody is lost."""
        return self.calls * self.handling_s / PERIOD_S


class Goal(NamedTuple):
    """A share of calls to be answered within so many seconds, and the occupancy operators must not exceed."""

    share: float = 0.8
    within_s: float = 20.0
    occupancy: float = 0.85


class Service(NamedTuple):
    """What callers and operators experience: all shares between 0 and 1; `wait_s` the mean seconds of all calls (inf: without
    end)."""

    operators: int
    waiting: float
    level: float
    wait_s: float
    abandoned: float
    occupancy: float

    def meets(self, goal: Goal) -> bool:
        """Is it good enough, for callers and operators?"""
        return self.level >= goal.share - _CERTAIN and self.occupancy <= goal.occupancy + _CERTAIN


def serve(load: Load, operators: int, within_s: float) -> Service:
    """What `operators` on duty make of a load."""
    if load.calls == 0:
        return Service(operators, 0.0, 1.0, 0.0, 0.0, 0.0)
    return _erlang_c(load, operators, within_s) if load.patience_s is None else _erlang_a(load, operators, within_s)


def needed(load: Load, goal: Goal) -> Service:
    """The fewest operators on duty who meet the goal. Raises IvrError when even very many do not."""
    low, high = 0, 1
    while not serve(load, high, goal.within_s).meets(goal):
        low, high = high, 2 * high
        if low >= MOST_OPERATORS:
            raise IvrError(f"not even {low} operators meet that goal", "take a lower share or a smaller volume")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if serve(load, middle, goal.within_s).meets(goal) else (middle, high)
    return serve(load, high, goal.within_s)


def scheduled(on_duty: int, shrinkage: float) -> int:
    """Operators to be employed so that `on_duty` are there, when a share `shrinkage` of their time goes to breaks, leave,
    illness, training."""
    return math.ceil(on_duty / (1 - shrinkage) - _CERTAIN)


def on_duty(employed: int, shrinkage: float) -> int:
    """Operators who are there, of those employed."""
    return math.floor(employed * (1 - shrinkage) + _CERTAIN)


def _erlang_c(load: Load, operators: int, within_s: float) -> Service:
    erlangs = load.erlangs
    if operators <= erlangs:
        return Service(operators, 1.0, 0.0, math.inf, 0.0, 1.0)
    blocked = 1.0
    for number in range(1, operators + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    waiting = operators * blocked / (operators - erlangs * (1 - blocked))
    spare = operators - erlangs
    level = 1 - waiting * math.exp(-spare * within_s / load.handling_s)
    return Service(operators, waiting, level, waiting * load.handling_s / spare, 0.0, erlangs / operators)


def _erlang_a(load: Load, operators: int, within_s: float) -> Service:
    assert load.patience_s is not None
    rate, served, leaves = load.calls / PERIOD_S, 1 / load.handling_s, 1 / load.patience_s
    if operators == 0:
        return Service(0, 1.0, 0.0, load.patience_s, 1.0, 0.0)
    queue, unit = _queue(rate, operators * served, leaves)
    # Everything relative to the likeliest state; `unit` is the one in which all operators are busy and nobody waits.
    below, term = 0.0, unit
    for number in range(operators, 0, -1):
        term *= number * served / rate
        below += term
        if term <= _NEGLIGIBLE * below:
            break
    total = below + float(queue.sum())
    probability = queue / total
    length = float(probability @ np.arange(len(queue)))
    abandoned = leaves * length / rate
    level = below / total + _soon_served(probability, operators * served, leaves, within_s)
    occupancy = load.erlangs * (1 - abandoned) / operators
    return Service(operators, float(probability.sum()), level, length / rate, abandoned, occupancy)


def _queue(rate: float, capacity: float, leaves: float) -> tuple[np.ndarray, float]:
    """Of 0, 1, 2 ... callers waiting, how likely each is in relation to the likeliest; and that of none once more."""
    logs, highest = [0.0], 0.0
    for waiting in range(1, _MOST_WAITING):
        logs.append(logs[-1] + math.log(rate / (capacity + waiting * leaves)))
        highest = max(highest, logs[-1])
        if logs[-1] < highest + math.log(_NEGLIGIBLE):
            break
    states = np.exp(np.array(logs) - highest)
    return states, float(states[0])


def _soon_served(probability: np.ndarray, capacity: float, leaves: float, within_s: float) -> float:
    """The share of calls that wait, but not longer than `within_s`, and are answered: a caller who finds j waiting is served
    after j + 1 departures at the rates capacity + i x leaves, i = j ... 0, whose density is
    f(0) = capacity e^(-capacity v), f(j) = f(j - 1) (capacity + j leaves) (1 - e^(-leaves v)) / (j leaves)."""
    if within_s <= 0:
        return 0.0
    moments = np.linspace(0.0, within_s, _STEPS + 1)
    grows = -np.expm1(-leaves * moments) / leaves
    density = capacity * np.exp(-capacity * moments)
    total = probability[0] * density
    for ahead in range(1, len(probability)):
        density = density * (capacity + ahead * leaves) * grows / ahead
        total += probability[ahead] * density
        if ahead > capacity * within_s and probability[ahead] * float(density.max()) < _NEGLIGIBLE:
            break
    weights = np.ones(_STEPS + 1)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return float((total * np.exp(-leaves * moments)) @ weights * within_s / _STEPS / 3)
