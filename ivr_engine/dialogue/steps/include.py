"""`include`: runs a shared part as a subdialogue; the part's `return` comes back to `then`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from ivr_engine.dialogue.model import LineName, Name, Next, Step, Target, ToStep, Way

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


class Include(Step):
    """Without `step` the part begins at its step `<part>.start`."""

    kind = "include"
    hands_keys_on: ClassVar[bool] = True

    part: LineName
    step: Name | None = None
    then: Target

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        turn.include(self.then)
        return self.entry

    @property
    def entry(self) -> ToStep:
        """Where the part begins."""
        return ToStep(self.step or f"{self.part}.start")

    def targets(self) -> Iterable[tuple[tuple[str, ...], Way]]:
        """See Step."""
        yield ("step" if self.step else "part",), self.entry
        yield from super().targets()
