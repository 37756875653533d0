"""Whole calls on a real Asterisk: every way a citizen's call can end, each with its own outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import Cause, Outcome

if TYPE_CHECKING:
    from .engine import Engine
    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk

TRIAL = "800196009"


def test_a_caller_keys_the_way_to_an_answer_and_no_operator_rings(asterisk: RealAsterisk, engine: Engine) -> None:
    citizen = asterisk.call("800196001", "1 3")
    contact = engine.wait_end(citizen, 60)
    assert (contact.outcome, contact.cause, contact.line) == (Outcome.SERVED_BY_IVR, Cause.GOODBYE, "lavoro")
    journal = engine.file(contact.id).journal
    assert [entry.data["step"] for entry in journal if entry.kind == "StepEntered"] == [
        "benvenuto", "menu", "dimissioni", "dimissioni.esclusi", "altro", "saluti",
    ]  # fmt: skip
    (answer,) = [entry.data for entry in journal if entry.kind == "PromptHeard" and entry.data.get("counts")]
    assert answer["prompt"] == "article.L02"
    assert answer["heard_ms"] == pytest.approx(answer["length_ms"], abs=40)
    times = [entry.at for entry in journal]
    assert times == sorted(times)
    assert times[-1] - times[0] > answer["heard_ms"] / 1000
    assert "OperatorRang" not in engine.kinds(citizen)
    assert asterisk.queue_log(citizen.channel) == []
    assert engine.file(contact.id).cases == ()


def test_an_operator_answers_a_case_is_opened_and_the_next_call_continues_it(asterisk: RealAsterisk, engine: Engine) -> None:
    for opened in (1, 1):
        citizen = asterisk.call(TRIAL, "0", caller="+390612345678")
        contact = engine.wait_end(citizen)
        assert (contact.outcome, contact.cause) == (Outcome.ANSWERED, Cause.OPERATOR)
        assert len(engine.store.cases.list()) == opened
        kinds = engine.kinds(citizen)
        order = [kinds.index(kind) for kind in ("QueueEntered", "OperatorRang", "OperatorAnswered", "QueueLeft", "ContactEnded")]
        assert order == sorted(order)
        complete = next(row for row in asterisk.queue_log(citizen.channel) if row[4].startswith("COMPLETE"))
        assert (contact.operator, str(contact.wait_s), str(contact.talk_s)) == (complete[3], complete[5], complete[6])
    (case,) = engine.store.cases.list()
    file = engine.store.cases.show(case.number)
    assert file is not None
    assert [change.what for change in file.history] == ["opened", "continued"]


def test_the_screen_pop_reaches_the_rung_operator_alone(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.pause(*asterisk.operators[2:])  # op1 or op2 is rung: the other must see nothing
    with engine.watch("op1") as first, engine.watch("op2") as second:
        citizen = asterisk.call(TRIAL, "7 00187", caller="+393331234567")
        engine.wait_step(citizen, "OperatorAnswered")
        contact = engine.wait_end(citizen)
        rung = {"op1": first, "op2": second}
        seen = {name: pops.taken() for name, pops in rung.items()}
    journal = engine.file(contact.id).journal
    operators = [entry.data["operator"] for entry in journal if entry.kind == "OperatorRang"]
    for name in rung:
        assert [pop["contact"] for pop in seen[name]] == [contact.id] * operators.count(name)
    (pop,) = [pop for pops in seen.values() for pop in pops]
    assert pop["path"] == [["prova", "menu", "7"], ["prova", "pratica", ""], ["prova", "operatore", ""]]
    assert (pop["inputs"], pop["number"], pop["open_cases"]) == ({"cap": "00187"}, "•••••••••••67", [])


@pytest.mark.parametrize(
    ("keys", "after", "outcome"),
    [
        ("", 0.5, Outcome.ABANDONED_IVR),  # in the menu's prompt
        ("", 4.0, Outcome.ABANDONED_IVR),  # in the menu's wait
        ("1", 0.3, Outcome.ABANDONED_IVR),  # in the answer's first words
        ("5", 3.0, Outcome.ABANDONED_QUEUE),
    ],
)
def test_hang_up(asterisk: RealAsterisk, engine: Engine, keys: str, after: float, outcome: Outcome) -> None:
    if keys == "5":
        asterisk.set_global(OPERATOR_ANSWERS="no")
    citizen = asterisk.call(TRIAL, keys, hangup_after=after)
    contact = engine.wait_end(citizen)
    assert (contact.outcome, contact.cause) == (outcome, Cause.CALLER)
    if outcome is Outcome.ABANDONED_QUEUE:
        (abandon,) = [row for row in asterisk.queue_log(citizen.channel) if row[4] == "ABANDON"]
        assert str(contact.wait_s) == abandon[-1]


def test_a_queue_times_out(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no")
    citizen = asterisk.call(TRIAL, "5")
    contact = engine.wait_end(citizen)
    assert (contact.outcome, contact.cause) == (Outcome.TIMED_OUT, Cause.GOODBYE)
    (gone,) = [row for row in asterisk.queue_log(citizen.channel) if row[4] == "EXITWITHTIMEOUT"]
    assert str(contact.wait_s) == gone[-1]


def test_closed_hours(asterisk: RealAsterisk, engine: Engine) -> None:
    citizen = asterisk.call("800196002", "0")
    contact = engine.wait_end(citizen, 60)
    assert (contact.outcome, contact.cause) == (Outcome.CLOSED_HOURS, Cause.GOODBYE)
    assert asterisk.queue_log(citizen.channel) == []


@pytest.mark.parametrize("keys", ["8 8", ""])
def test_wrong_or_missing_keys_lead_to_an_operator(asterisk: RealAsterisk, engine: Engine, keys: str) -> None:
    citizen = asterisk.call(TRIAL, keys, gap=4.0)
    contact = engine.wait_end(citizen)
    assert contact.outcome is Outcome.ANSWERED
    results = [entry.data["result"] for entry in engine.file(contact.id).journal if entry.kind == "InputTaken"]
    assert results == (["nomatch"] * 2 if keys else ["noinput"] * 2)


def test_a_checked_input_becomes_a_spoken_result(asterisk: RealAsterisk, engine: Engine) -> None:
    citizen = asterisk.call(TRIAL, "2 00187", gap=1.0)
    contact = engine.wait_end(citizen)
    assert contact.outcome is Outcome.SERVED_BY_IVR
    journal = str(engine.file(contact.id).journal)
    assert "00187" not in journal
    assert citizen.number not in journal


@pytest.mark.parametrize(
    ("key", "outcome", "reason"),
    [("3", "failed", "function_failed"), ("4", "late", "function_late"), ("6", "late", "function_late")],
)
def test_a_function_that_fails_sends_its_caller_on(
    asterisk: RealAsterisk, engine: Engine, key: str, outcome: str, reason: str
) -> None:
    citizen = asterisk.call(TRIAL, key)
    contact = engine.wait_end(citizen)
    assert contact.outcome is Outcome.ANSWERED
    journal = engine.file(contact.id).journal
    assert [entry.data["outcome"] for entry in journal if entry.kind == "FunctionCalled"] == [outcome]
    assert [entry.data["reason"] for entry in journal if entry.kind == "Diverted"] == [reason]


def test_functions_that_never_return_cost_their_line_a_detour_and_nobody_else(asterisk: RealAsterisk, engine: Engine) -> None:
    stuck = [asterisk.call(TRIAL, "4") for _ in range(2)]
    for citizen in stuck:
        engine.wait_step(citizen, "Diverted")
    refused, other = asterisk.call(TRIAL, "2 00187"), asterisk.call("800196001", "3 3 00187", gap=2.0)
    for citizen in (*stuck, refused, other):
        engine.wait_end(citizen, 90)
    called = [
        entry.data["outcome"] for entry in engine.file(engine.contact(refused).id).journal if entry.kind == "FunctionCalled"
    ]  # type: ignore[union-attr]
    assert called == ["unavailable"]
    assert engine.contact(other).outcome is Outcome.SERVED_BY_IVR  # type: ignore[union-attr]


def test_the_fall_back_takes_a_caller_the_engine_has_no_line_for(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.cli("dialplan add extension 800196010,1,Set(IVR_LINE=nessuna) into from-trunk")
    asterisk.cli("dialplan add extension 800196010,2,Set(IVR_QUEUE=lavoro) into from-trunk")
    asterisk.cli("dialplan add extension 800196010,3,Goto(ivr-call,800196010,1) into from-trunk")
    citizen = asterisk.call("800196010")
    contact = engine.wait_end(citizen)
    assert (contact.outcome, contact.cause) == (Outcome.ANSWERED, Cause.BYPASSED)
    assert len([row for row in asterisk.queue_log(citizen.channel) if row[4] == "ENTERQUEUE"]) == 1
