"""Real recognisers for the tests: where their models are, and how something is said to them."""

from __future__ import annotations

import os
import signal
import subprocess
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soxr
from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ivr_engine.hearing import FRAME_BYTES, FRAME_MS, RATE, EarFailed, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ivr_engine.hearing import Ear, EarEvent, Expectation
    from ivr_engine.speech.ears.pool import ProcessEars

reactor: Any = installed
MODELS = Path(__file__).parents[2] / "build" / "models"


def model(name: str) -> Path:
    """The folder of a model; without it the test fails where models are required, and is skipped elsewhere."""
    folder = MODELS / name
    if not folder.is_dir():
        missing = pytest.fail if os.environ.get("IVR_REQUIRE_MODELS") == "1" else pytest.skip
        missing(f"the model {name} is not in {MODELS}: run tests/speech/fetch_models.sh")
    return folder


def say(text: str, voice: str, speed: int = 140) -> bytes:
    """Samples as a call carries them, half a second of silence before."""
    data = subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text], capture_output=True, check=True).stdout
    rate = int.from_bytes(data[24:28], "little")
    samples = soxr.resample(np.frombuffer(data[44:], "<i2").astype(np.float32), rate, RATE)
    return bytes(RATE) + (samples * 0.5).astype("<i2").tobytes()


def frames(audio: bytes) -> list[bytes]:
    """As they come from the wire."""
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


class Listener:
    """One turn of listening: all that was told, and when it was over."""

    def __init__(self, ears: ProcessEars, expectation: Expectation, keep: Callable[[bytes], None] | None = None) -> None:
        self.events: list[EarEvent] = []
        self._over: Deferred[EarEvent] = Deferred()
        self._awaited: Deferred[None] = Deferred()
        self.ear: Ear | None = ears.open(expectation, self._tell, keep)

    def _tell(self, event: EarEvent) -> None:
        self.events.append(event)
        if not self._awaited.called:
            self._awaited.callback(None)
        if isinstance(event, Final | EarFailed):
            self._over.callback(event)

    def feed(self, audio: bytes) -> None:
        """All at once."""
        assert self.ear is not None
        self.ear.feed(audio)

    async def hear(self, audio: bytes) -> None:
        """At the pace of a call, as long as anybody listens."""
        assert self.ear is not None
        started = reactor.seconds()
        for number, frame in enumerate(frames(audio)):
            if self._over.called:
                return
            self.ear.feed(frame)
            await deferLater(reactor, max(0.0, started + number * FRAME_MS / 1000 - reactor.seconds()))

    async def another(self) -> None:
        """Until something more is told."""
        self._awaited = Deferred()
        await self._awaited.addTimeout(60, reactor)

    async def over(self) -> EarEvent:
        """The Final or EarFailed."""
        return await self._over.addTimeout(60, reactor)


def told(event: EarEvent) -> str:
    """The best guess of a Final."""
    assert isinstance(event, Final), event
    return event.guesses[0].text if event.guesses else ""


def run(work: Coroutine[Any, Any, None], seconds: float = 100) -> None:
    """Drive the real reactor in this thread until the coroutine has ended. Raises what it raises."""
    if not reactor.running:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        reactor.startRunning()  # processes are reaped from now on
        for number, handler in handlers.items():
            signal.signal(number, handler)
    results: list[object] = []
    Deferred.fromCoroutine(work).addBoth(results.append)
    until = reactor.seconds() + seconds
    while not results:
        assert reactor.seconds() < until, "it never ended"
        reactor.iterate(0.02)
    if isinstance(results[0], Failure):
        results[0].raiseException()


def recorded(name: str) -> bytes:
    """One of `sounds/`: samples of an utterance."""
    with wave.open(str(Path(__file__).with_name("sounds") / f"{name}.wav")) as file:
        return file.readframes(file.getnframes())
