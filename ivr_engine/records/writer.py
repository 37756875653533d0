"""The one writer: a thread that carries the spool into the database, a group of events in one transaction.

The place in the spool is committed with the events before it, so whatever happens nothing is taken twice and nothing skipped.
While the database is locked, full, gone or broken the events wait on disk; the writer tries again, and says so once.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.records import projection, settings
from ivr_engine.records.database import State, WriteConnection, ails_database, state_of
from ivr_engine.records.segments import Position

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ivr_engine.events import Event
    from ivr_engine.records.cases import CaseTouched
    from ivr_engine.records.spool import Spool

log = structlog.get_logger()

_T = TypeVar("_T")

GROUP = 1000  # events in one transaction at most
_BUSY = 1.0  # seconds to wait for another's lock before the attempt counts as failed
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds between attempts while the database fails
_GATHER = 0.05  # seconds in which further events may join those that woke the writer: a commit costs as much as a hundred events
_IDLE = 1.0  # seconds after which to look even if nobody called: what waits in memory is tried again


@dataclass(frozen=True, slots=True)
class WriterHealth:
    """`state` of the database as last seen, `why` in its own words ("" while it works), events `committed` since the start, and
    how many of them are `unapplied`: in the journal, but their effect on the other tables failed."""

    state: State
    why: str
    committed: int
    unapplied: int


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    run: Callable[[sqlite3.Connection], Any]
    result: Future[Any]

    def settle(self, error: BaseException | None, value: Any = None) -> None:
        # Whoever asked may have given up waiting and cancelled.
        with contextlib.suppress(InvalidStateError):
            if error is None:
                self.result.set_result(value)
            else:
                self.result.set_exception(error)


class Writer:
    """`on_committed` is called in the writer's thread, after the commit, with what operators' browsers should hear of."""

    def __init__(
        self, path: Path, spool: Spool, on_committed: Callable[[Sequence[CaseTouched]], None] = lambda _touched: None
    ) -> None:
        self._path, self._spool, self._on_committed = path, spool, on_committed
        self._thread = threading.Thread(target=self._run, name="records-writer", daemon=True)
        self._stopping = threading.Event()
        self._called = threading.Event()  # somebody waits for the writer: it gathers no longer
        self._jobs: deque[_Job] = deque()
        self._jobs_lock = threading.Lock()
        self._closed = False
        self._open: WriteConnection | None = None
        self._state, self._why, self._pause = State.WORKS, "", _FIRST_PAUSE
        self._committed = self._unapplied = 0
        self._erased = False
        self._verified = 0  # the spool's newest segment when the file was last looked at with fresh eyes

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Bring into the database what was acknowledged so far, and end. False when it did not end within `timeout` seconds, or
        when events remain in the spool because the database fails: the next start takes them up."""
        self._stopping.set()
        self._call()
        if self.running():
            self._thread.join(timeout)
        return not self.running() and self._state is State.WORKS

    def running(self) -> bool:
        """Is its thread at work?"""
        return self._thread.is_alive()

    def flush(self, timeout: float) -> bool:
        """Wait until everything acknowledged so far is committed; False when `timeout` seconds did not suffice."""
        future = self.submit("flush", lambda _connection: self._spool.statistics().in_memory == 0)
        try:
            return future.result(timeout)
        except (TimeoutError, Unavailable):
            future.cancel()
            return False

    def submit(self, name: str, function: Callable[[sqlite3.Connection], _T]) -> Future[_T]:
        """Run a function in the writer's thread, in a transaction of its own, once all events acknowledged so far are committed.

        It waits as long as the database fails. What the function raises comes out of the future; Unavailable, when the
        writer ends before its turn.
        """
        job = _Job(name, function, Future())
        with self._jobs_lock:
            if self._closed:
                job.settle(Unavailable("the store is closed"))
            else:
                self._jobs.append(job)
        self._call()
        return job.result

    def erased(self) -> None:
        """What the job at work erases must go from the write-ahead log too, as soon as nobody reads. In the writer's thread."""
        self._erased = True

    def _call(self) -> None:
        self._called.set()
        self._spool.arrived.set()

    def health(self) -> WriterHealth:
        """How the database does."""
        return WriterHealth(self._state, self._why, self._committed, self._unapplied)

    def _run(self) -> None:
        while True:
            last = self._stopping.is_set()
            self._spool.arrived.clear()
            self._called.clear()
            works = self._attempt() or (last and self._attempt())
            if last:
                break
            if works:
                if self._spool.arrived.wait(_IDLE):
                    self._called.wait(_GATHER)
            else:
                self._stopping.wait(self._pause)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self._close()
        with self._jobs_lock:
            self._closed = True
        while self._jobs:
            self._jobs.popleft().settle(Unavailable("the store is closed"))

    def _attempt(self) -> bool:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the events are safe and this thread must live
            self._failed(error)
            return False
        if self._state is not State.WORKS:
            log.info("the database works again", after=self._state.value)
        self._state, self._why, self._pause = State.WORKS, "", _FIRST_PAUSE
        return True

    def _failed(self, error: Exception) -> None:
        state = state_of(error)
        if state is not self._state:
            log.error(
                "the database fails; events wait in the spool",
                state=state.value,
                error=str(error),
                exc_info=not ails_database(error),
            )
        self._state, self._why = state, str(error)
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _work(self) -> None:
        # Jobs first counted, then events read: so a job finds everything that was acknowledged before it was given.
        jobs = len(self._jobs)
        self._spool.retry()
        if self._open is None:
            self._open = WriteConnection(self._path, _BUSY)
        lines = group = self._commit_group(self._open)
        while group == GROUP:
            group = self._commit_group(self._open)
        for _ in range(jobs):
            self._do(self._open, self._jobs[0])
            self._jobs.popleft()
        if self._erased:
            self._erased = not self._open.empty_log()
        if lines == 0 or self._spool.newest() != self._verified or self._stopping.is_set():
            # Only what the file really holds may go from the spool.
            self._open.verify()
            self._spool.drop()
            self._verified = self._spool.newest()

    def _commit_group(self, database: WriteConnection) -> int:
        """Commit the next events; how many lines of the spool they were."""
        with database.transaction() as connection:
            position = self._position(connection)
            group = list(islice(self._spool.read(position), GROUP))
            touched = self._apply(connection, [entry.event for entry in group if entry.event is not None])
            if group:
                position = group[-1].after
                settings.put_spool_position(connection, self._spool.identity, position)
        self._committed += sum(entry.event is not None for entry in group)
        self._spool.committed(position)
        if touched:
            self._tell(touched)
        return len(group)

    def _position(self, connection: sqlite3.Connection) -> Position:
        position = settings.spool_position(connection, self._spool.identity)
        # A place ahead of the spool is that of a spool that was deleted since: what is here now is all new.
        return position if position.segment <= self._spool.newest() else Position()

    def _apply(self, connection: sqlite3.Connection, events: Sequence[Event]) -> list[CaseTouched]:
        connection.execute("SAVEPOINT events")
        try:
            touched = projection.apply_all(connection, events)
        except Exception as error:
            if ails_database(error):
                raise
            # One event of the group cannot be applied: find it by taking each on its own.
            connection.execute("ROLLBACK TO events")
            touched = [self._apply_one(connection, event) for event in events]
        connection.execute("RELEASE events")
        return [fact for fact in touched if fact is not None]

    def _apply_one(self, connection: sqlite3.Connection, event: Event) -> CaseTouched | None:
        for attempt in (projection.apply, projection.journal_only):
            connection.execute("SAVEPOINT event")
            try:
                touched = attempt(connection, event)
            except Exception as error:
                if ails_database(error):
                    raise
                connection.execute("ROLLBACK TO event")
                log.exception("an event could not be applied", contact=event.contact, kind=type(event).__name__)
            else:
                connection.execute("RELEASE event")
                self._unapplied += attempt is projection.journal_only
                return touched
        self._unapplied += 1
        return None

    def _do(self, database: WriteConnection, job: _Job) -> None:
        if job.result.cancelled():
            return
        try:
            with database.transaction() as connection:
                value = job.run(connection)
                if job.result.cancelled():
                    raise IvrError("whoever asked for it was told meanwhile that nothing is saved")
        except Exception as error:
            if ails_database(error):
                raise
            if not isinstance(error, IvrError):  # those are refusals
                log.exception("a write failed", name=job.name)
            job.settle(error)
        else:
            job.settle(None, value)

    def _tell(self, touched: Sequence[CaseTouched]) -> None:
        try:
            self._on_committed(touched)
        except Exception:
            log.exception("telling of committed cases failed")
