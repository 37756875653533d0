"""Whatever callers, operators and missing sounds do, a call ends: within its bounds, and in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ivr_engine.dialogue.call import QueueResult, TransferResult
from ivr_engine.dialogue.diversion import Limits
from ivr_engine.dialogue.runner import Caller
from ivr_engine.errors import FunctionFailed
from ivr_engine.events import (
    Cause,
    Diverted,
    InputTaken,
    PrivateNoted,
    PromptHeard,
    QueueEntered,
    QueueLeft,
    QueueStatus,
    StepEntered,
    TransferStatus,
)
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line
    from ivr_engine.hookspecs import Request, Result
    from ivr_engine.testing import Played

FILES = ["ivr/offices/menu", "ivr/offices/welcome", "ivr/core/operator", "ivr/offices/office.said", "ivr/offices/bye"]
GROUP = some.from_regex(r"<?[0-9*#]{1,6}|~|<?!|[1-4]|20121#?", fullmatch=True)
QUEUE = some.builds(QueueResult, some.sampled_from(QueueStatus), some.integers(0, 300), some.integers(0, 300))
LIMITS = Limits(steps=200, self_service_s=300)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    groups=some.lists(GROUP, max_size=40),
    queue=some.lists(QUEUE, min_size=1, max_size=3),
    missing=some.sets(some.sampled_from(FILES), max_size=3),
    operators_there=some.booleans(),
    patience_s=some.none() | some.integers(0, 100),
    broken=some.sampled_from(["", "late", "failed", "unavailable"]),
)
def test_every_call_ends_within_its_bounds(
    call: Callable[..., Played],
    groups: list[str],
    queue: list[QueueResult],
    missing: set[str],
    operators_there: bool,
    patience_s: int | None,
    broken: str,
) -> None:
    options: dict[str, object] = {
        "queue": queue,
        "missing": missing,
        "operators_there": operators_there,
        "patience_s": patience_s,
    }
    if broken:

        def office(request: Request) -> Result:
            raise FunctionFailed(broken)

        options["functions"] = {"office": office}
    played = call(" ".join(groups), limits=LIMITS, **options)

    assert played.cause in {Cause.CALLER, Cause.GOODBYE, Cause.OPERATOR}
    assert (played.cause is Cause.CALLER) == played.call.gone
    assert len(played.of(StepEntered)) <= LIMITS.steps + 50
    assert len(played.of(Diverted)) <= 3
    entered, left = played.of(QueueEntered), played.of(QueueLeft)
    assert len(entered) == len(left)
    waited = sum(end.at - start.at for start, end in zip(entered, left, strict=True))
    lasted = played.call.clock.now() - played.events[0].at
    assert lasted - waited <= LIMITS.self_service_s + 2 * 120 + 60
    if played.cause is Cause.OPERATOR:
        assert left[-1].status is QueueStatus.ANSWERED
    assert all(0 <= event.heard_ms <= event.length_ms for event in played.of(PromptHeard))
    assert all(len(event.value) <= 1 or event.value.endswith(("digit", "digits")) for event in played.of(InputTaken))
    times = [event.at for event in played.events]
    assert times == sorted(times)
    assert {event.name for event in played.of(PrivateNoted)} <= {"input.cap", "input.age"}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=some.lists(some.from_regex(r"<?[0-9*#]{1,6}", fullmatch=True), max_size=20))
def test_no_call_depends_on_chance(call: Callable[..., Played], keys: list[str]) -> None:
    assert call(" ".join(keys)).events == call(" ".join(keys)).events


EVERYTHING = """
hello: {say: {prompt: hello, language: en, then: main}}
main:
  menu:
    prompt: [main, main.short]
    help: main.help
    options: {"1": sub, "2": code, "3": bodies, "4": call.me, "5": other, "6": english}
sub: {menu: {prompt: sub, options: {"1": rule, "2": main}, reprompt: false, otherwise: bye}}
rule: {answer: {prompt: rule, then: main}}
code: {ask: {prompt: code, input: provincia, into: code, then: check}}
check: {confirm: {prompt: check, then: known, again: code, corrections: 2}}
known: {if: {cases: [{when: {inputs: {code: [RM, GE]}}, then: noted}], otherwise: sub}}
noted: {set: {facts: {seen: "yes"}, then: main}}
bodies: {include: {part: enti, then: main}}
call.me: {callback: {then: bye}}
other: {transfer: {to: inps, prompt: other, then: main}}
english: {language: {to: en, then: main}}
bye: {goodbye: {}}
"""
PART = """title: {it: Enti, en: Bodies}
languages: [it, en]
start: enti.menu
steps:
  enti.menu: {menu: {prompt: enti.menu, options: {"1": enti.said, "2": enti.deeper, "3": return}}}
  enti.said: {answer: {prompt: enti.said, then: return}}
  enti.deeper: {include: {part: enti, then: enti.said}}
"""


@pytest.fixture
def everything(line_of: Callable[..., Line]) -> Line:
    prompts = "enti.menu: {it: a, en: a}\nenti.said: {it: b, en: b}\n"
    return line_of(EVERYTHING, head="parts: [enti]", others={"enti/part.yaml": PART, "enti/prompts.yaml": prompts})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=some.lists(some.from_regex(r"<?[1-6](76|43)?[1-3]?|<?[0-9*#]{1,4}|~|<?!", fullmatch=True), max_size=60),
    transfer=some.builds(TransferResult, some.sampled_from(TransferStatus), some.integers(0, 100)),
    dialled=some.booleans(),
    kind=some.sampled_from(["mobile", "anonymous"]),
    operators_there=some.booleans(),
)
def test_every_kind_of_step_ends_well(
    everything: Line, keys: list[str], transfer: TransferResult, dialled: bool, kind: str, operators_there: bool
) -> None:
    played = play_line(
        everything,
        " ".join(keys),
        operators_there=operators_there,
        from_=Caller(kind, "+393331234567" if kind == "mobile" else ""),
        transfer=transfer,
        transfers={"inps": "803164"} if dialled else {},
        limits=LIMITS,
    )
    assert played.cause in {Cause.CALLER, Cause.GOODBYE, Cause.OPERATOR}
    assert (played.cause is Cause.CALLER) == played.call.gone
    assert {event.reason for event in played.of(Diverted)} <= {"too_long", "self_service_limit"}
    assert len(played.of(StepEntered)) <= LIMITS.steps + 50
    assert all(len(event.value) <= 1 or event.value.endswith(("digit", "digits")) for event in played.of(InputTaken))
