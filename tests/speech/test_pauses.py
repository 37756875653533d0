"""Recognition begins while the caller is silent for a moment, and is thrown away when they go on."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from twisted.internet.task import Clock

from ivr_engine.hearing import Expectation, Final, Guess
from ivr_engine.speech.ears.turn import Pauses, Turn
from ivr_engine.speech.ears.wire import (
    FROM_WORKER,
    Audio,
    Done,
    Finish,
    Frames,
    Heard,
    Message,
    Open,
    Pause,
    Ready,
    Resume,
    frame,
)
from ivr_engine.speech.ears.worker import Worker

from .listening import frames, model, recorded

if TYPE_CHECKING:
    import pytest


class Sink:
    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def left(self, turn: Turn) -> None: ...

    def stuck(self, turn: Turn) -> None: ...

    def kinds(self) -> list[type]:
        return [type(message) for message in self.sent if not isinstance(message, Audio)]


def speech() -> bytes:
    """An utterance without the silence around it."""
    samples = np.frombuffer(recorded("dimissioni"), "<i2")
    loud = np.flatnonzero(np.abs(samples) > 500)
    return samples[loud[0] : loud[-1]].tobytes()


def test_a_pause_is_told_of_and_what_follows_it_too() -> None:
    sink, told = Sink(), list[Any]()
    turn = Turn(1, Expectation("it", "phrases"), told.append, sink, Clock(), pauses=Pauses(), deadline=5)
    for one in frames(speech() + bytes(16 * 300)):  # 300 ms
        turn.feed(one)
    assert sink.kinds()[-1] is Pause
    paused = sink.kinds().count(Pause)
    for one in frames(speech() + bytes(16 * 600)):
        turn.feed(one)
    assert sink.kinds()[:1] == [Open]
    assert sink.kinds()[-2:] == [Pause, Finish]
    assert sink.kinds().count(Resume) == sink.kinds().count(Pause) - 1 >= paused
    place = sink.sent.index(Pause(1))
    assert isinstance(sink.sent[place - 1], Audio)  # all that was said went before it
    turn.take(Done(1, (("dimissioni", 0.9),)))
    assert told[-1] == Final((Guess("dimissioni", 0.9),), 500)


def spoken(*frames_after: bytes) -> tuple[Turn, Sink]:
    """Half a second of speech, in which one whole phrase was heard; then these frames."""
    sink = Sink()
    expected = Expectation("it", "phrases", ("dimissioni", "no"))
    turn = Turn(1, expected, list[Any]().append, sink, Clock(), pauses=Pauses(), deadline=5)
    for one in frames(speech())[:25]:
        turn.feed(one)
    turn.take(Heard(1, "dimissioni"))
    for one in frames_after:
        turn.feed(one)
    return turn, sink


def test_who_speaks_on_is_heard_out_though_a_whole_phrase_was_heard() -> None:
    """Streaming recognisers take the beginning of a phrase for another one: "상담원" begins as "아니요"."""
    going_on = frames(speech() * 3)
    turn, sink = spoken(*going_on[:30])  # 600 ms
    assert Finish not in sink.kinds()
    for one in frames(bytes(16 * 180)):
        turn.feed(one)
    assert Finish not in sink.kinds()
    turn.feed(bytes(320))  # 200 ms
    assert sink.kinds()[-1] is Finish


def test_a_whole_phrase_ends_the_turn_in_a_noise_that_does_not() -> None:
    going_on = frames(speech() * 3)
    assert Finish not in spoken(*going_on[:49])[1].kinds()
    assert Finish in spoken(*going_on[:51])[1].kinds()


class Fake:
    """A recogniser whose hearing notes what it is told."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.done = threading.Event()

    def listen(self, language: str, kind: str, phrases: tuple[str, ...]) -> Fake:
        return self

    def unknown(self, phrases: Any) -> list[str]:
        return []

    def feed(self, samples: bytes) -> None:
        self.did.append(f"{len(samples)} bytes")

    def pause(self) -> None:
        self.did.append("pause")
        self.done.set()

    def resume(self) -> None:
        self.did.append("resume")
        self.done.set()

    def finish(self) -> list[Guess]:
        self.did.append("finish")
        return [Guess("sì", 1.0)]


def test_the_process_begins_at_a_pause_when_it_has_nothing_else_to_do() -> None:
    fake = Fake()
    (incoming, to_it), (from_it, outgoing) = os.pipe(), os.pipe()
    serving = threading.Thread(target=Worker(fake, incoming, outgoing).run, daemon=True)
    serving.start()
    for messages in ([Open(1, "it", "phrases", ()), Audio(1, b"ab"), Pause(1)], [Audio(1, b"cd"), Resume(1)]):
        fake.done.clear()
        os.write(to_it, b"".join(map(frame, messages)))
        assert fake.done.wait(10), fake.did
    os.write(to_it, frame(Finish(1)))
    answers, read = list[Message](), Frames(FROM_WORKER)
    while len(answers) < 2:
        answers += read.feed(os.read(from_it, 1000))
    os.close(to_it)
    serving.join(10)
    for end in (incoming, from_it, outgoing):
        os.close(end)
    assert fake.did == ["2 bytes", "pause", "2 bytes", "resume", "finish"]
    assert answers == [Ready(0), Done(1, (("sì", 1.0),))]


def test_whisper_has_ready_what_it_heard_before_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = model("whisper-base")
    from ivr_engine.speech.ears.by_whisper import Whisper, WhisperHearing

    heard: list[int] = []
    hear = WhisperHearing._hear

    def counted(self: WhisperHearing) -> list[Guess]:
        heard.append(len(self._samples))
        return hear(self)

    monkeypatch.setattr(WhisperHearing, "_hear", counted)
    hearing = Whisper(str(folder), 1).listen("it", "phrases", ("dimissioni",))
    hearing.feed(recorded("dimissioni"))
    hearing.pause()
    hearing.feed(bytes(320))
    guesses = hearing.finish()
    assert heard == [len(recorded("dimissioni"))]
    assert guesses[0].text.casefold().startswith("dimission")
    hearing.resume()
    hearing.finish()
    assert heard[1] > heard[0]
