"""The daily check: the sum of outcomes is the contacts that were offered, or somebody hears of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool

from ivr_engine.clock import rome_date
from ivr_engine.records import figure_queries

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from ivr_engine.clock import Clock
    from ivr_engine.records.figure_queries import Balance
    from ivr_engine.records.store import StoreReader

log = structlog.get_logger()

_DAYS = 40
_EVERY_S = 86400.0


class FiguresWatch:
    """Looks at the last days once a day; `off` are those that did not add up when it last looked."""

    def __init__(self, reactor: Any, store: StoreReader, clock: Clock) -> None:
        self._reactor, self._store, self._clock = reactor, store, clock
        self._loop = LoopingCall(self.look)
        self._loop.clock = reactor
        self.off: tuple[Balance, ...] = ()

    def start(self) -> None:
        """Look now, and once a day from now on."""
        self._loop.start(_EVERY_S)

    def stop(self) -> None:
        """No more."""
        if self._loop.running:
            self._loop.stop()

    def look(self) -> Deferred[None]:
        """Look now; the result never fails."""
        looked: Deferred[None] = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._balance)
        looked.addErrback(lambda failure: log.error("the figures could not be checked", why=str(failure.value)))
        return looked

    def _balance(self) -> None:
        today = rome_date(self._clock.now())
        with self._store.administration.look() as connection:
            days = figure_queries.balance(connection, today - timedelta(days=_DAYS), today)
        self.off = tuple(day for day in days if not day.adds_up)
        for day in self.off:
            log.error(
                "the figures do not add up",
                day=day.day.isoformat(),
                offered=day.offered,
                counted=day.counted,
                still_open=day.open,
            )
