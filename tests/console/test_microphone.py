"""What a browser's microphone may send, and when there is none any more."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from ivr_engine.console.microphone import IDLE_S, MOST_DROPPED, Microphone
from ivr_engine.hearing import FRAME_BYTES

FRAME = b"\x01\x02" * (FRAME_BYTES // 2)


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.said: list[bytes] = []
        self.lost = self.refused = 0
        self.microphone = Microphone(self.clock, self.said.append, self._lose, self._refuse)

    def _lose(self) -> None:
        self.lost += 1

    def _refuse(self) -> None:
        self.refused += 1

    def speak(self, frames: int, every_s: float) -> None:
        for _ in range(frames):
            self.clock.advance(every_s)
            self.microphone.take(FRAME)


def test_an_hour_of_speech_passes_whole_though_clocks_differ() -> None:
    bench = Bench()
    bench.speak(180_000, 0.0196)  # two in a hundred too fast
    assert len(bench.said) == 180_000
    assert bench.said[-1] == FRAME
    assert bench.refused == 0


def test_what_a_stalled_network_brings_at_once_passes() -> None:
    bench = Bench()
    for _ in range(10):
        bench.clock.advance(2.0)
        bench.speak(100, 0)
    assert len(bench.said) == 1000


def test_more_than_anybody_can_say_is_dropped_and_then_refused() -> None:
    bench = Bench()
    bench.speak(100 + MOST_DROPPED, 0)
    assert (len(bench.said), bench.refused) == (100, 0)
    bench.speak(1, 0)
    assert (len(bench.said), bench.refused) == (100, 1)


@pytest.mark.parametrize("size", [0, 1, FRAME_BYTES - 2, FRAME_BYTES + 2, 65_000])
def test_a_frame_of_another_size_is_no_sound(size: int) -> None:
    bench = Bench()
    bench.microphone.take(bytes(size))
    assert (bench.said, bench.refused) == ([], 1)


def test_a_microphone_that_says_nothing_while_it_is_listened_to_is_lost() -> None:
    bench = Bench()
    bench.microphone.listen(True)
    bench.speak(500, 0.02)
    bench.clock.advance(IDLE_S - 0.1)
    assert bench.lost == 0
    bench.clock.advance(0.2)
    assert bench.lost == 1
    bench.microphone.listen(False)
    assert bench.clock.getDelayedCalls() == []


def test_nobody_waits_for_it_between_conversations() -> None:
    bench = Bench()
    bench.microphone.listen(True)
    bench.microphone.listen(False)
    bench.clock.advance(10 * IDLE_S)
    assert bench.lost == 0
