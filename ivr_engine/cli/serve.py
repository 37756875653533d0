"""`ivr serve`: the engine itself."""

from __future__ import annotations

import contextlib
import gc
import signal
import time
from typing import TYPE_CHECKING, Any

import click
import structlog
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning

from ivr_engine import logs
from ivr_engine.engine.lines import sounds_wanting
from ivr_engine.engine.publication import lines_to_serve
from ivr_engine.engine.wiring import Engine
from ivr_engine.exchange.virtual.clock import FastClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ivr_engine.config import Settings
    from ivr_engine.engine.lines import Lines

log = structlog.get_logger()

_MARGIN_S = 30.0  # beyond the longest self-service


@click.command()
@click.pass_obj
def serve(settings: Settings) -> None:
    """Start the engine and serve calls until SIGTERM (or Ctrl-C).

    The first signal takes no new calls and waits until nobody is in a menu; callers in a queue or talking stay with the
    exchange. A second one ends at once.
    """
    gc.disable()  # nearly all that a start makes stays
    logs.configure(settings.engine.log_level, settings.engine.log_format)
    served = lines_to_serve(settings, time.time())
    from twisted.internet import reactor as twisted_reactor  # the reactor is chosen here, and nowhere else

    reactor: Any = twisted_reactor
    # Twisted's timers follow the wall clock: set an hour forward, it would end every wait, and every call, at once.
    reactor.seconds = time.monotonic

    fast = settings.exchange.kind == "virtual" and settings.virtual.time == "fast"
    clock = FastClock(reactor, time.time()) if fast else None
    engine = Engine(settings, served.lines, reactor, clock=clock, notices=served.notices, publication=served.publication)
    engine.start()
    for remark in served.remarks:
        log.warning(remark)
    reactor.callInThread(_warn_of_sounds, settings, served.lines)  # it looks into thousands of files, and calls come already
    click.echo(_greeting(engine), err=True)
    gc.freeze()  # what is there now stays: no collection need look through it while calls wait
    gc.enable()
    run(reactor, engine.stop, lambda: _leave(engine, reactor))


def _warn_of_sounds(settings: Settings, lines: Lines) -> None:
    for problem in sounds_wanting(settings, lines):
        log.warning("sounds are wanting", problem=str(problem))


def run(reactor: Any, stop: Callable[[], Coroutine[Any, Any, None]], leave: Callable[[], None]) -> None:
    """Run the reactor until it is stopped; `leave` is called at the first signal, `stop` before the end."""
    signals: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        signals.append(number)
        reactor.callFromThread(leave if len(signals) == 1 else lambda: _end(reactor))

    def install() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)

    reactor.callWhenRunning(install)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(stop()))
    reactor.run()


def _leave(engine: Engine, reactor: Any) -> None:
    log.info("leaving: no new calls", calls=len(engine.contacts), in_self_service=engine.contacts.in_self_service())
    drained = Deferred.fromCoroutine(engine.drain(engine.settings.engine.self_service_limit + _MARGIN_S))
    drained.addErrback(lambda failure: log.error("leaving failed", error=failure.getErrorMessage()))
    drained.addCallback(lambda _left: _end(reactor))


def _end(reactor: Any) -> None:
    with contextlib.suppress(ReactorNotRunning):  # it is ending already: somebody is impatient
        reactor.stop()


def _greeting(engine: Engine) -> str:
    settings = engine.settings
    listening = f"ivr-engine waits for calls on {settings.agi.host}:{engine.port} ({settings.exchange.kind} exchange)."
    if engine.console_port is not None:
        address = f"http://{settings.console.host}:{engine.console_port}/"
        listening += f"\nconsole: {address}"
        if settings.exchange.kind == "virtual" and settings.console.phone:
            listening += f"\nbrowser phone: {address}phone"
    if engine.observe_port is not None:
        listening += f"\nmetrics: http://{settings.observe.host}:{engine.observe_port}/metrics"
    if settings.exchange.kind == "asterisk":
        return listening
    numbers = "\n".join(f"  ivr phone {number}   {line}" for number, line in sorted(engine.lines.numbers().items()))
    how = "Call it from another terminal, in this settings' folder:"
    return f"{listening}\n{how}\n{numbers}\n  ivr watch             calls and screen-pops"
