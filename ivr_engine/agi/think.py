"""How long the engine thinks between a reply and the next command: counted in buckets, cheaply, for every command."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import Final

BOUNDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper ends of the buckets, in seconds."""


class Think:
    """`seconds` is the sum of all."""

    __slots__ = ("_counts", "seconds")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def took(self, seconds: float) -> None:
        """One more."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    def cumulated(self) -> list[tuple[str, float]]:
        """(upper end, how many took no longer), the last for "+Inf"."""
        ends = [*map(str, BOUNDS), "+Inf"]
        return list(zip(ends, map(float, accumulate(self._counts)), strict=True))
