"""Why the engine itself sends a caller to an operator, and the limits that make it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr_engine.clock import Clock

_LAST_STEPS = 20
_LAST_SECONDS = 120.0


class Reason(StrEnum):
    """What `events.Diverted` gives as its reason."""

    PROMPT_MISSING = "prompt_missing"  # a menu, an ask or an answer could not be heard
    STEP_FAILED = "step_failed"  # a step raised what it should not
    TOO_LONG = "too_long"  # the tree went round and round
    SELF_SERVICE_LIMIT = "self_service_limit"  # too many seconds in menus
    FUNCTION_LATE = "function_late"
    FUNCTION_FAILED = "function_failed"
    FUNCTION_UNAVAILABLE = "function_unavailable"
    FUNCTION_OFF = "function_off"
    ARTICLE_NOT_VALID = "article_not_valid"  # none of the answer's articles is the law of the day
    LINE_OFF = "line_off"  # an administrator switched the line's self-service off


class Diversion(Exception):
    """Raised within a step: this caller goes to the line's operator step now."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason)


class Exhausted(Exception):
    """A limit was met again after the caller had been sent to an operator for it: the call must end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use up: steps of trees, and seconds of self-service (queue and talk excluded)."""

    steps: int = 1000
    self_service_s: float = 600.0


class Budget:
    """What one call has left. The first limit it meets diverts it, and grants a last stretch for a proper end."""

    __slots__ = ("_clock", "_deadline", "_reached", "_spent", "_steps", "_stretched")

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._clock = clock
        self._steps = limits.steps
        self._deadline = clock.now() + limits.self_service_s
        self._reached = self._stretched = self._spent = False

    def spend_step(self) -> None:
        """One more step. Raises Diversion, later Exhausted."""
        self._steps -= 1
        if self._steps < 0:
            self._meet(Reason.TOO_LONG)

    def check_time(self) -> None:
        """Before something is said in self-service. Raises Diversion, later Exhausted."""
        if not self._spent and self._clock.now() > self._deadline:
            self._meet(Reason.SELF_SERVICE_LIMIT)

    def reach_operators(self) -> None:
        """The caller comes to a queue. Whoever comes late has time left for a proper end, and is not queued for it again."""
        if not self._reached:
            steps, deadline = max(self._steps, _LAST_STEPS), max(self._deadline, self._clock.now() + _LAST_SECONDS)
            self._reached = (steps, deadline) != (self._steps, self._deadline)
            self._steps, self._deadline = steps, deadline

    def leave_out(self, seconds: float) -> None:
        """That time was no self-service."""
        self._deadline += seconds

    def _meet(self, reason: Reason) -> None:
        if self._stretched:
            self._spent = True
            raise Exhausted
        self._stretched = True
        self._steps = _LAST_STEPS
        self._deadline = self._clock.now() + _LAST_SECONDS
        raise Diversion(reason)
