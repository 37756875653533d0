"""Writes down what operators' time goes to, of all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.records import staff_time
from ivr_engine.routing.operators import State

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.clock import Clock
    from ivr_engine.records.store import Store
    from ivr_engine.routing.operators import Seat


class Presence:
    """Looks on at operators' states; a state is written when it is over, so that a crash loses the present ones."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._seats: dict[str, Seat] = {}

    def take(self, seat: Seat) -> None:
        """One changed. Never waits, never raises."""
        before = self._seats.pop(seat.name, None)
        if seat.state is not State.AWAY:
            self._seats[seat.name] = seat
        if before is None or before.since == seat.since:
            return

        def write(connection: sqlite3.Connection) -> None:
            staff_time.add(connection, before.queues, before.state, before.since, seat.since)

        self._store.writer.submit("operators' time", write)
