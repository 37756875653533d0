"""`ask`: its limits, its choices between values, its terminator; what is kept and what is shown of an input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.dialogue.progress import masked
from ivr_engine.errors import Invalid
from ivr_engine.events import Diverted, InputTaken, PrivateNoted
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line
    from ivr_engine.testing import Played

ASK = "ask: {ask: {prompt: [ask, ask.short], into: value, then: bye, INPUT}}\nbye: {goodbye: {prompt: bye}}"


def asked(line_of: Callable[..., Line], written: str, keys: str) -> Played:
    return play_line(line_of(ASK.replace("INPUT", written)), keys)


def results(played: Played) -> list[str]:
    return [event.result for event in played.of(InputTaken)]


# --- limits: the call is made on Monday 2 March 2026


@pytest.mark.parametrize(
    ("written", "keys", "heard"),
    [
        ("input: date, latest: 0", "02032026", None),
        ("input: date, latest: 0", "03032026", "ask.too_late"),
        ("input: date, earliest: -365", "02032025", None),
        ("input: date, earliest: -365", "01032025", "ask.too_early"),
        ("input: date, earliest: 2007-01-01", "31122006", "ask.too_early"),
        ("input: date, earliest: 2007-01-01", "01012007", None),
        ("input: amount, earliest: 100, latest: 200", "99#", "ask.too_early"),
        ("input: amount, earliest: 100, latest: 200, too_late: dear", "201#", "dear"),
        ("input: age, latest: 17", "17#", None),
        ("input: age, latest: 17", "18#", "ask.too_late"),
    ],
)
def test_values_beyond_the_limits_are_refused_with_words_of_their_own(
    line_of: Callable[..., Line], written: str, keys: str, heard: str | None
) -> None:
    played = asked(line_of, written, keys)
    assert played.heard[1] == (heard or "bye")
    assert results(played)[0] == ("nomatch" if heard else "match")
    assert ("value" in played.progress.inputs) is (heard is None)


def test_a_value_without_order_meets_no_limit(line_of: Callable[..., Line]) -> None:
    class Words:
        lengths = (1, 1)
        mask = "none"

        def __call__(self, digits: str, today: object) -> str:
            return "blue"

    line = line_of(ASK.replace("INPUT", "input: colour, latest: 3"))
    assert play_line(line, "5", validators={"colour": Words()}).progress.inputs == {"value": "blue"}


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("input: cap, latest: 0", "for dates and numbers, not for cap"),
        ("input: age, latest: 2007-01-01", "limits of age are numbers"),
        ("input: age, earliest: 5, latest: 4", "latest is before earliest"),
        ("input: date, earliest: 2007-01-02, latest: 2007-01-01", "latest is before earliest"),
        ("input: date, earliest: 2007-02-31", "cannot be"),
        ('input: date, end: "*"', "'#' or ''"),
    ],
)
def test_limits_that_make_no_sense_are_mistakes(line_of: Callable[..., Line], written: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        asked(line_of, written, "")


# --- digits that may mean several values


def test_a_province_by_its_keys(line_of: Callable[..., Line]) -> None:
    assert asked(line_of, "input: provincia", "79").progress.inputs == {"value": "PZ"}
    assert results(asked(line_of, "input: provincia", "11")) == ["nomatch", "noinput", "noinput", "noinput"]


def test_where_the_keys_mean_several_the_caller_chooses(line_of: Callable[..., Line]) -> None:
    played = asked(line_of, "input: provincia", "76 3")
    assert "ask.choice: Roma tre" in " ".join(played.story)
    assert played.heard == ["ask", *["ask.choice"] * 6, "bye"]
    assert [(event.result, event.value) for event in played.of(InputTaken)] == [("ambiguous", "2 digits"), ("chosen", "2 digits")]
    assert played.progress.inputs == {"value": "RM"}
    assert [(event.name, event.value) for event in played.of(PrivateNoted)] == [("input.value", "RM")]
    assert asked(line_of, "input: provincia", "76 <1").heard == ["ask", "ask.choice", "bye"]


@pytest.mark.parametrize("choice", ["9", "0", "~", "*"])
def test_no_choice_is_no_match(line_of: Callable[..., Line], choice: str) -> None:
    played = asked(line_of, "input: provincia", f"76 {choice} 43")
    assert played.heard[7:] == ["ask.invalid", "ask.short", "bye"]
    assert results(played) == ["ambiguous", "nomatch", "match"]


def test_a_choice_that_cannot_be_heard_leads_to_the_operator(line_of: Callable[..., Line]) -> None:
    line = line_of(ASK.replace("INPUT", "input: provincia"))
    played = play_line(line, "76", missing={"ivr/core/provincia.RM"})
    assert [event.reason for event in played.of(Diverted)] == ["prompt_missing"]


# --- the end of an entry


def test_hash_means_nothing_where_it_ends_nothing(line_of: Callable[..., Line]) -> None:
    played = asked(line_of, 'input: age, end: "", between: 2', "4#5")
    assert played.progress.inputs == {"value": "45"}
    assert "is silent for 2 s" in played.story
    assert results(asked(line_of, 'input: age, end: ""', "# 45")) == ["noinput", "match"]


def test_the_prompt_tapers_with_every_repetition(line_of: Callable[..., Line]) -> None:
    played = asked(line_of, "input: cap", "~ 12# 00187")
    assert played.heard == ["ask", "noinput", "ask.short", "ask.invalid", "ask.short", "bye"]
    assert asked(line_of, "input: cap", "4* 1 00187").heard == ["ask", "ask.again", "ask.short", "bye"]


# --- what is shown


def test_an_input_is_shown_as_its_validator_masks_it(line_of: Callable[..., Line]) -> None:
    progress = asked(line_of, "input: codice_comunicazione", "1300112000123456").progress
    assert progress.inputs == {"value": "1300112000123456"}
    assert progress.shown == {"value": "••••••••••••3456"}
    assert asked(line_of, "input: cap", "00187").progress.shown == {"value": "00187"}


@pytest.mark.parametrize(
    ("value", "mask", "shown"),
    [("12345", "none", "12345"), ("12345", "last4", "•2345"), ("1234", "last4", "••••"), ("12345", "all", "•••••")],
)
def test_masks(value: str, mask: str, shown: str) -> None:
    assert masked(value, mask) == shown  # type: ignore[arg-type]
