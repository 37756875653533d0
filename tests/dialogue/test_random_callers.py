"""Whatever callers, operators and missing sounds do, a call ends: within its bounds, and in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ivr_engine.dialogue.call import QueueResult
from ivr_engine.dialogue.diversion import Limits
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
)

if TYPE_CHECKING:
    from collections.abc import Callable

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
