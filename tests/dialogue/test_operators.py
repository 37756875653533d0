"""What leads to people: queues with their outlook, wishes to be called back, other bodies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.dialogue.call import QueueResult, TransferResult
from ivr_engine.dialogue.runner import Caller
from ivr_engine.dialogue.services import Outlook
from ivr_engine.dialogue.steps import KINDS
from ivr_engine.events import (
    CallbackWished,
    Cause,
    InputTaken,
    PrivateNoted,
    PromptHeard,
    QueueAnnounced,
    QueueEntered,
    QueueOverflowed,
    QueueStatus,
    TransferEntered,
    TransferLeft,
    TransferStatus,
)
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from ivr_engine.dialogue.model import Line
    from ivr_engine.testing import Played


def play(line: Line, kind: str, fields: dict[str, Any], keys: str = "", **how: Any) -> Played:
    steps = {**line.tree.steps, "here": KINDS[kind].model_validate(fields)}
    return play_line(replace(line, tree=replace(line.tree, start="here", steps=steps)), keys, **how)


# --- queue


@pytest.mark.parametrize(
    ("outlook", "heard"),
    [
        (None, []),
        (Outlook(1, free=True), []),
        (Outlook(1, free=False), []),  # next, and nobody knows for how long: silence
        (Outlook(2, free=False), ["queue.position.one"]),
        (Outlook(5, free=False), ["queue.position"]),
        (Outlook(1, free=False, low_s=0, high_s=60), ["queue.wait.short"]),
        (Outlook(3, free=False, low_s=0, high_s=180), ["queue.position", "queue.wait.up_to"]),
        (Outlook(4, free=False, low_s=240, high_s=600), ["queue.position", "queue.wait"]),
    ],
)
def test_the_wait_is_said_as_far_as_it_is_known(lines: dict[str, Line], outlook: Outlook | None, heard: list[str]) -> None:
    played = play(lines["offices"], "queue", {"then": "bye"}, outlook=outlook)
    assert played.heard == ["operator", *heard, "bye"]
    announced = [(event.position, event.low_s, event.high_s) for event in played.of(QueueAnnounced)]
    position = outlook.position if outlook and outlook.position > 1 else 0
    assert announced == ([(position, outlook.low_s, outlook.high_s)] if heard and outlook else [])


def test_the_words_of_the_wait_are_the_numbers(lines: dict[str, Line]) -> None:
    played = play(lines["offices"], "queue", {"then": "bye"}, outlook=Outlook(4, free=False, low_s=240, high_s=590))
    assert "queue.position: Prima di lei ci sono tre persone." in played.story
    assert "queue.wait: L'attesa prevista è fra quattro e dieci minuti." in played.story


def test_nothing_is_announced_where_the_tree_says_so(lines: dict[str, Line]) -> None:
    played = play(
        lines["offices"], "queue", {"announce": False, "then": "bye"}, outlook=Outlook(4, free=False, low_s=60, high_s=120)
    )
    assert played.heard == ["operator", "bye"]


OFFER = {"offer": {"prompt": "callback.offer", "options": {"1": "notice"}}, "then": "bye"}


@pytest.mark.parametrize("keys", ["<1 !", "1 !"])
def test_what_else_a_waiting_caller_can_do_is_offered(lines: dict[str, Line], keys: str) -> None:
    played = play(lines["offices"], "queue", OFFER, keys, outlook=Outlook(1, free=False))
    assert played.steps[:2] == ["here", "notice"]
    assert played.of(QueueEntered) == []
    assert next((event.result, event.value) for event in played.of(InputTaken)) == ("match", "1")


def test_who_takes_no_offer_is_queued_and_who_need_not_wait_hears_none(lines: dict[str, Line]) -> None:
    played = play(lines["offices"], "queue", OFFER, outlook=Outlook(1, free=False))
    assert (played.heard[1], len(played.of(QueueEntered))) == ("callback.offer", 1)
    assert "callback.offer" not in play(lines["offices"], "queue", OFFER, outlook=Outlook(1, free=True)).heard
    assert "callback.offer" not in play(lines["offices"], "queue", OFFER, outlook=None).heard


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"size": 9}, "size"),
        ({"size": 10}, ""),
        ({"wait": 899}, "wait"),
        ({"wait": 900}, ""),
        ({"size": 10, "wait": 600}, "wait"),
    ],
)
def test_a_queue_that_is_too_full_leads_elsewhere(lines: dict[str, Line], limit: dict[str, int], reason: str) -> None:
    fields = {"overflow": {**limit, "then": "notice"}, "then": "bye"}
    played = play(lines["offices"], "queue", fields, "!", outlook=Outlook(10, free=False, low_s=300, high_s=900))
    assert [event.reason for event in played.of(QueueOverflowed)] == ([reason] if reason else [])
    assert (played.steps[1] == "notice") is bool(reason)
    assert play(lines["offices"], "queue", fields, outlook=None).of(QueueOverflowed) == []


def test_each_way_out_of_a_queue_has_its_own_target(lines: dict[str, Line]) -> None:
    ways = {"then": "bye", "timed_out": "all.busy", "unavailable": "notice", "full": "revoke"}
    for status, step in (
        (QueueStatus.ANSWERED, "bye"),
        (QueueStatus.TIMEOUT, "all.busy"),
        (QueueStatus.JOINEMPTY, "notice"),
        (QueueStatus.FULL, "revoke"),
    ):
        played = play(lines["offices"], "queue", ways, "!", queue=[QueueResult(status, 1, 1)])
        assert played.steps[1] == step


# --- callback


def wish(played: Played) -> tuple[str, str, str] | None:
    numbers = [event.value for event in played.of(PrivateNoted) if event.name == "callback_number"]
    wishes = played.of(CallbackWished)
    return (numbers[0], wishes[0].best_time, wishes[0].topic) if wishes else None


CALLBACK = {"topic": "orari", "then": "bye", "otherwise": "notice"}


@pytest.mark.parametrize(
    ("keys", "caller", "wished"),
    [
        ("1 1", Caller("mobile", "+393331234567"), ("+393331234567", "morning", "orari")),
        ("2 0612345678# 1 3", Caller("mobile", "+393331234567"), ("0612345678", "any", "orari")),
        ("0612345678# 1 2", Caller(), ("0612345678", "afternoon", "orari")),
        ("061234567# 2 0612345678# 1 2", Caller(), ("0612345678", "afternoon", "orari")),
        ("123# 0612345678# 1 2", Caller(), ("0612345678", "afternoon", "orari")),
        ("1 ~ ~ ~", Caller("mobile", "+393331234567"), ("+393331234567", "any", "orari")),
        ("1 7 7 7", Caller("mobile", "+393331234567"), ("+393331234567", "any", "orari")),
    ],
)
def test_a_wish_to_be_called_back(lines: dict[str, Line], keys: str, caller: Caller, wished: tuple[str, str, str]) -> None:
    played = play(lines["offices"], "callback", CALLBACK, keys, from_=caller)
    assert wish(played) == wished
    assert (played.heard[-2:], played.steps[-1]) == (["callback.noted", "bye"], "bye")
    assert not [event for event in played.events if not isinstance(event, PrivateNoted) and wished[0].strip("+") in repr(event)]


@pytest.mark.parametrize("keys", ["0", "1 0", "2 0612345678# 0", "2 0612345678# 1 0"])
def test_an_operator_is_there_at_every_question_about_a_call_back(lines: dict[str, Line], keys: str) -> None:
    played = play(lines["offices"], "callback", CALLBACK, f"{keys} !", from_=Caller("mobile", "+393331234567"))
    assert (wish(played), played.steps[1]) == (None, lines["offices"].tree.operator)


def test_the_number_is_read_back_in_groups(lines: dict[str, Line]) -> None:
    played = play(lines["offices"], "callback", CALLBACK, "0612345678# 1 2", from_=Caller())
    said = next(line for line in played.story if line.startswith("callback.right"))
    assert said.startswith("callback.right: Il numero è zero sei uno … due tre quattro … cinque sei sette otto")


@pytest.mark.parametrize("keys", ["~ ~ ~", "1# 2# 3#", "0612345678# 2 0612345678# 2 0612345678# 2"])
def test_three_failures_of_a_callback_lead_on(lines: dict[str, Line], keys: str) -> None:
    played = play(lines["offices"], "callback", CALLBACK, keys + " !", from_=Caller())
    assert (wish(played), played.steps[1]) == (None, "notice")


# --- transfer

TRANSFER = {"to": "inps", "prompt": {"mobile": "notice", "otherwise": "welcome"}, "topic": "inps", "then": "bye"}


def test_a_body_that_is_not_on_the_list_is_spoken_twice(lines: dict[str, Line]) -> None:
    mobile = play(lines["offices"], "transfer", TRANSFER)
    assert mobile.heard == ["notice", "notice", "bye"]
    assert mobile.of(TransferEntered) == []
    assert [event.counts for event in mobile.of(PromptHeard)] == [True, True, False]
    landline = play(lines["offices"], "transfer", TRANSFER, from_=Caller("landline", "+390612345678"))
    assert landline.heard == ["welcome", "welcome", "bye"]
    assert play(lines["offices"], "transfer", TRANSFER, "<# !").heard == ["notice", "bye"]


@pytest.mark.parametrize(
    ("result", "heard"),
    [
        (TransferResult(TransferStatus.ANSWERED, 30), ["transfer", "bye"]),
        (TransferResult(TransferStatus.BUSY), ["transfer", "notice", "notice", "bye"]),
        (TransferResult(TransferStatus.FAILED), ["transfer", "notice", "notice", "bye"]),
    ],
)
def test_a_body_on_the_list_is_dialled_and_spoken_when_that_fails(
    lines: dict[str, Line], result: TransferResult, heard: list[str]
) -> None:
    played = play(lines["offices"], "transfer", TRANSFER, transfers={"inps": "803164"}, transfer=result)
    assert played.heard == heard
    assert [event.to for event in played.of(TransferEntered)] == ["inps"]
    assert [(event.status, event.talk_s) for event in played.of(TransferLeft)] == [(result.status, result.talk_s)]
    assert "put through to 803164" in " ".join(played.story)


# --- what administrators switch


def test_front_messages_come_first_and_once(lines: dict[str, Line]) -> None:
    played = play_line(lines["offices"], "3 !", others=[lines["cards"]], messages=("notice",))
    assert played.heard[:3] == ["notice", "welcome", "menu"]
    assert played.heard.count("notice") == 1  # over the other line and back
    cut = play_line(lines["offices"], "<1 !", messages=("notice",))
    assert cut.heard == ["notice", "article.L01", "offices.more"]  # the key is kept for the menu


def test_callers_of_a_line_that_is_off_go_to_its_operators(lines: dict[str, Line]) -> None:
    played = play_line(lines["offices"], off=("offices",))
    assert played.heard[:2] == ["line_off", "operator"]
    assert (played.cause, len(played.of(QueueEntered))) == (Cause.OPERATOR, 1)
