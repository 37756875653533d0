"""Run lines' functions in a few threads of their own: blocking code stops neither the reactor nor another line.

Calls that come at once wait for a thread, for no longer than a function may take. A function that is late keeps its thread until
it returns, while its caller goes on at once. When late ones have all threads of a line, its functions count as unavailable until
one comes back. A function that keeps failing is refused for a while (breaker.py).
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred, fail

from ivr_engine.errors import FunctionFailed
from ivr_engine.hookspecs import Request, Result
from ivr_engine.plugins.breaker import Breaker, FunctionHealth

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from twisted.python.failure import Failure

    from ivr_engine.hookspecs import Function

log = structlog.get_logger()


@dataclass(slots=True)
class _Job:
    """One call of a function. `context`: so that what is logged of it bears the contact; `begun`: set in its thread."""

    name: str
    function: Function
    request: Request
    answer: Deferred[Result]
    context: contextvars.Context = field(
        default_factory=contextvars.copy_context
    )  # so that what is logged of it bears the contact
    begun: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """`busy` threads now (late ones included) of `threads`, and calls that wait for one; counts since start."""

    threads: int
    busy: int
    waiting: int
    served: int
    failed: int
    late: int
    refused: int


class LinePool:
    """The threads of one line. All methods belong to the reactor's thread."""

    def __init__(self, line: str, functions: Mapping[str, Function], reactor: Any, threads: int, limit: float) -> None:
        self._line, self._functions, self._reactor = line, functions, reactor
        self._threads, self._limit = threads, limit
        self._work: SimpleQueue[_Job] = SimpleQueue()
        self._breakers = {name: Breaker() for name in functions}
        self._started = self._open = self._stuck = self._served = self._failed = self._late = self._refused = 0

    def call(self, function: str, request: Request) -> Deferred[Result]:
        """The function's result, or FunctionFailed within the limit."""
        answer: Deferred[Result] = Deferred()
        run, breaker, now = self._functions[function], self._breakers[function], self._reactor.seconds()
        if self._stuck >= self._threads or not breaker.lets_through(now):
            return self._refuse(answer)
        job = _Job(function, run, request, answer)
        self._open += 1
        answer.addBoth(self._judge, job, now)
        if self._started < min(self._open, self._threads):
            self._started += 1
            threading.Thread(target=self._worker, name=f"{self._line}-{self._started}", daemon=True).start()
        timer = self._reactor.callLater(self._limit, job.context.copy().run, self._too_late, job)
        answer.addBoth(lambda outcome: (timer.active() and timer.cancel(), outcome)[1])
        self._work.put(job)
        return answer

    def _refuse(self, answer: Deferred[Result]) -> Deferred[Result]:
        self._refused += 1
        answer.errback(FunctionFailed("unavailable"))
        return answer

    def _judge(self, outcome: Result | Failure, job: _Job, began: float) -> Result | Failure:
        """Tell the breaker how a call went, as its caller met it: one that comes late is judged once."""
        breaker, now = self._breakers[job.name], self._reactor.seconds()
        before = breaker.state
        if isinstance(outcome, Result):
            breaker.served(now - began, now)
        else:
            error = outcome.value
            how, what = (error.how, error.error) if isinstance(error, FunctionFailed) else ("failed", type(error).__name__)
            if how == "unavailable":
                return outcome  # the function never ran
            breaker.failed(what or how, now - began, now, late=how == "late")
        if breaker.state is not before:
            log.warning("breaker", line=self._line, function=job.name, state=str(breaker.state), error=breaker.health().error)
        return outcome

    def health(self) -> dict[str, FunctionHealth]:
        """Of every function, by name."""
        return {name: breaker.health() for name, breaker in self._breakers.items()}

    def statistics(self) -> PoolStatistics:
        """How the pool stands."""
        busy = min(self._open, self._started)
        return PoolStatistics(self._threads, busy, self._open - busy, self._served, self._failed, self._late, self._refused)

    def _worker(self) -> None:
        while True:
            job = self._work.get()
            if job.answer.called:  # it waited too long for a thread, and its caller went on
                self._reactor.callFromThread(self._done, job, None)
            else:
                job.begun = True
                self._run(job)

    def _run(self, job: _Job) -> None:
        error: BaseException | None = None
        try:
            outcome: Result | FunctionFailed = job.context.run(job.function, job.request)
            if not isinstance(outcome, Result):
                outcome = FunctionFailed("failed", f"no Result but {type(outcome).__name__}")
        except BaseException as raised:  # noqa: BLE001 - whatever a plugin raises stays in its own line
            error, outcome = raised, FunctionFailed("failed", type(raised).__name__)
        self._reactor.callFromThread(self._done, job, outcome)
        if error is not None:  # the caller does not wait for the traceback to be written
            with contextlib.suppress(OSError):  # a full disk costs the log's line, not the thread
                job.context.run(log.warning, "function failed", line=self._line, function=job.name, exc_info=error)

    def _done(self, job: _Job, outcome: Result | FunctionFailed | None) -> None:
        self._open -= 1
        self._stuck -= job.late
        if isinstance(outcome, Result):
            self._served += 1
        elif outcome is not None:
            self._failed += 1
        if outcome is not None and not job.answer.called:
            job.answer.errback(outcome) if isinstance(outcome, FunctionFailed) else job.answer.callback(outcome)

    def _too_late(self, job: _Job) -> None:
        if not job.begun:
            self._refuse(job.answer)
            return
        self._late += 1
        self._stuck += 1
        job.late = True
        log.warning("function late", line=self._line, function=job.name, limit_s=self._limit, stuck=self._stuck)
        job.answer.errback(FunctionFailed("late"))


class Pools:
    """The pools of all lines; what the dialogue calls functions through."""

    def __init__(self, functions: Mapping[str, Mapping[str, Function]], reactor: Any, threads: int, limit: float) -> None:
        self._off: frozenset[tuple[str, str]] = frozenset()
        self._pools = {line: LinePool(line, its, reactor, threads, limit) for line, its in functions.items()}

    def call(self, line: str, function: str, request: Request) -> Deferred[Result]:
        """See LinePool.call."""
        if (line, function) in self._off:
            return fail(FunctionFailed("off"))
        return self._pools[line].call(function, request)

    def switch_off(self, off: Collection[tuple[str, str]]) -> None:
        """From now on these (line, function) pairs are off, and no others."""
        self._off = frozenset(off)

    def health(self) -> dict[str, dict[str, FunctionHealth]]:
        """By line and function."""
        return {line: pool.health() for line, pool in self._pools.items()}

    def off(self) -> Collection[tuple[str, str]]:
        """The (line, function) pairs that are off."""
        return self._off

    def statistics(self) -> dict[str, PoolStatistics]:
        """By line."""
        return {line: pool.statistics() for line, pool in self._pools.items()}
