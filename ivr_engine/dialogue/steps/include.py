"""`include`: runs a shared part as a subdialogue; the part's `return` comes back to `then`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from ivr_engine.dialogue.model import LineName, Name, Next, Step, Target, ToStep, Way

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


class Include(Step):
    """Without `step` the part begins at its own start, which is put here when the line is read."""

    kind = "include"
    hands_keys_on: ClassVar[bool] = True

    part: LineName
    step: Name | None = None
    then: Target

    @model_validator(mode="after")
    def _of_the_part(self) -> Self:
        if self.step is not None and not self.step.startswith(f"{self.part}."):
            raise ValueError(f"step must be one of the part's own: {self.part}.{self.step}")
        return self

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        assert self.step is not None
        turn.include(self.then)
        return ToStep(self.step)

    def targets(self) -> Iterable[tuple[tuple[str, ...], Way]]:
        """See Step."""
        if self.step is not None:
            yield ("step",), ToStep(self.step)
        yield from super().targets()
