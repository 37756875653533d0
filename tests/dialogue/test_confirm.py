"""`confirm`: 1 is right, 2 is again, and not for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import Diverted, InputTaken
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line

STEPS = """
ask: {ask: {prompt: ask, input: cap, into: cap, then: check}}
check: {confirm: {prompt: cap.said, then: bye, again: ask, otherwise: other.way, MORE}}
bye: {goodbye: {prompt: bye}}
other.way: {goodbye: {prompt: other}}
"""


def confirming(line_of: Callable[..., Line], more: str = "tries: 3") -> Line:
    return line_of(STEPS.replace("MORE", more))


def test_one_is_right(line_of: Callable[..., Line]) -> None:
    played = play_line(confirming(line_of), "00187 1")
    assert played.heard == ["ask", "cap.said", "confirm", "bye"]
    assert played.of(InputTaken)[-1].result == "confirmed"
    assert played.progress.path[-2] == ("made", "check", "1")


def test_two_is_again_and_after_three_corrections_elsewhere(line_of: Callable[..., Line]) -> None:
    played = play_line(confirming(line_of), "00187 2 00188 2 00189 2")
    assert played.steps == ["ask", "check"] * 3 + ["other.way"]
    assert [event.result for event in played.of(InputTaken)][1::2] == ["corrected"] * 3
    assert play_line(confirming(line_of, "corrections: 1"), "00187 2").steps == ["ask", "check", "other.way"]


@pytest.mark.parametrize(("keys", "last"), [("~ ~ ~", "other.way"), ("3 4 5", "other.way"), ("0", "operator")])
def test_no_answer_leads_on(line_of: Callable[..., Line], keys: str, last: str) -> None:
    assert play_line(confirming(line_of), f"00187 {keys}").steps == ["ask", "check", last]


def test_the_whole_is_said_again_after_a_failure(line_of: Callable[..., Line]) -> None:
    played = play_line(confirming(line_of), "00187 ~ 1")
    assert played.heard == ["ask", "cap.said", "confirm", "noinput", "cap.said", "confirm", "bye"]


def test_nobody_confirms_what_they_did_not_hear(line_of: Callable[..., Line]) -> None:
    played = play_line(confirming(line_of), "00187 1", missing={"ivr/made/cap.said"})
    assert [(event.step, event.reason) for event in played.of(Diverted)] == [("check", "prompt_missing")]
