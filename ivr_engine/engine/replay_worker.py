"""One process of a replay: an engine with its exchange in fast time, which plays the days it is given, one after the other.

Its journal goes to the disk a day at a time; the replay itself carries the files into the store, so that one database has all
days whatever process played them.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import threading
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from ivr_engine import logs
from ivr_engine.engine.lines import load_lines
from ivr_engine.engine.wiring import Engine
from ivr_engine.exchange.virtual.caller import ScriptedCaller
from ivr_engine.exchange.virtual.clock import FastClock
from ivr_engine.exchange.virtual.exchange import VirtualExchange
from ivr_engine.records.codec import encode_line
from ivr_engine.records.spool import Spool
from ivr_engine.records.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from multiprocessing.connection import Connection
    from pathlib import Path

    from twisted.python.failure import Failure

    from ivr_engine.config import Settings
    from ivr_engine.events import Event
    from ivr_engine.reports.replay_plan import Caller, Plan

_DAY_LIMIT_S = 600.0  # real seconds a day may take


class DaySpool(Spool):
    """A day's facts. They are written when the day is over, in one file: a day that was not finished is played again, whatever of
    it is on disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._lines: list[bytes] = []

    def append(self, event: Event) -> None:
        """See Spool."""
        self._lines.append(encode_line(event))

    def finish(self, day: date) -> Path | None:
        """The file of what was recorded since the last time, complete; None when there was nothing. Raises OSError."""
        if not self._lines:
            return None
        file = self.folder / f"{day}.jsonl"
        with file.open("wb") as opened:
            opened.writelines(self._lines)
        self._lines.clear()
        return file


class Outbox(Store):
    """A store that only passes its facts on, and whose database stays empty."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.spool: DaySpool = DaySpool(folder / "outbox")

    def channels_known(self, channels: Iterable[str]) -> set[str]:
        """Nobody calls past an engine that has its exchange to itself."""
        return set(channels)


def work(settings: Settings, plan: Plan, folder: Path, connection: Connection) -> None:
    """A process's life: receives days, sends (day, file, kilobytes of memory in use at most), until it receives None or is left
    alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    logs.configure("error", "text")
    from twisted.internet import reactor as twisted_reactor

    reactor: Any = twisted_reactor
    failures: list[Failure] = []

    def begin() -> None:
        done = Deferred.fromCoroutine(_serve(settings, plan, folder, connection, reactor))
        done.addErrback(failures.append).addCallback(lambda _result: reactor.stop())

    threading.Thread(target=_outlived, args=(os.getppid(),), daemon=True).start()
    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    if failures:
        connection.send(failures[0].getErrorMessage())
        failures[0].raiseException()


async def _serve(settings: Settings, plan: Plan, folder: Path, connection: Connection, reactor: Any) -> None:
    store = Outbox(folder)
    first: date | None = await deferToThread(connection.recv)
    if first is None:
        store.close()
        return
    clock = FastClock(reactor, plan.day(first).callers[0].at - 60)
    engine = Engine(settings, load_lines(settings), reactor, clock=clock, wired=True, store=store)
    engine.start()
    gc.freeze()  # lines and prompts stay to the end: the collector need not look through them at every call
    gc.set_threshold(20_000)  # calls leave next to nothing for it
    try:
        day: date | None = first
        while day is not None:
            await _play(engine, plan.day(day).callers, reactor)
            connection.send((day, store.spool.finish(day), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
            day = await deferToThread(connection.recv)
    finally:
        await engine.stop()


async def _play(engine: Engine, callers: Iterable[Caller], reactor: Any) -> None:
    """A day's calls, each at its time; over when all are."""
    exchange, left, over = engine.exchange, 0, Deferred[None]()
    assert isinstance(exchange, VirtualExchange)

    def ended(result: Any) -> None:
        nonlocal left
        left -= 1
        if over.called:
            return
        if not hasattr(result, "contact"):
            over.errback(result)
        elif left == 0:
            over.callback(None)

    def dial(caller: Caller) -> None:
        person = ScriptedCaller(caller.keys, caller.number, patience_s=caller.patience_s, talk_s=caller.talk_s)
        exchange.dial(caller.dialled, person).addBoth(ended)

    for caller in callers:
        left += 1
        engine.clock.callLater(caller.at - engine.clock.now(), dial, caller)
    over.addTimeout(_DAY_LIMIT_S, reactor)
    await over


def _outlived(parent: int) -> None:
    """Whoever started us may be killed without a word."""
    while os.getppid() == parent:
        threading.Event().wait(1.0)
    os._exit(1)
