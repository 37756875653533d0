"""`goto`: leads to another step, or to another line."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from ivr_engine.dialogue.model import LineName, Name, Next, Step, ToLine, ToStep, Way

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


class Goto(Step):
    """Names either a step of this line or a line."""

    kind = "goto"
    hands_keys_on: ClassVar[bool] = True

    step: Name | None = None
    line: LineName | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.step is None) == (self.line is None):
            raise ValueError("must have either a step or a line")
        return self

    async def run(self, turn: "Turn") -> Next:  # noqa: ARG002 - as every step
        """See Step."""
        return next(target for _, target in self.targets())

    def targets(self) -> Iterable[tuple[tuple[str, ...], Way]]:
        """See Step."""
        if self.step is not None:
            yield ("step",), ToStep(self.step)
        if self.line is not None:
            yield ("line",), ToLine(self.line)
