"""Global keys, tapering and help: what menus, confirmations and answers have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import InputTaken, PromptHeard
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line
    from ivr_engine.testing import Played

MENUS = """
first: {menu: {prompt: first, options: {"1": second, "2": said}}}
second: {menu: {prompt: second, options: {"1": third, "2": first}}}
third: {say: {prompt: third, then: check}}
check: {confirm: {prompt: check, then: said, again: third}}
said: {answer: {prompt: said, then: first}}
"""


def taken(played: Played) -> list[tuple[str, str]]:
    return [(event.step, event.result) for event in played.of(InputTaken)]


# --- back


def test_back_leads_to_the_menu_before(line_of: Callable[..., Line]) -> None:
    played = play_line(line_of(MENUS), "1 9 2 !")
    assert played.steps == ["first", "second", "first", "said", "first"]
    assert taken(played)[1] == ("second", "back")
    assert played.progress.path[1] == ("made", "second", "9")


def test_at_the_first_menu_back_repeats(line_of: Callable[..., Line]) -> None:
    played = play_line(line_of(MENUS), "9 9 !")
    assert played.steps == ["first"]
    assert played.heard == ["first"] * 3


def test_going_forward_to_an_earlier_menu_is_being_back_there(line_of: Callable[..., Line]) -> None:
    played = play_line(line_of(MENUS), "1 2 9 !")
    assert played.steps == ["first", "second", "first"]  # not to and fro between the two


def test_back_from_a_confirmation_and_from_an_answer(line_of: Callable[..., Line]) -> None:
    assert play_line(line_of(MENUS), "1 1 9 !").steps == ["first", "second", "third", "check", "second"]
    assert play_line(line_of(MENUS), "1 1 1 <9 !").steps == ["first", "second", "third", "check", "said", "second"]


def test_back_leads_into_the_line_one_came_from(line_of: Callable[..., Line], lines: dict[str, Line]) -> None:
    here = line_of('first: {menu: {prompt: first, options: {"1": {line: offices}}}}')
    played = play_line(here, "1 9 !", others=[lines["offices"]])
    assert played.steps == ["first", "welcome", "menu", "first"]
    assert (played.progress.line, played.progress.step) == ("made", "first")


# --- keys of the line's own


def test_a_line_has_its_own_global_keys(line_of: Callable[..., Line]) -> None:
    line = line_of(MENUS.replace("prompt: second", "prompt: second, help: second.help"), head='keys: {"8": help, "7": operator}')
    played = play_line(line, "1 8 0 7")
    assert played.heard == ["first", "second", "second.help", "second", "nomatch", "second", "operator", "goodbye"]
    assert taken(played)[1:] == [("second", "help"), ("second", "nomatch"), ("second", "operator")]
    assert play_line(line, "8 !").heard == ["first", "first"]  # no help here: it repeats
    assert play_line(line, "2 <9 !").steps == ["first", "said", "first"]  # 9 is none: the answer is heard to its end


def test_repeating_an_answer_is_bounded(line_of: Callable[..., Line]) -> None:
    played = play_line(line_of(MENUS), "2 " + "<* " * 9 + "!")
    assert played.heard.count("said") == 6


# --- tapering


TAPER = """
first:
  menu:
    prompt: [long, short]
    noinput: [hush, hush.again]
    nomatch: wrong
    tries: 4
    options: {"1": first, "2": bye}
bye: {goodbye: {}}
"""


def test_prompts_taper_by_count_within_a_visit(line_of: Callable[..., Line]) -> None:
    played = play_line(line_of(TAPER), "~ ~ ~ 5 * 1 !")
    assert played.heard == [
        *("long", "hush", "short", "hush.again", "short", "hush.again", "short", "wrong", "short"),
        "long",  # asked for again
        "long",  # a visit anew
    ]


def test_the_prompt_tapers_over_failures_of_either_kind(line_of: Callable[..., Line]) -> None:
    line = line_of(TAPER.replace("[long, short]", "[long, shorter, shortest]"))
    assert play_line(line, "~ 5 !").heard == ["long", "hush", "shorter", "wrong", "shortest"]


def test_without_reprompt_the_reproach_stands_alone(line_of: Callable[..., Line]) -> None:
    played = play_line(line_of(TAPER.replace("tries: 4", "reprompt: false")), "~ 5 !")
    assert played.heard == ["long", "hush", "wrong"]


def test_a_reproach_that_is_all_there_is_must_be_heard(line_of: Callable[..., Line]) -> None:
    line = line_of(TAPER.replace("tries: 4", "reprompt: false"))
    assert play_line(line, "~ ~", missing={"ivr/made/hush"}).steps[-1] == "operator"
    assert play_line(line_of(TAPER), "~ 2", missing={"ivr/made/hush"}).steps[-1] == "bye"


@pytest.mark.parametrize(("written", "cut"), [("bargein: false", False), ("bargein: true", True)])
def test_bargein(line_of: Callable[..., Line], written: str, cut: bool) -> None:
    played = play_line(line_of(TAPER.replace("tries: 4", written).replace("long", "a.very.long.prompt")), "<2")
    assert played.heard == ["a.very.long.prompt", "goodbye"]
    menu = played.of(PromptHeard)[0]
    assert (menu.heard_ms < menu.length_ms) is cut
