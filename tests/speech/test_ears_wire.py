"""What the engine and a recogniser's process say to each other, and a recogniser's process that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.speech.ears.pool import Manner, Model, ProcessEars
from ivr_engine.speech.ears.wire import FROM_WORKER, LONGEST, TO_WORKER, Audio, Done, Frames, Open, frame

from .listening import reactor, run


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_messages_arrive_whole_in_whatever_pieces(piece: int) -> None:
    sent = [Open(1, "it", "phrases", ("sì", "no")), Audio(1, bytes(320)), Audio(2, b"")]
    data = b"".join(map(frame, sent))
    frames = Frames(TO_WORKER)
    assert [message for at in range(0, len(data), piece) for message in frames.feed(data[at : at + piece])] == sent


@pytest.mark.parametrize("data", [(LONGEST + 1).to_bytes(4, "big"), b"\0\0\0\x03abc", frame(Audio(1, b"x"))])
def test_what_no_message_is_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
        list(Frames(FROM_WORKER).feed(data))


def test_guesses_keep_their_order() -> None:
    said = Done(7, (("sì", 0.9), ("no", 0.1)))
    assert list(Frames(FROM_WORKER).feed(frame(said))) == [said]


def test_a_class_that_is_not_there_is_said_so() -> None:
    async def broken() -> None:
        ears = ProcessEars(reactor, {"it": Model("ivr_engine.speech.ears.nowhere:Nothing", Path())}, Manner())
        ears.start()
        with pytest.raises(Unavailable, match="No module named"):
            await ears.ready()
        await ears.stop()

    run(broken())
