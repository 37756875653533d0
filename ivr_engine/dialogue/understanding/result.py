"""What comes of understanding: a value, how sure it is, and what is to be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr_engine.dialogue.model import Action


class Band(StrEnum):
    """What to do with what was understood."""

    TAKE = "take"
    CONFIRM = "confirm"
    """Ask "did you say ...?": it may be the value, or the runner-up."""
    AGAIN = "again"
    """A nomatch."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Where the bands lie on a score from 0 to 1. `margin`: how far the second best must stay behind, else it is confirmed."""

    take: float = 0.78
    confirm: float = 0.55
    margin: float = 0.10

    def __post_init__(self) -> None:
        if not 0 <= self.confirm <= self.take <= 1 or not 0 <= self.margin <= 1:
            raise ValueError(f"0 <= confirm <= take <= 1 and 0 <= margin <= 1, not {self}")

    def of(self, score: float, second: float = 0.0) -> Band:
        """The band of a score whose runner-up has `second`."""
        if score < self.confirm:
            return Band.AGAIN
        return Band.TAKE if score >= self.take and score - second >= self.margin else Band.CONFIRM


@dataclass(frozen=True, slots=True)
class Understood:
    """`value` in the validator's normal form ("": none, or a command was spoken); `runner_up` the second best, or "".

    `command`: one of the words every step knows (operator, repeat, back, help). `danger`: the caller said one of the words
    after which a person must hear them; `command` is operator then, unless the word was itself a choice.
    """

    band: Band
    value: str = ""
    score: float = 0.0
    runner_up: str = ""
    command: Action | None = None
    danger: str = ""


NOTHING = Understood(Band.AGAIN)
"""Nothing that the step expects."""
