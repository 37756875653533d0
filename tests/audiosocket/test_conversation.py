"""One turn: what is sent, what stops it, what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.audiosocket.conversation import Conversation
from ivr_engine.audiosocket.recordings import Recorded
from ivr_engine.audiosocket.wire import GOODBYE, SILENCE, frames
from ivr_engine.calls import Heard, Listening
from ivr_engine.hearing import EarFailed, Expectation, Final, Guess, Partial, SpeechStarted

if TYPE_CHECKING:
    from ivr_engine.calls import Reply

EXPECTED = Expectation("it", "phrases", ("lavoro",))
SAID = (Guess("lavoro", 0.9),)


def recording(ms: int) -> Recorded:
    return Recorded(tuple(frames(b"\x01\x01" * (ms * 8))), ms)


class Ear:
    def __init__(self) -> None:
        self.audio = b""
        self.closed = 0

    def feed(self, audio: bytes) -> None:
        self.audio += audio

    def close(self) -> None:
        self.closed += 1


class Stage:
    """A conversation with its wire, its ear and its clock."""

    def __init__(self, *recordings: Recorded | None, keys: str = "12", connected: bool = True, **listening: object) -> None:
        self.sent: list[bytes] = []
        self.ended = 0
        self.ear = Ear()
        self.it = Conversation(recordings, keys, Listening(EXPECTED, **{"timeout_s": 1.0, **listening}))  # type: ignore[arg-type]
        self.it.listen_with(self.ear)
        if connected:
            self.it.connect(self)

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def end(self) -> None:
        self.ended += 1

    def ticks(self, count: int) -> None:
        for _ in range(count):
            self.it.tick(1, 1)

    @property
    def reply(self) -> Reply:
        assert self.it.reply is not None
        return self.it.reply


def test_silence_leaves_with_the_first_packet_and_never_ceases() -> None:
    stage = Stage(timeout_s=10.0)
    assert stage.sent == [SILENCE]
    stage.ticks(20)
    assert stage.sent == [SILENCE] * 21


def test_prompts_are_sent_in_order_and_then_silence_until_nobody_has_spoken() -> None:
    stage = Stage(recording(50), None, recording(40))
    stage.ticks(5)
    assert [packet != SILENCE for packet in stage.sent] == [False, True, True, True, True, True]
    assert stage.it.reply is None
    stage.ticks(49)
    assert stage.it.reply is None  # the second begins when the last sample was sent
    stage.ticks(1)
    assert stage.reply.how == "silence"
    assert stage.reply.heard == (Heard("", 50), Heard("", 0, found=False), Heard("", 40))
    assert stage.sent[-1] == GOODBYE
    assert (stage.ended, stage.ear.closed) == (1, 1)


@pytest.mark.parametrize("event", [SpeechStarted(), Partial("lav")])
def test_speech_stops_the_prompt_at_once_and_the_line_stays_alive(event: SpeechStarted | Partial) -> None:
    stage = Stage(recording(1000), recording(1000), timeout_s=0.2)
    stage.ticks(10)
    stage.it.told(event)
    stage.ticks(30)
    assert stage.sent[11:] == [SILENCE] * 30
    stage.it.told(Final(SAID, 123))
    assert (stage.reply.how, stage.reply.guesses, stage.reply.took_ms) == ("speech", SAID, 123)
    assert stage.reply.heard == (Heard("", 200),)


def test_a_key_stops_everything_and_those_after_it_are_kept() -> None:
    stage = Stage(recording(1000))
    stage.ticks(3)
    stage.it.press("9")  # no option while the prompt plays
    assert stage.it.reply is None
    for key in "2#7":
        stage.it.press(key)
    assert (stage.reply.how, stage.reply.key, stage.it.keys) == ("key", "2", "#7")
    assert stage.reply.heard == (Heard("", 60),)
    assert stage.ended == 1


def test_after_the_prompt_every_key_counts() -> None:
    stage = Stage(recording(20), keys="")
    stage.ticks(2)
    stage.it.press("9")
    assert stage.reply.key == "9"


def test_without_bargein_the_prompt_is_heard_out_and_nobody_listens_to_it() -> None:
    stage = Stage(recording(100), keys="", bargein=False)
    stage.it.audio(b"\x01\x00" * 160)
    stage.it.press("1")
    stage.ticks(5)
    assert stage.ear.audio == b""
    stage.it.audio(b"\x01\x00" * 160)
    assert len(stage.ear.audio) == 320


def test_noise_is_speech_without_words() -> None:
    stage = Stage()
    stage.it.told(SpeechStarted())
    stage.it.told(Final((), 10))
    assert (stage.reply.how, stage.reply.guesses) == ("speech", ())


def test_a_recogniser_that_dies_in_mid_word_ends_the_turn() -> None:
    stage = Stage()
    stage.it.told(SpeechStarted())
    stage.it.told(EarFailed("died"))
    assert (stage.reply.how, stage.reply.why) == ("failed", "died")


def test_a_recogniser_that_dies_before_anybody_spoke_leaves_keys() -> None:
    for key in ("1", ""):
        stage = Stage(recording(100))
        stage.it.told(EarFailed("died"))
        stage.ticks(10)
        if key:
            stage.it.press(key)
            assert stage.reply.key == "1"
        else:
            stage.ticks(50)
            assert (stage.reply.how, stage.reply.why) == ("failed", "died")


def test_a_recogniser_that_never_answers_is_given_up() -> None:
    stage = Stage(longest_s=1.0)
    stage.it.told(SpeechStarted())
    stage.ticks(249)
    assert stage.it.reply is None
    stage.ticks(2)
    assert (stage.reply.how, stage.reply.why) == ("failed", "late")


def test_a_side_that_sends_nothing_any_more_is_heard_as_silence() -> None:
    stage = Stage()
    stage.ticks(10)
    assert stage.ear.audio == b""
    stage.it.audio(b"\x01\x00" * 160)
    stage.it.told(SpeechStarted())
    stage.ticks(10)
    assert stage.ear.audio == b"\x01\x00" * 160 + bytes(320 * 7)


def test_the_exchange_that_breaks_off_or_never_comes_is_told_apart() -> None:
    stage = Stage(recording(100))
    stage.ticks(2)
    stage.it.fail("broken")
    assert (stage.reply.why, stage.reply.heard, stage.it.heard_ms) == ("broken", (Heard("", 40),), 40)
    never = Stage(recording(100), connected=False)
    never.ticks(10)
    never.it.fail("unreachable")
    assert (never.reply.why, never.reply.heard, never.sent) == ("unreachable", (), [])


def test_what_is_said_is_kept_only_where_it_may_be() -> None:
    for keep in (True, False):
        stage = Stage(keep=keep)
        stage.it.audio(b"\x01\x00" * 160)
        stage.it.told(SpeechStarted())
        stage.it.told(Final(SAID, 0))
        assert bool(stage.reply.audio) is keep


def test_late_ticks_shorten_no_patience() -> None:
    stage = Stage(timeout_s=1.0)
    stage.it.tick(3, 49)
    assert stage.it.reply is None
    stage.it.tick(1, 1)
    assert stage.reply.how == "silence"
