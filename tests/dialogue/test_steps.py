"""What each kind of step does with a caller."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from ivr_engine.dialogue.call import QueueResult
from ivr_engine.dialogue.model import ToStep
from ivr_engine.dialogue.runner import Caller
from ivr_engine.dialogue.steps import KINDS
from ivr_engine.events import (
    Cause,
    Diverted,
    FoundClosed,
    FunctionCalled,
    InputTaken,
    LineChosen,
    PrivateNoted,
    PromptHeard,
    QueueEntered,
    QueueLeft,
    QueueStatus,
)
from ivr_engine.hookspecs import Refused, Request, Result
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line
    from ivr_engine.testing import Played


def inputs(played: Played) -> list[tuple[str, str, str]]:
    return [(event.step, event.result, event.value) for event in played.of(InputTaken)]


def test_an_answer_is_heard_to_its_end_and_counts(call: Callable[..., Played]) -> None:
    played = call("1 !")
    assert played.heard == ["welcome", "menu", "article.L01", "offices.more"]
    answer = played.of(PromptHeard)[2]
    assert answer.counts
    assert answer.heard_ms == answer.length_ms > 0
    assert not any(event.counts for event in played.of(PromptHeard) if event.prompt != "article.L01")
    assert played.progress.topic == "resignation"
    assert played.cause is Cause.CALLER


# --- menu


def test_a_key_that_cuts_into_the_menu_is_the_choice(call: Callable[..., Played]) -> None:
    played = call("3 <1 !")  # over the other line, whose prompt is no menu: the 1 is kept for it
    assert played.steps == ["welcome", "menu", "card", "back", "welcome", "menu", "revoke", "more"]
    menu = call("~ <1 !").of(PromptHeard)[2]
    assert (menu.prompt, menu.heard_ms) == ("noinput", 500)


def test_silence_and_wrong_keys_are_counted_apart(call: Callable[..., Played]) -> None:
    played = call("~ 7 ~ 8 1 !")
    assert played.heard == [
        *("welcome", "menu", "noinput", "menu", "menu.wrong", "menu", "noinput.again", "menu", "menu.wrong", "menu"),
        *("article.L01", "offices.more"),
    ]
    assert inputs(played)[:4] == [
        ("menu", "noinput", ""),
        ("menu", "nomatch", "7"),
        ("menu", "noinput", ""),
        ("menu", "nomatch", "8"),
    ]


@pytest.mark.parametrize(("keys", "result"), [("~ ~ ~", "noinput"), ("7 8 #", "nomatch")])
def test_the_limit_of_tries_leads_to_the_operator_and_is_no_diversion(
    call: Callable[..., Played], keys: str, result: str
) -> None:
    played = call(keys)
    assert [taken[1] for taken in inputs(played)] == [result] * 3
    assert played.steps == ["welcome", "menu", "operator", "bye"]
    assert played.of(Diverted) == []


def test_otherwise_leads_elsewhere_when_the_tree_says_so(call: Callable[..., Played]) -> None:
    played = call("1 ~ ~")
    assert played.steps == ["welcome", "menu", "revoke", "more", "bye"]
    assert played.cause is Cause.GOODBYE


def test_zero_is_the_operator_and_star_repeats(call: Callable[..., Played]) -> None:
    played = call("* 0")
    assert inputs(played) == [("menu", "repeat", "*"), ("menu", "operator", "0")]
    assert played.heard == ["welcome", "menu", "menu", "operator", "bye"]
    assert played.progress.path[1] == ("offices", "menu", "0")


def test_repeating_for_ever_leads_on(call: Callable[..., Played]) -> None:
    played = call("* " * 9)
    assert len(inputs(played)) == 6
    assert played.steps[-2] == "operator"


# --- say


def test_a_digit_keyed_during_say_is_the_choice_of_the_menu(call: Callable[..., Played]) -> None:
    played = call("<1 !")
    assert played.heard == ["welcome", "article.L01", "offices.more"]
    assert inputs(played)[0] == ("menu", "match", "1")


def test_a_digit_keyed_during_say_that_is_no_choice_only_cuts_it_short(call: Callable[..., Played]) -> None:
    played = call("<7 1 !")
    assert played.heard[:3] == ["welcome", "menu", "article.L01"]
    assert inputs(played) == [("menu", "match", "1")]


def test_a_digit_keyed_ahead_is_forgotten_once_something_else_was_done(lines: dict[str, Line]) -> None:
    find = KINDS["do"].model_validate({"function": "office", "outcomes": {"unknown": "menu"}})
    welcome = lines["offices"].tree.steps["welcome"].model_copy(update={"then": ToStep("find")})
    tree = replace(lines["offices"].tree, steps={**lines["offices"].tree.steps, "welcome": welcome, "find": find})
    played = play_line(replace(lines["offices"], tree=tree), "<1 !", functions={"office": lambda request: Result("unknown")})
    assert played.heard == ["welcome", "menu"]


def test_no_bargein_means_heard_in_full(call: Callable[..., Played]) -> None:
    played = call("4 <1 !")
    notice = next(event for event in played.of(PromptHeard) if event.prompt == "notice")
    assert notice.heard_ms == notice.length_ms


# --- ask


def test_a_full_entry_ends_by_itself_and_its_value_stays_out_of_the_journal(call: Callable[..., Played]) -> None:
    played = call("2 20121 !")
    assert ("office", "match", "5 digits") in inputs(played)
    assert played.progress.inputs == {"cap": "20121"}
    assert [(event.name, event.value) for event in played.of(PrivateNoted)] == [("input.cap", "20121")]
    assert not [event for event in played.events if "20121" in repr(event) and not isinstance(event, PrivateNoted)]


def test_the_hash_after_a_full_entry_changes_nothing(call: Callable[..., Played]) -> None:
    plain, hashed = call("2 20121 1 !"), call("2 20121# 1 !")
    assert hashed.heard == plain.heard
    assert inputs(hashed) == inputs(plain)
    said = next(event for event in hashed.of(PromptHeard) if event.prompt == "office.said")
    assert said.heard_ms == said.length_ms


def test_a_hash_that_comes_late_is_dropped_once_where_the_line_waits(call: Callable[..., Played]) -> None:
    played = call("2 20121 # 1 !")
    assert inputs(played)[2:] == [("more", "noinput", ""), ("more", "match", "1")]  # neither a choice nor a wrong key
    assert inputs(call("2 20121 #1 !"))[2:] == [("more", "match", "1")]
    assert inputs(call("2 20121 8 #"))[2:] == [("more", "nomatch", "8"), ("more", "nomatch", "#")]  # after another key it is one


def test_hash_ends_a_short_entry_and_so_does_a_pause(call: Callable[..., Played]) -> None:
    for keys in ("1 2 45#", "1 2 45"):
        played = call(keys)
        assert played.progress.inputs == {"age": "45"}
        assert played.steps[-1] == "bye"
    assert "is silent for 3 s" in call("1 2 45").story


def test_digits_are_data_in_an_ask(call: Callable[..., Played]) -> None:
    played = call("1 2 0#")
    assert played.progress.inputs == {"age": "0"}
    assert QueueEntered not in map(type, played.events)


def test_star_drops_the_entry_and_offers_again_or_the_operator(call: Callable[..., Played]) -> None:
    again = call("2 201* 1 20121 !")
    assert inputs(again)[1:4] == [("office", "dropped", "3 digits"), ("office", "repeat", "1"), ("office", "match", "5 digits")]
    assert again.heard[2:5] == ["office.ask", "ask.again", "office.ask"]
    operator = call("2 * 0")
    assert inputs(operator)[1:] == [("office", "dropped", "0 digits"), ("office", "operator", "0")]
    assert operator.steps[-2] == "operator"


def test_dropping_for_ever_leads_on(call: Callable[..., Played]) -> None:
    played = call("2 " + "5* 1 " * 9)
    assert sum(1 for taken in inputs(played) if taken[1] == "dropped") == 6
    assert played.steps[-2] == "operator"


def test_an_empty_hash_leads_on_at_once(call: Callable[..., Played]) -> None:
    played = call("2 #")
    assert inputs(played)[1:] == [("office", "empty", "")]
    assert played.steps[2:] == ["office", "operator", "bye"]


@pytest.mark.parametrize(
    ("keys", "result", "heard"),
    [
        ("2 ~ ~ ~", "noinput", ["office.ask", "noinput", "office.ask", "noinput.again", "office.ask"]),
        ("2 00000 12# 99999", "nomatch", ["office.ask", "ask.invalid", "office.ask", "ask.invalid", "office.ask"]),
    ],
)
def test_three_failures_of_a_kind_lead_on(call: Callable[..., Played], keys: str, result: str, heard: list[str]) -> None:
    played = call(keys)
    assert [taken[1] for taken in inputs(played)[1:]] == [result] * 3
    assert played.heard[2:7] == heard
    assert played.steps[3:] == ["operator", "bye"]
    assert played.progress.inputs == {}


def test_failures_of_two_kinds_do_not_add_up(call: Callable[..., Played]) -> None:
    played = call("2 ~ 12# ~ 12# 20121 !")
    assert played.progress.inputs == {"cap": "20121"}


def test_the_first_digit_may_cut_in(call: Callable[..., Played]) -> None:
    played = call("2 <20121 !")
    assert played.of(PromptHeard)[2].heard_ms == 500
    assert played.progress.inputs == {"cap": "20121"}


def test_a_validator_is_not_asked_about_too_few_digits(call: Callable[..., Played]) -> None:
    class Strict:
        lengths = (3, 5)
        mask = "none"

        def __call__(self, digits: str, today: date) -> str:
            assert len(digits) >= 3
            assert today == date(2026, 3, 2)
            raise Refused("bye")

    played = call("2 12# 123# 1234", validators={"cap": Strict()})
    assert played.heard[3:7] == ["ask.invalid", "office.ask", "bye", "office.ask"]
    assert [taken[1:] for taken in inputs(played)[1:]] == [
        ("nomatch", "2 digits"),
        ("nomatch", "3 digits"),
        ("nomatch", "4 digits"),
    ]


# --- answer


def test_an_answer_takes_zero_star_and_hash_only(call: Callable[..., Played]) -> None:
    assert call("1 <0").steps == ["welcome", "menu", "revoke", "operator", "bye"]
    assert call("1 <* !").heard[2:] == ["article.L01", "article.L01", "offices.more"]
    skipped = call("1 <# !").of(PromptHeard)[2]
    assert (skipped.prompt, skipped.heard_ms, skipped.counts) == ("article.L01", 500, True)
    digit = call("1 <2 45 !")  # the 2 waits for the menu that offers it
    assert digit.of(PromptHeard)[2].heard_ms == digit.of(PromptHeard)[2].length_ms
    assert digit.progress.inputs == {"age": "45"}


# --- do


def test_a_function_picks_the_way_fills_the_prompt_and_leaves_facts(call: Callable[..., Played]) -> None:
    played = call("2 20121 !")
    assert "office.said: Per due zero uno due uno risponde Ufficio di Milano" in " ".join(played.story)
    assert [(event.function, event.outcome, event.error) for event in played.of(FunctionCalled)] == [("office", "found", "")]
    assert (played.progress.facts, played.progress.topic) == ({"office": "Milan"}, "office")
    assert call("2 20122").steps[-3:] == ["office.find", "operator", "bye"]


def test_a_function_is_told_what_is_known(line_of: Callable[..., Line]) -> None:
    asked: list[Request] = []

    def note(request: Request) -> Result:
        asked.append(request)
        return Result("done", facts={"seen": "yes"})

    line = line_of(
        "cap: {ask: {prompt: cap, input: cap, then: note}}\n"
        "note: {do: {function: note, prompt: wait, outcomes: {done: again}}}\n"
        "again: {do: {function: note, outcomes: {done: bye}}}\n"
        "bye: {goodbye: {}}"
    )
    played = play_line(line, "00187", functions={"note": note}, from_=Caller("mobile", "+393331234567"))
    today = date(2026, 3, 2)
    assert asked == [
        Request("made", {"cap": "00187"}, today, "it", "mobile", {}),
        Request("made", {"cap": "00187"}, today, "it", "mobile", {"seen": "yes"}),
    ]
    assert played.heard == ["cap", "wait", "goodbye"]


# --- queue


@pytest.mark.parametrize(
    ("status", "steps", "heard", "cause"),
    [
        (QueueStatus.ANSWERED, ["operator", "bye"], "bye", Cause.OPERATOR),
        (QueueStatus.TIMEOUT, ["operator", "all.busy", "bye"], "bye", Cause.GOODBYE),
        (QueueStatus.JOINEMPTY, ["operator"], "no_operators", Cause.GOODBYE),
        (QueueStatus.FULL, ["operator"], "busy", Cause.GOODBYE),
        (QueueStatus.FAILED, ["operator"], "no_operators", Cause.GOODBYE),
        (QueueStatus.ABANDONED, ["operator"], "operator", Cause.CALLER),
    ],
)
def test_what_follows_a_queue(
    call: Callable[..., Played], status: QueueStatus, steps: list[str], heard: str, cause: Cause
) -> None:
    played = call("0", queue=[QueueResult(status, 7, 30 if status is QueueStatus.ANSWERED else 0, "op1")])
    assert played.steps[2:] == steps
    assert played.heard[-1] == heard
    assert played.cause is cause
    (entered,) = played.of(QueueEntered)
    assert (entered.queue, entered.priority, entered.timeout_s) == ("offices", 5, 120)
    (left,) = played.of(QueueLeft)
    assert (left.status, left.wait_s, left.operator, left.at - entered.at) == (status, 7, "op1", 7 + left.talk_s)


@pytest.mark.parametrize(
    ("status", "heard"), [(QueueStatus.ANSWERED, "goodbye"), (QueueStatus.TIMEOUT, "busy"), (QueueStatus.FULL, "busy")]
)
def test_a_bare_queue_takes_leave_by_itself(lines: dict[str, Line], status: QueueStatus, heard: str) -> None:
    cards = lines["cards"]
    cards = replace(cards, tree=replace(cards.tree, start="operator"))
    played = play_line(cards, queue=[QueueResult(status, 1, 1)])
    assert played.heard == ["operator", heard]
    assert [event.queue for event in played.of(QueueEntered)] == ["cards"]


def test_a_caller_who_ends_the_talk_is_the_cause(call: Callable[..., Played]) -> None:
    played = call("0", ends_talk=True)
    assert played.cause is Cause.CALLER
    assert [event.status for event in played.of(QueueLeft)] == [QueueStatus.ANSWERED]


def test_a_caller_who_loses_patience_abandons(call: Callable[..., Played]) -> None:
    played = call("0", queue=[QueueResult(QueueStatus.ANSWERED, 100, 60)], patience_s=20)
    assert played.cause is Cause.CALLER
    assert [(event.status, event.wait_s) for event in played.of(QueueLeft)] == [(QueueStatus.ABANDONED, 20)]


def test_nobody_is_queued_outside_the_hours(call: Callable[..., Played]) -> None:
    played = call("0", operators_there=False)
    assert [event.line for event in played.of(FoundClosed)] == ["offices"]
    assert played.of(QueueEntered) == []
    assert played.heard[-1] == "closed"
    assert played.cause is Cause.GOODBYE


# --- goto


def test_going_to_another_line_is_journaled_and_its_language_taken(lines: dict[str, Line], call: Callable[..., Played]) -> None:
    played = call("3 !")
    assert [(event.line, event.version) for event in played.of(LineChosen)] == [
        ("offices", lines["offices"].tree.version),
        ("cards", lines["cards"].tree.version),
        ("offices", lines["offices"].tree.version),
    ]
    assert played.progress.path[1:4] == [("offices", "menu", "3"), ("cards", "card", ""), ("cards", "back", "")]
