"""Time under the test's hand."""

from __future__ import annotations

from datetime import datetime

from ivr_engine.clock import ROME

MONDAY_MORNING = datetime(2026, 3, 2, 10, 0, tzinfo=ROME).timestamp()
"""A working day at ten in Rome."""


class ManualClock:
    """A clock that stands still until told otherwise; satisfies ivr_engine.clock.Clock."""

    def __init__(self, at: float = MONDAY_MORNING) -> None:
        self._at = at

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._at += seconds
