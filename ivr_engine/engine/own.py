"""An engine for scripted calls alone, in fast time: for `ivr call --own`, for tests, for filling an example store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from ivr_engine.engine.commands import Call, dial, record_as_json, scripted
from ivr_engine.engine.lines import load_lines
from ivr_engine.engine.wiring import Engine
from ivr_engine.errors import Unavailable
from ivr_engine.exchange.virtual.clock import FastClock
from ivr_engine.exchange.virtual.voice import TextEars

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twisted.python.failure import Failure

    from ivr_engine.config import Settings

_LIMIT_S = 120.0  # real seconds


def call_once(settings: Settings, store: Path, request: dict[str, Any], start: float | None = None) -> dict[str, Any]:
    """One scripted call on an engine of its own; its record as JSON. Runs, and uses up, this process's reactor."""
    return call_all(settings, store, [Call(**request)], start)[0]


def call_all(settings: Settings, store: Path, calls: Sequence[Call], start: float | None = None) -> list[dict[str, Any]]:
    """Scripted calls one after the other, from the instant `start` (default: now). Raises IvrError; Unavailable
    when they take longer than two minutes of real time."""
    from twisted.internet import reactor as twisted_reactor

    reactor: Any = twisted_reactor
    own = settings.model_copy(
        update={
            "engine": settings.engine.model_copy(update={"data": str(store)}),
            "agi": settings.agi.model_copy(update={"host": "127.0.0.1", "port": 0}),
            "audiosocket": settings.audiosocket.model_copy(
                update={"enabled": False, "host": "127.0.0.1", "port": 0, "advertised": ""}
            ),
            "exchange": settings.exchange.model_copy(update={"kind": "virtual"}),
        }
    )
    clock = FastClock(reactor, time.time() if start is None else start)
    text_ears = TextEars() if any('"' in each.keys for each in calls) else None
    engine = Engine(own, load_lines(own), reactor, clock=clock, text_ears=text_ears)
    results: list[dict[str, Any]] = []
    failures: list[Failure] = []

    async def serve() -> None:
        engine.start()
        try:
            for request in calls:
                answer = await _one(engine, request)
                results.append(answer)
        finally:
            await engine.stop()

    def begin() -> None:
        done: Deferred[Any] = Deferred.fromCoroutine(serve())
        done.addTimeout(_LIMIT_S, reactor, onTimeoutCancel=_too_long)
        done.addErrback(failures.append)
        done.addCallback(lambda _result: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run()
    if failures:
        failures[0].raiseException()
    return results


async def _one(engine: Engine, request: Call) -> dict[str, Any]:
    record, outcome = await dial(engine, request.number, scripted(request), request.hangup_after)
    return record_as_json(engine, record, outcome)


def _too_long(_failure: object, seconds: float) -> None:
    raise Unavailable(f"the calls did not end within {seconds:.0f} s", "make them in smaller portions, or look at the log")
