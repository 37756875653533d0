"""The recognisers' processes: a bounded number, each with its model loaded once, replaced when it dies or is stuck."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol

from ivr_engine.errors import Unavailable
from ivr_engine.speech.ears.turn import Pauses, Turn
from ivr_engine.speech.ears.wire import FROM_WORKER, Frames, Missing, Ready, Unknown, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ivr_engine.hearing import Ear, EarEvent, Expectation
    from ivr_engine.speech.ears.wire import Message

log = structlog.get_logger()

_MODULE = "ivr_engine.speech.ears.worker"
_LOAD_S = 120.0
_LONGEST_BACKOFF_S = 60.0
_NOTED = 2000
"""Characters of what a dying process wrote that the log repeats."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is installed: the class that hears with it ("package.module:Class"), and its folder."""

    where: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Manner:
    """How all models are used. `workers`: processes of each; `turns`: callers one process listens to at once; `threads` of each
    process; `deadline`: seconds from the end of speech to the result."""

    workers: int = 1
    turns: int = 8
    threads: int = 1
    deadline: float = 5.0
    pauses: Pauses = field(default_factory=Pauses)


class ProcessEars:
    """See hearing.Ears. `models` by language; languages may share one. Its processes start with `start` and end with `stop`."""

    def __init__(self, reactor: Any, models: Mapping[str, Model], manner: Manner) -> None:
        self._reactor, self._models, self._manner = reactor, models, manner
        self._numbers = itertools.count(1)
        self._workers = {
            model: [Worker(reactor, model, manner) for _ in range(manner.workers)] for model in dict.fromkeys(models.values())
        }

    @property
    def languages(self) -> frozenset[str]:
        """Those that can be heard."""
        return frozenset(self._models)

    def start(self) -> None:
        """Begin to load the models: callers are heard as soon as that is done."""
        for worker in self._each():
            worker.start()

    def ready(self) -> Deferred[None]:
        """Fires when every process has its model loaded for the first time. Fails with Unavailable when one could not."""
        done: Deferred[None] = Deferred()
        waiting = set(self._each())

        def loaded(worker: Worker, error: Unavailable | None) -> None:
            waiting.discard(worker)
            if done.called:
                return
            if error is not None:
                done.errback(error)
            elif not waiting:
                done.callback(None)

        for worker in list(waiting):
            worker.when_loaded(loaded)
        return done

    def stop(self) -> Deferred[None]:
        """End all processes; fires when they have ended."""
        done: Deferred[None] = Deferred()
        left = set(self._each())

        def ended(worker: Worker) -> None:
            left.discard(worker)
            if not left and not done.called:
                done.callback(None)

        for worker in list(left):
            worker.stop(ended)
        return done

    def open(
        self, expectation: Expectation, tell: Callable[[EarEvent], None], keep: Callable[[bytes], None] | None = None
    ) -> Ear | None:
        """See hearing.Ears."""
        model = self._models.get(expectation.language)
        free = [worker for worker in self._workers.get(model, ()) if worker.free] if model else []
        if not free:
            return None
        return max(free, key=lambda worker: worker.free).open(next(self._numbers), expectation, tell, keep)

    def unknown(self, language: str, phrases: Sequence[str]) -> Deferred[tuple[str, ...]]:
        """The words of these phrases that the language's recogniser cannot hear; () when it is busy loading or there is none."""
        model = self._models.get(language)
        worker = next((worker for worker in self._workers.get(model, ()) if worker.free), None) if model else None
        if worker is None:
            nothing: Deferred[tuple[str, ...]] = Deferred()
            nothing.callback(())
            return nothing
        return worker.unknown(next(self._numbers), tuple(phrases))

    def pids(self) -> list[int]:
        """Of the processes that have their model loaded."""
        return [worker.pid for worker in self._each() if worker.pid]

    def _each(self) -> list[Worker]:
        return [worker for workers in self._workers.values() for worker in workers]


class Worker:
    """One process and the turns it serves."""

    def __init__(self, reactor: Any, model: Model, manner: Manner) -> None:
        self._reactor, self._model, self._manner = reactor, model, manner
        self._turns: dict[int, Turn] = {}
        self._asked: dict[int, Deferred[tuple[str, ...]]] = {}
        self._pipe: _Pipe | None = None
        self._ready = self._was_loaded = self._stopping = False
        self._deaths = 0
        self._again: Any = None
        self._loading: Any = None
        self._loaded: list[Callable[[Worker, Unavailable | None], None]] = []
        self._ended: Callable[[Worker], None] | None = None

    @property
    def free(self) -> int:
        """How many more callers it can listen to."""
        return self._manner.turns - len(self._turns) if self._ready else 0

    @property
    def pid(self) -> int:
        """Of its process, 0 while there is none that is ready."""
        return self._pipe.transport.pid or 0 if self._ready and self._pipe else 0

    def start(self) -> None:
        """Spawn the process."""
        self._again, self._was_loaded = None, False
        self._pipe = _Pipe(self)
        command = [sys.executable, "-P", "-m", _MODULE, self._model.where, str(self._model.folder), str(self._manner.threads)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(self._manner.threads)}
        self._reactor.spawnProcess(self._pipe, sys.executable, command, env=environment)
        self._loading = self._reactor.callLater(_LOAD_S, self._kill)

    def stop(self, ended: Callable[[Worker], None]) -> None:
        """End it for good."""
        self._stopping, self._ended = True, ended
        if self._again is not None and self._again.active():
            self._again.cancel()
        if self._pipe is None:
            ended(self)
        else:
            self._kill()

    def when_loaded(self, tell: Callable[[Worker, Unavailable | None], None]) -> None:
        """Tell once: at once when it is ready."""
        if self._ready:
            tell(self, None)
        else:
            self._loaded.append(tell)

    def open(
        self, number: int, expectation: Expectation, tell: Callable[[EarEvent], None], keep: Callable[[bytes], None] | None
    ) -> Turn:
        """A turn of listening on it."""
        manner = self._manner
        turn = Turn(number, expectation, tell, self, self._reactor, pauses=manner.pauses, deadline=manner.deadline, keep=keep)
        self._turns[number] = turn
        return turn

    def unknown(self, number: int, phrases: tuple[str, ...]) -> Deferred[tuple[str, ...]]:
        """See ProcessEars."""
        asked = self._asked[number] = Deferred()
        self.send(Unknown(number, phrases))
        return asked

    def send(self, message: Message) -> None:
        """See turn.Sink."""
        if self._pipe is not None:
            self._pipe.transport.write(frame(message))

    def left(self, turn: Turn) -> None:
        """See turn.Sink."""
        self._turns.pop(turn.number, None)

    def stuck(self, turn: Turn) -> None:
        """See turn.Sink: the process is replaced, the other turns on it are lost with it."""
        log.warning("a recogniser was late and is replaced", deadline_s=self._manner.deadline, turns=len(self._turns))
        self._kill()  # first: whoever is told may ask for another turn
        turn.fail("late")

    def took(self, message: Message) -> None:
        """A message of the process."""
        match message:
            case Ready():
                self._ready = self._was_loaded = True
                self._deaths = 0
                self._loading.cancel()
                self._tell_loaded(None)
            case Missing(number, words) if number in self._asked:
                self._asked.pop(number).callback(words)
            case _ if turn := self._turns.get(message.turn):
                turn.take(message)

    def broke(self, error: ValueError) -> None:
        """It wrote what no message is."""
        log.error("a recogniser wrote nonsense and is replaced", error=str(error))
        self._kill()

    def ended(self, how: str) -> None:
        """Its process is gone."""
        self._ready, self._pipe = False, None
        if self._loading.active():
            self._loading.cancel()
        for turn in list(self._turns.values()):
            turn.fail("died")
        for asked in self._asked.values():
            asked.callback(())
        self._asked.clear()
        if self._stopping:
            if self._ended is not None:
                self._ended(self)
            return
        self._deaths += 1
        pause = 0.0 if self._was_loaded else min(_LONGEST_BACKOFF_S, 2.0**self._deaths)
        log.error("a recogniser's process ended", folder=str(self._model.folder), how=how, again_in_s=pause)
        if not self._was_loaded:
            hint = "see the log for what it wrote; ivr models verify"
            self._tell_loaded(Unavailable(f"the model in {self._model.folder} cannot be loaded: {how}", hint))
        self._again = self._reactor.callLater(pause, self.start)

    def _tell_loaded(self, error: Unavailable | None) -> None:
        waiting, self._loaded = self._loaded, []
        for tell in waiting:
            tell(self, error)

    def _kill(self) -> None:
        self._ready = False
        if self._pipe is not None:
            with contextlib.suppress(ProcessExitedAlready):
                self._pipe.transport.signalProcess("KILL")


class _Pipe(ProcessProtocol):
    transport: Any

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._frames = Frames(FROM_WORKER)
        self._written = ""

    def outReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        try:
            for message in self._frames.feed(data):
                self._worker.took(message)
        except ValueError as error:  # msgspec's errors are such, too
            self._worker.broke(error)

    def errReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self._written = (self._written + data.decode(errors="replace"))[-_NOTED:]

    def processEnded(self, reason: Any) -> None:  # noqa: N802 - Twisted's name
        said = self._written.strip().splitlines()
        self._worker.ended(f"{reason.value}" + (f" ({said[-1][:300]})" if said else ""))
