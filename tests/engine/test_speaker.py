"""Recordings said into a call: at the pace of speech, one a conversation, and how a sound file becomes one."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from twisted.internet.task import Clock

from ivr_engine.audiosocket.pacing import Pacer
from ivr_engine.cli.saying import pieces
from ivr_engine.engine.speaker import MOST_S, Speaker
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.hearing import FRAME_BYTES, RATE

if TYPE_CHECKING:
    from pathlib import Path

SILENCE = bytes(FRAME_BYTES)


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.said: list[bytes] = []
        self.speaker = Speaker(Pacer(self.clock), self.said.append)

    def add(self, sample: bytes, frames: float) -> None:
        self.speaker.add(b64encode(sample * int(frames * FRAME_BYTES)).decode(), more=False)

    def pass_(self, frames: int) -> str:
        """What was said in so many times 20 ms, a letter a frame, silence as a dot."""
        self.said.clear()
        for _ in range(frames):
            self.clock.advance(0.02001)  # a clock that counts in binary fractions must not come too early
        return "".join("." if frame == SILENCE else chr(frame[0]) for frame in self.said)


def test_it_is_said_when_the_engine_listens_at_the_pace_of_speech() -> None:
    bench = Bench()
    bench.add(b"a", 3)
    assert bench.pass_(5) == ""
    bench.speaker.listen(True)
    assert bench.pass_(5) == "aaa.."
    bench.add(b"b", 2)  # while it still listens
    assert bench.pass_(4) == "bb.."
    bench.speaker.listen(False)
    assert bench.pass_(3) == ""
    assert bench.clock.getDelayedCalls() == []


def test_the_next_waits_for_the_next_question_and_the_last_frame_is_filled_up() -> None:
    bench = Bench()
    bench.add(b"a", 1.5)
    bench.add(b"b", 2)
    bench.speaker.listen(True)
    assert bench.pass_(4) == "aa.."
    assert all(len(frame) == FRAME_BYTES for frame in bench.said)
    bench.speaker.listen(False)
    bench.speaker.listen(True)
    assert bench.pass_(4) == "bb.."


def test_an_answer_breaks_off_what_is_being_said() -> None:
    bench = Bench()
    bench.add(b"a", 10)
    bench.speaker.listen(True)
    assert bench.pass_(2) == "aa"
    bench.speaker.listen(False)
    bench.speaker.listen(True)
    assert bench.pass_(2) == ".."


def test_pieces_are_one_recording() -> None:
    bench = Bench()
    bench.speaker.listen(True)
    bench.speaker.add(b64encode(b"a" * FRAME_BYTES).decode(), more=True)
    assert bench.pass_(2) == ".."
    bench.speaker.add(b64encode(b"b" * FRAME_BYTES).decode(), more=False)
    assert bench.pass_(3) == "ab."


def test_no_more_than_a_minute_waits_and_nothing_but_base64_is_taken() -> None:
    bench = Bench()
    bench.add(b"a", MOST_S * 50)
    with pytest.raises(IvrError, match="more than 60 s"):
        bench.add(b"b", 1)
    with pytest.raises(IvrError, match="not base64"):
        bench.speaker.add("ciao!", more=False)


def test_a_file_of_another_rate_and_shape_becomes_the_telephones(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100 * 2) / 44_100)
    soundfile.write(tmp_path / "said.flac", np.column_stack([tone, tone]), 44_100)
    together = b""
    for piece, more in pieces(tmp_path / "said.flac"):
        together += b64decode(piece)
        assert more is (len(together) < 2 * RATE * 2)
    samples = np.frombuffer(together, "<i2")[RATE // 2 : RATE] / 32767
    assert len(together) == 2 * RATE * 2
    assert np.abs(samples).max() == pytest.approx(0.5, rel=0.02)
    crossings = np.count_nonzero(np.diff(np.signbit(samples)))
    assert crossings == pytest.approx(440, abs=2)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8000)
    (tmp_path / "text.wav").write_text("ciao")
    for name in ("none.wav", "text.wav", "empty.wav"):
        with pytest.raises(Unavailable, match=f"{name} cannot be said"):
            next(pieces(tmp_path / name))
