"""A store in a temporary folder, and calls to put into it."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager

import pytest

from ivr_engine.events import (
    Cause,
    ContactEnded,
    ContactStarted,
    LineChosen,
    OperatorAnswered,
    OperatorRang,
    Outcome,
    PrivateNoted,
    PromptHeard,
    QueueEntered,
    QueueLeft,
    QueueStatus,
    StepEntered,
)
from ivr_engine.records.store import Store

NOON = 1_800_000_000.0  # January 2027


class Story:
    """Events of whole calls."""

    noon = NOON

    def started(self, contact="C1", at=NOON, number="+393331234567", line="lavoro"):
        yield ContactStarted(contact, at, line, "800196001", "virtual", f"channel-{contact}", "key", "mobile", "it")
        if number:
            yield PrivateNoted(contact, at, "number", number)
        yield LineChosen(contact, at, line, "abc")

    def served(self, contact="C1", at=NOON, **start):
        """A caller who hears an answer and hangs up."""
        yield from self.started(contact, at, **start)
        yield StepEntered(contact, at + 1, "lavoro", "dimissioni", "answer")
        yield PromptHeard(contact, at + 9, "dimissioni", "article.L01", 9000, 8000, counts=True)
        yield ContactEnded(contact, at + 10, Cause.CALLER, Outcome.SERVED_BY_IVR)

    def queued(self, contact="C1", at=NOON, **start):
        """A caller for whom an operator's phone rings."""
        yield from self.started(contact, at, **start)
        yield QueueEntered(contact, at + 2, "lavoro", 0, 300)
        yield OperatorRang(contact, at + 5, "lavoro", "op1")

    def answered(self, contact="C1", at=NOON, **start):
        """A caller who talks to an operator for 30 seconds."""
        yield from self.queued(contact, at, **start)
        yield OperatorAnswered(contact, at + 8, "lavoro", "op1")
        yield QueueLeft(contact, at + 38, "lavoro", QueueStatus.ANSWERED, 6, 30)
        yield ContactEnded(contact, at + 39, Cause.OPERATOR, Outcome.ANSWERED)

    def steps(self, count, contact="C1", first=0):
        """`count` steps of one contact, numbered by their names."""
        for number in range(first, first + count):
            yield StepEntered(contact, NOON + number, "lavoro", f"step{number}", "say")


@pytest.fixture
def story():
    return Story()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def open_store(folder):
    """Opens stores on `folder`, one after the other, and closes what a test leaves open."""
    stores = []

    def open_store(*, start=True, on_committed=lambda _touched: None):
        store = Store(folder, on_committed)
        stores.append(store)
        if start:
            store.start()
        return store

    yield open_store
    for store in stores:
        store.close(5)


@pytest.fixture
def store(open_store):
    return open_store()


def rows(path, query, *values):
    """Ask the database file behind the store's back."""
    connection = sqlite3.connect(path / "ivr.db", timeout=5)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


@pytest.fixture
def ask(folder):
    """Ask the database file behind the store's back."""
    return lambda query, *values: rows(folder, query, *values)


@pytest.fixture
def wait_until():
    """Wait, not for long, until something becomes true in another thread."""

    def wait_until(condition, timeout=15.0):
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)

    return wait_until


@pytest.fixture
def locked(folder):
    """Hold the write lock of the database, as another program would, inside a `with`."""

    @contextmanager
    def locked():
        taken, release = threading.Event(), threading.Event()

        def hold():
            connection = sqlite3.connect(folder / "ivr.db", timeout=5, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            taken.set()
            release.wait(30)
            connection.execute("ROLLBACK")
            connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        assert taken.wait(10)
        try:
            yield
        finally:
            release.set()
            holder.join(10)

    return locked
