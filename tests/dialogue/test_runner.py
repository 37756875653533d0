"""Whole calls: diverted, limited, cut off, and what the journal says of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ivr_engine.dialogue.call import QueueResult
from ivr_engine.dialogue.diversion import Limits
from ivr_engine.dialogue.model import ToStep
from ivr_engine.dialogue.runner import Runner
from ivr_engine.dialogue.services import Sound
from ivr_engine.dialogue.steps import KINDS
from ivr_engine.errors import CallerHungUp, FunctionFailed
from ivr_engine.events import (
    Cause,
    Diverted,
    FoundClosed,
    FunctionCalled,
    LineChosen,
    PromptHeard,
    PromptMissing,
    QueueEntered,
    QueueStatus,
    StepEntered,
)
from ivr_engine.testing import FakeCall, ManualClock, play_line
from ivr_engine.testing.fake_call import plain
from ivr_engine.testing.rehearsal import house_of, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line, Step
    from ivr_engine.events import Event
    from ivr_engine.hookspecs import Request, Result
    from ivr_engine.testing import Played


def with_steps(line: Line, start: str, **steps: dict[str, object]) -> Line:
    """The line with these steps added (name → {kind: fields}) and another start."""
    made: dict[str, Step] = {
        name: KINDS[kind].model_validate(fields) for name, step in steps.items() for kind, fields in step.items()
    }
    return replace(line, tree=replace(line.tree, start=start, steps={**line.tree.steps, **made}))


def diversions(played: Played) -> list[tuple[str, str]]:
    return [(event.step, event.reason) for event in played.of(Diverted)]


def test_the_journal_begins_with_the_line_and_names_every_step_before_its_prompts(
    lines: dict[str, Line], call: Callable[..., Played]
) -> None:
    played = call("1 !")
    first = played.events[0]
    assert isinstance(first, LineChosen)
    assert (first.line, first.version) == ("offices", lines["offices"].tree.version)
    assert [type(event).__name__ for event in played.events[1:5]] == ["StepEntered", "PromptHeard", "StepEntered", "PromptHeard"]
    assert [(event.line, event.step, event.kind) for event in played.of(StepEntered)][1:3] == [
        ("offices", "menu", "menu"),
        ("offices", "revoke", "answer"),
    ]
    assert played.events == tuple(sorted(played.events, key=lambda event: event.at))
    assert played.call.language == "it"


# --- the caller goes


def test_a_hang_up_in_a_prompt_journals_what_was_heard(call: Callable[..., Played]) -> None:
    played = call("1", hang_up_in="ivr/offices/article.L01")
    (heard,) = [event for event in played.of(PromptHeard) if event.counts]
    assert heard.heard_ms == heard.length_ms // 2
    assert played.events[-1] == heard
    assert played.cause is Cause.CALLER


def test_a_hang_up_late_in_an_answer_of_many_sounds_counts_all_before(call: Callable[..., Played]) -> None:
    *_, last = [file for file in call("2 20121").call.heard if "office.said" in file]
    played = call("2 20121", hang_up_in=last)
    heard = played.events[-1]
    assert isinstance(heard, PromptHeard)
    assert heard.heard_ms / heard.length_ms == pytest.approx(0.53, abs=0.03)


def test_a_lost_exchange_is_told_apart_from_a_hang_up(call: Callable[..., Played]) -> None:
    played = call("1", lost_in="ivr/offices/article.L01")
    assert played.cause is Cause.EXCHANGE_LOST
    assert played.of(PromptHeard)[-1].heard_ms > 0


@pytest.mark.parametrize("step", ["welcome", "menu", "office", "office.find", "office.said", "more", "operator"])
def test_a_hang_up_at_any_step_ends_the_dialogue_there(call: Callable[..., Played], step: str) -> None:
    played = call("2 20121 1 0", hang_up_after=step)
    assert played.cause is Cause.CALLER
    assert played.of(Diverted) == []
    # A function is called all the same: that the caller is gone shows at the next verb.
    assert played.steps[-1] == ("office.said" if step == "office.find" else step)


# --- prompts that are missing


def test_a_missing_prompt_of_say_is_passed_over(call: Callable[..., Played]) -> None:
    played = call("1 !", missing={"ivr/offices/welcome"})
    assert [(event.prompt, event.file) for event in played.of(PromptMissing)] == [("welcome", played.of(PromptMissing)[0].file)]
    assert plain(played.of(PromptMissing)[0].file) == "ivr/offices/welcome"
    assert played.heard == ["menu", "article.L01", "offices.more"]
    assert diversions(played) == []


@pytest.mark.parametrize(
    ("keys", "missing", "step"),
    [
        ("", "ivr/offices/menu", "menu"),
        ("2", "ivr/offices/office.ask", "office"),
        ("1", "ivr/offices/article.L01", "revoke"),
        ("2 20121", "ivr/units/weekday/thursday", "office.said"),
        ("2 *", "ivr/core/ask.again", "office"),
    ],
)
def test_a_step_that_cannot_be_heard_leads_to_the_operator(
    call: Callable[..., Played], keys: str, missing: str, step: str
) -> None:
    if "units" in missing:  # any unit of the date will do
        missing = next(file for file in call(keys).call.heard if file.startswith("ivr/units/") and "digit" not in file)
    played = call(keys, missing={missing})
    assert diversions(played) == [(step, "prompt_missing")]
    assert played.steps[-2] == "operator"
    assert not any(event.counts for event in played.of(PromptHeard))


def test_a_missing_reproach_is_passed_over(call: Callable[..., Played]) -> None:
    played = call("8 1 !", missing={"ivr/offices/menu.wrong"})
    assert played.heard[:3] == ["welcome", "menu", "menu"]
    assert diversions(played) == []


def test_a_prompt_without_its_value_is_as_good_as_missing(lines: dict[str, Line]) -> None:
    line = with_steps(lines["offices"], "result", result={"answer": {"prompt": "office.said", "then": "bye"}})
    played = play_line(line)
    assert [(event.prompt, event.file) for event in played.of(PromptMissing)] == [("office.said", "")]
    assert diversions(played) == [("result", "prompt_missing")]


def test_not_one_sound_there_still_reaches_an_operator(call: Callable[..., Played]) -> None:
    class Everything:
        def __contains__(self, file: object) -> bool:
            return True

    played = call("1", missing=Everything())
    assert played.heard == []
    assert [event.queue for event in played.of(QueueEntered)] == ["offices"]
    assert diversions(played) == [("menu", "prompt_missing")]


# --- functions


@pytest.mark.parametrize("how", ["late", "failed", "unavailable", "off"])
def test_a_function_without_a_result_leads_to_otherwise(call: Callable[..., Played], how: str) -> None:
    def office(request: Request) -> Result:
        raise FunctionFailed(how, "TimeoutError")

    played = call("2 20121", functions={"office": office})
    assert [(event.outcome, event.error) for event in played.of(FunctionCalled)] == [(how, "TimeoutError")]
    assert diversions(played) == [("office.find", f"function_{how}")]
    assert played.steps[-3:] == ["office.sorry", "operator", "bye"]


def test_a_function_that_raises_or_gives_an_unknown_label_has_failed(call: Callable[..., Played]) -> None:
    from ivr_engine.hookspecs import Result

    for function, error in ((lambda request: 1 / 0, "ZeroDivisionError"), (lambda request: Result("nowhere"), "UnlistedOutcome")):
        played = call("2 20121", functions={"office": function})
        assert [(event.outcome, event.error) for event in played.of(FunctionCalled)] == [("failed", error)]
        assert diversions(played) == [("office.find", "function_failed")]


# --- failures of the engine's own


class Broken:
    """Prompts that fail as no prompts should, for one key."""

    def __init__(self, *keys: str) -> None:
        self._keys = keys

    def utterance(self, line: str, key: str, language: str, values: object) -> tuple[Sound, ...]:
        if key in self._keys:
            raise RuntimeError(key)
        return (Sound(key, 1000),)


def play_broken(line: Line, *keys: str, script: str = "") -> tuple[list[Event], Callable[[], Cause]]:
    events: list[Event] = []

    class Journal:
        def record(self, event: Event) -> None:
            events.append(event)

    clock = ManualClock()
    house = house_of(Broken(*keys), clock)
    call = FakeCall(script, clock=clock)
    runner = Runner(call=call, contact="C", journal=Journal(), line=line, lines={line.name: line}, house=house)
    return events, lambda: run(runner.run())


def test_a_step_that_fails_leads_to_the_operator_once(lines: dict[str, Line]) -> None:
    events, play = play_broken(lines["offices"], "menu")
    assert play() is Cause.OPERATOR
    assert [(event.step, event.reason) for event in events if isinstance(event, Diverted)] == [("menu", "step_failed")]


def test_an_operator_step_that_fails_is_left_to_the_dialplan(lines: dict[str, Line]) -> None:
    events, play = play_broken(lines["offices"], "operator", script="0")
    with pytest.raises(RuntimeError, match="operator"):
        play()
    assert not any(isinstance(event, Diverted) for event in events)


def test_a_second_failure_is_left_to_the_dialplan(lines: dict[str, Line]) -> None:
    _, play = play_broken(lines["offices"], "menu", "bye")
    with pytest.raises(RuntimeError, match="bye"):
        play()


def test_a_line_that_is_gone_is_a_step_that_fails(lines: dict[str, Line]) -> None:
    played = play_line(lines["offices"], "3")
    assert diversions(played) == [("menu", "step_failed")]


# --- limits


def test_a_loop_without_a_word_is_broken(lines: dict[str, Line]) -> None:
    line = with_steps(lines["offices"], "a", a={"goto": {"step": "b"}}, b={"goto": {"step": "a"}})
    played = play_line(line)
    assert diversions(played) == [("a", "too_long")]
    assert len(played.steps) == 1001 + 2
    assert played.cause is Cause.OPERATOR


def test_a_loop_that_even_the_operator_step_leads_back_into_ends_with_words(lines: dict[str, Line]) -> None:
    line = with_steps(lines["offices"], "a", a={"goto": {"step": "b"}}, b={"goto": {"step": "a"}})
    operator = line.tree.steps["operator"].model_copy(update={"closed": ToStep("a")})
    line = replace(line, tree=replace(line.tree, steps={**line.tree.steps, "operator": operator}))
    played = play_line(line, operators_there=False, limits=Limits(steps=50))
    assert diversions(played) == [("a", "too_long")]
    assert len(played.of(FoundClosed)) == 1
    assert played.heard[-2:] == ["sorry", "goodbye"]
    assert played.cause is Cause.GOODBYE


def test_two_queues_that_lead_to_each_other_end(lines: dict[str, Line]) -> None:
    line = with_steps(lines["offices"], "one", one={"queue": {"timed_out": "two"}}, two={"queue": {"timed_out": "one"}})
    line = replace(line, tree=replace(line.tree, operator="one"))
    played = play_line(line, queue=[QueueResult(QueueStatus.TIMEOUT, 1, 0)], limits=Limits(steps=50))
    assert diversions(played)[0][1] == "too_long"
    assert len(played.steps) < 100
    assert played.heard[-2:] == ["sorry", "goodbye"]


def test_too_long_in_self_service_leads_to_the_operator(call: Callable[..., Played]) -> None:
    played = call("1 1 " * 200, limits=Limits(self_service_s=60))
    ((_, reason),) = diversions(played)
    assert reason == "self_service_limit"
    assert played.steps[-2:] == ["operator", "bye"]
    diverted = played.of(Diverted)[0]
    assert 60 <= diverted.at - played.events[0].at < 70


def test_time_in_queue_and_talk_is_no_self_service(lines: dict[str, Line]) -> None:
    operator = lines["offices"].tree.steps["operator"].model_copy(update={"then": ToStep("menu")})
    steps = {**lines["offices"].tree.steps, "operator": operator}
    line = replace(lines["offices"], tree=replace(lines["offices"].tree, steps=steps))
    queue = [QueueResult(QueueStatus.ANSWERED, 300, 900)]
    played = play_line(line, "0 1 !", queue=queue, limits=Limits(self_service_s=60))
    assert diversions(played) == []
    assert played.steps == ["welcome", "menu", "operator", "menu", "revoke", "more"]


@pytest.mark.parametrize("left_s", [-0.1, 0.1])
def test_whoever_comes_to_the_operator_at_the_last_second_is_queued_once(call: Callable[..., Played], left_s: float) -> None:
    plain = call("0")
    chosen = next(event.at for event in plain.of(StepEntered) if event.step == "operator")
    played = call("0", limits=Limits(self_service_s=chosen - plain.events[0].at + left_s))
    assert played.events == plain.events
    assert played.steps == ["welcome", "menu", "operator", "bye"]


def test_the_last_step_may_be_the_operator_and_the_leave_after_it(call: Callable[..., Played]) -> None:
    assert call("0", limits=Limits(steps=3)).events == call("0").events


def test_an_operator_step_is_never_left_for_a_limit(lines: dict[str, Line]) -> None:
    """Even one that begins long after it, on a second visit."""
    operator = lines["offices"].tree.steps["operator"].model_copy(update={"timed_out": ToStep("menu")})
    steps = {**lines["offices"].tree.steps, "operator": operator}
    line = replace(lines["offices"], tree=replace(lines["offices"].tree, steps=steps))
    clock, events = ManualClock(), list[object]()

    class Slow:
        def record(self, event: Event) -> None:
            events.append(event)
            if isinstance(event, StepEntered) and event.step == "operator":
                clock.advance(1000)

    house = house_of(Broken(), clock)
    queue = [QueueResult(QueueStatus.TIMEOUT, 5, 0), QueueResult(QueueStatus.ABANDONED, 5, 0)]
    runner = Runner(
        call=FakeCall("0 0", clock=clock, queue=queue), contact="C", journal=Slow(), line=line, lines=lines, house=house
    )
    with pytest.raises(CallerHungUp):
        run(runner.run())
    assert not any(isinstance(event, Diverted) for event in events)
    assert sum(isinstance(event, QueueEntered) for event in events) == 2


# --- many lines


def test_a_second_line_is_served_in_a_language_it_speaks(lines: dict[str, Line]) -> None:
    english = replace(lines["offices"], languages=("en", "it"))
    played = play_line(english, "3 !", others=[lines["cards"]])
    assert "welcome: Welcome." in played.story
    assert "card: La carta acquisti." in played.story
    assert played.story.index("welcome: Welcome.") < played.story.index("welcome: Benvenuti.")  # it stays with the caller's ear


def test_progress_is_live(lines: dict[str, Line]) -> None:
    seen: list[tuple[list[tuple[str, str, str]], str]] = []

    class Journal:
        def record(self, event: Event) -> None:
            if isinstance(event, QueueEntered):
                seen.append((list(runner.progress.path), runner.progress.topic))

    line, clock = lines["offices"], ManualClock()
    house = house_of(Broken(), clock)
    call = FakeCall("1 1 0", clock=clock)
    runner = Runner(call=call, contact="C", journal=Journal(), line=line, lines=lines, house=house)
    run(runner.run())
    steps = [("welcome", ""), ("menu", "1"), ("revoke", ""), ("more", "1"), ("menu", "0"), ("operator", "")]
    assert seen == [([("offices", step, key) for step, key in steps], "resignation")]
