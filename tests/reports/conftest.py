"""A database whose contacts are what a test says."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

import pytest

from ivr_engine.clock import ROME
from ivr_engine.events import (
    Cause,
    ContactEnded,
    ContactStarted,
    OperatorAnswered,
    OperatorTransferred,
    Outcome,
    PromptHeard,
    QueueEntered,
    QueueLeft,
    QueueStatus,
    StepEntered,
)
from ivr_engine.records import projection
from ivr_engine.records.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ivr_engine.events import Event

_LEFT = {
    Outcome.ANSWERED: QueueStatus.ANSWERED,
    Outcome.ABANDONED_QUEUE: QueueStatus.ABANDONED,
    Outcome.TIMED_OUT: QueueStatus.TIMEOUT,
    Outcome.QUEUE_FULL: QueueStatus.FULL,
    Outcome.NO_OPERATORS: QueueStatus.LEAVEEMPTY,
}


class Year:
    """`add` puts whole contacts into the database, as the engine's writer does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._numbers = count(1)

    def add(self, when: str | float, line: str, outcome: Outcome, **more: object) -> str:
        """One ended contact that began at that time in Rome."""
        events = self.events(when, line, outcome, **more)
        for event in events:
            projection.apply(self.connection, event)
        return events[0].contact

    def events(
        self,
        when: str | float,
        line: str,
        outcome: Outcome,
        *,
        wait: int = 4,
        talk: int = 60,
        key: str = "",
        medium: str = "phone",
        article: str = "",
        transferred: bool = False,
    ) -> list[Event]:
        """What happened in it."""
        at = when if isinstance(when, float) else datetime.fromisoformat(when).replace(tzinfo=ROME).timestamp()
        contact = f"C{next(self._numbers):06d}"
        events: list[Event] = [
            ContactStarted(contact, at, line, "", "virtual", f"ch-{contact}", key, "mobile", "it", medium),
        ]
        if medium == "phone":
            events.append(StepEntered(contact, at, line, "menu", "menu"))
        if article:
            events.append(PromptHeard(contact, at + 1, "menu", f"article.{article}", 1000, 1000, counts=True))
        if outcome in _LEFT and medium == "phone":
            events.append(QueueEntered(contact, at + 1, line, 0, 300))
            answered = outcome is Outcome.ANSWERED
            if answered:
                events.append(OperatorAnswered(contact, at + 1 + wait, line, "op1"))
            if transferred:
                events.append(OperatorTransferred(contact, at + 2 + wait, "op1", "sociale"))
            events.append(QueueLeft(contact, at + 2 + wait, line, _LEFT[outcome], wait, talk if answered else 0))
        events.append(ContactEnded(contact, at + 3 + wait, Cause.CALLER, outcome))
        return events

    def rows(self) -> list[tuple[object, ...]]:
        """All figures, as bytes would be compared."""
        return [
            tuple(row)
            for table in ("figures", "figure_items")
            for row in self.connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5, 6")
        ]


def empty() -> sqlite3.Connection:
    """A database in memory, its schema up to date."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    migrate(connection)
    return connection


@pytest.fixture
def year() -> Iterator[Year]:
    """An empty store's database."""
    connection = empty()
    yield Year(connection)
    connection.close()
