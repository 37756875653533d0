"""The scripted caller keys, waits and leaves as its script says."""

from __future__ import annotations

import pytest

from ivr_engine.dialogue.call import QueueResult
from ivr_engine.errors import CallerHungUp
from ivr_engine.events import QueueStatus
from ivr_engine.testing import FakeCall
from ivr_engine.testing.rehearsal import run


class Never:
    def __await__(self):
        yield self


def test_a_group_is_one_input_and_the_next_needs_a_prompt() -> None:
    call = FakeCall("12 3")
    assert [run(call.key(5)) for _ in range(3)] == ["1", "2", ""]
    assert run(call.play("a", "")) == ("", 2000, True)
    assert [run(call.key(5)) for _ in range(2)] == ["3", ""]
    assert call.clock.now() - FakeCall().clock.now() == pytest.approx(0.25 * 3 + 5 + 2 + 5)


def test_what_is_left_of_a_group_cuts_in_or_is_lost() -> None:
    call = FakeCall("12#3")
    assert run(call.key(5)) == "1"
    assert run(call.play("a", "#")).key == "#"  # the 2 was not accepted, and is lost
    assert run(call.play("b", "")) == ("", 2000, True)
    assert run(call.key(5)) == ""


def test_cutting_in_waits_for_a_prompt_that_accepts_the_key() -> None:
    call = FakeCall("<1")
    assert run(call.play("a", "0")).key == ""
    assert run(call.play("b", "01")) == ("1", 500, True)


def test_leaving() -> None:
    call = FakeCall("<!")
    with pytest.raises(CallerHungUp) as gone:
        run(call.play("a", ""))
    assert gone.value.heard_ms == 500
    with pytest.raises(CallerHungUp):
        run(call.key(1))
    assert run(call.queue("q", 60, 0)) == QueueResult(QueueStatus.ABANDONED, 0, 0)


def test_queues_end_in_order_and_the_last_way_for_ever() -> None:
    ends = [QueueResult(QueueStatus.TIMEOUT, 60, 0), QueueResult(QueueStatus.ANSWERED, 5, 30)]
    call = FakeCall(queue=ends)
    assert [run(call.queue("q", 60, 0)) for _ in range(3)] == [ends[0], ends[1], ends[1]]
    assert call.story[0] == "in queue q: timeout after 60 s"


@pytest.mark.parametrize("keys", ["1 a", "1<2", "<"])
def test_a_script_that_is_none(keys: str) -> None:
    with pytest.raises(ValueError, match="is not an input"):
        FakeCall(keys)


def test_a_call_that_waits_for_something_real_is_told() -> None:
    async def waits() -> None:
        await Never()

    with pytest.raises(RuntimeError, match="no fake"):
        run(waits())
