"""A year played again through real engines, day by day, into one store.

Days are played by several processes (replay_worker.py) and taken into the store in the order of the calendar, each as a whole:
so a replay that is interrupted goes on where it stood, and the store is the same however many processes played.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ivr_engine.clock import instant_of
from ivr_engine.engine.answers import articles_of
from ivr_engine.engine.lines import load_lines
from ivr_engine.engine.replay_worker import work
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.records import by_hand, replays
from ivr_engine.records.by_hand import Received
from ivr_engine.records.store import Store
from ivr_engine.reports.replay_plan import habits

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from ivr_engine.config import Settings
    from ivr_engine.events import Outcome
    from ivr_engine.reports.replay_plan import Mail, Plan

OPERATORS = 18
WHO = "replay"
FOLDER = "replay"  # of the store: what the processes write
_WRITE_S = 600.0  # seconds the database has to take all that was played
_END_S = 20.0
_PATIENCE_S = 30.0  # real seconds for a line's function: a busy machine is no reason to send callers elsewhere
_WATCHDOG_S = 600.0
_TALK_S = 36_000.0  # operators never hang up first


class Result(NamedTuple):
    """What was planned and what the store holds afterwards: (line, outcome) → calls, and e-mails; the most kilobytes of memory
    any process had in use."""

    planned: Counter[tuple[str, Outcome]]
    found: Counter[tuple[str, Outcome | None]]
    planned_mails: int
    found_mails: int
    memory_kb: int

    @property
    def alike(self) -> bool:
        """Is everything found as planned?"""
        return dict(self.planned) == dict(self.found) and self.planned_mails == self.found_mails


@dataclass
class Replay:
    """`run` plays `months` of the plan; `told` is called with the number of calls each time some are in the store."""

    settings: Settings
    plan: Plan
    months: Sequence[int]
    processes: int
    told: Callable[[int], None] = lambda _calls: None
    _memory_kb: int = field(default=0, init=False)

    def run(self) -> Result:
        """Play what is not in the store yet. Raises IvrError; the store is sound whenever it is interrupted."""
        own = own_settings(self.settings)
        store = Store(own.path(own.engine.data))
        try:
            store.start()
            kept = self._take(store)
            store.publish(articles_of(load_lines(own)), _midnight(date(self.plan.tables.year, 1, 1)))
            days = self.plan.days(self.months)
            for day in days:
                if day not in kept.mails:
                    self._register(store, self.plan.day(day).mails)
            missing = []
            for day in days:
                calls = len(self.plan.day(day).callers)
                if day in kept.calls:
                    self.told(calls)
                elif calls:
                    missing.append(day)
            self._play(own, store, missing)
            return self._result(store)
        finally:
            store.close(_WRITE_S)

    def _take(self, store: Store) -> replays.Kept:
        """Everything an earlier run has played is in the database before it is asked how far that one came."""
        shutil.rmtree(store.folder / FOLDER, ignore_errors=True)
        since, until = _midnight(date(self.plan.tables.year, 1, 1)), _midnight(date(self.plan.tables.year + 1, 1, 1))

        def look(connection: sqlite3.Connection) -> replays.Kept | IvrError:
            try:
                replays.take(connection, self.plan.name, since, until)
            except IvrError as error:
                return error  # it is no failure of the writer's
            return replays.kept(connection)

        kept = store.writer.submit("take the store for a replay", look).result(_WRITE_S)
        if isinstance(kept, IvrError):
            raise kept
        return kept

    def _register(self, store: Store, mails: Iterable[Mail]) -> None:
        """A day's e-mails, all in one transaction."""
        received = [Received(medium=replays.EMAIL, line=mail.line, at=mail.at, text="") for mail in mails]

        def register(connection: sqlite3.Connection) -> None:
            for mail in received:
                by_hand.register(connection, mail, WHO, mail.at)

        store.writer.submit("register e-mails", register).result(_WRITE_S)

    def _play(self, own: Settings, store: Store, days: Sequence[date]) -> None:
        folder = store.folder / FOLDER
        crew = _Crew(own, self.plan, folder, store.folder, min(self.processes, len(days)))
        try:
            for day, file, memory_kb in crew.play(days):
                self._memory_kb = max(self._memory_kb, memory_kb)
                if file is not None:
                    store.spool.adopt(file)
                self.told(len(self.plan.day(day).callers))
        finally:
            crew.end()
            shutil.rmtree(folder, ignore_errors=True)

    def _result(self, store: Store) -> Result:
        if not store.writer.flush(_WRITE_S):
            raise Unavailable("the store does not take what was played", "see `ivr doctor`, then give the same command again")
        found: Counter[tuple[str, Outcome | None]] = Counter()
        found_mails = 0
        with store.administration.look() as connection:
            for month in self.months:
                span = _span(self.plan.tables.year, month)
                found += replays.outcomes(connection, *span)
                found_mails += replays.mails(connection, *span)
        planned_mails = sum(self.plan.counts(month)["email"] for month in self.months)
        return Result(self.plan.expected(self.months), found, planned_mails, found_mails, self._memory_kb)


class _Crew:
    """The processes. `play` gives the days back in their order, whoever is ready first."""

    def __init__(self, settings: Settings, plan: Plan, folder: Path, store: Path, size: int) -> None:
        context = multiprocessing.get_context("spawn")  # each has a reactor of its own
        self._ways: dict[Connection, Any] = {}
        self._done = False
        for number in range(1, size + 1):
            home = folder / f"{os.getpid()}-{number}"  # processes of a replay that was killed live on for a second
            home.mkdir(mode=0o700, parents=True)
            shutil.copy2(store / "secret.key", home)  # the same caller has the same key, whoever takes the call
            here, there = context.Pipe()
            own = settings.model_copy(update={"engine": settings.engine.model_copy(update={"data": str(home)})})
            process = context.Process(target=work, args=(own, plan, home, there), daemon=True)
            process.start()
            there.close()
            self._ways[here] = process

    def play(self, days: Sequence[date]) -> Iterable[tuple[date, Path | None, int]]:
        """Day, the file of its journal, kilobytes of memory. Raises Unavailable when a process fails."""
        waiting, ready = list(reversed(days)), dict[date, tuple[Path | None, int]]()
        at_work = [way for way in self._ways if self._give(way, waiting)]
        for day in days:
            while day not in ready:
                for way in wait(at_work):
                    assert isinstance(way, Connection)
                    done, *what = self._answer(way)
                    ready[done] = (what[0], what[1])
                    if not self._give(way, waiting):
                        at_work.remove(way)
            yield day, *ready.pop(day)
        self._done = True

    def _give(self, way: Connection, waiting: list[date]) -> bool:
        """The next day, or the end of work."""
        day = waiting.pop() if waiting else None
        with contextlib.suppress(OSError):  # it died: its silence will say so
            way.send(day)
        return day is not None

    def _answer(self, way: Connection) -> Any:
        answer = None
        with contextlib.suppress(EOFError, OSError):
            answer = way.recv()
        if isinstance(answer, tuple):
            return answer
        raise Unavailable(
            f"a process of the replay failed: {answer or 'it ended without a word'}", "give the same command again: it goes on"
        )

    def end(self) -> None:
        """Let them go when they are done; end them otherwise."""
        for way, process in self._ways.items():
            if self._done:
                process.join(_END_S)
            process.terminate()
            process.join()
            way.close()


def own_settings(settings: Settings) -> Settings:
    """The site's settings, but for what a replay must have: the lines as shipped, the virtual exchange, eighteen operators who
    serve every queue, nobody in a hurry."""
    queues = ("lavoro", "sociale", "co", "tfr")
    operators = tuple(f"op{number:02d}" for number in range(1, OPERATORS + 1))
    parts: dict[str, dict[str, Any]] = {
        "engine": {"watchdog": _WATCHDOG_S},
        "agi": {"host": "127.0.0.1", "port": 0},
        "exchange": {"kind": "virtual"},
        "asterisk": {"ledger_every": 86_400.0},
        "virtual": {"operators": dict.fromkeys(queues, operators), "ring": habits().ring_s, "talk": _TALK_S},
        "plugins": {"folders": (), "limit": _PATIENCE_S},
        "console": {"enabled": False},
    }
    changed = {name: getattr(settings, name).model_copy(update=values) for name, values in parts.items()}
    return settings.model_copy(update={**changed, "lines": {}, "transfers": {}})


def _midnight(day: date) -> float:
    return instant_of(datetime.combine(day, time()))


def _span(year: int, month: int) -> tuple[float, float]:
    following = date(year + month // 12, month % 12 + 1, 1)
    return _midnight(date(year, month, 1)), _midnight(following)
