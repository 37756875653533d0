"""Time as a parameter: the engine asks a Clock, so that tests and the virtual exchange own it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")


class Clock(Protocol):
    """What time it is for calls (hooks, database and sockets keep real time)."""

    def now(self) -> float:
        """Seconds since 1970 UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()


def instant(at: float) -> datetime:
    """The aware UTC datetime of `at` seconds since 1970."""
    return datetime.fromtimestamp(at, UTC)


def rome(at: float) -> datetime:
    """The same instant on Rome's wall clock."""
    return datetime.fromtimestamp(at, ROME)


def rome_date(at: float) -> date:
    """The calendar day in Rome at that instant."""
    return rome(at).date()


def instant_of(local: datetime) -> float:
    """Seconds since 1970 UTC when Rome's clocks first show that."""
    return local.replace(tzinfo=ROME).timestamp()
