"""`set`: keeps values for prompts, and facts for functions, conditions and the operator."""

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr_engine.dialogue.model import Name, Next, Step, Target, Text

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


class Set(Step):
    """Constants only: what is worked out is a function's business."""

    kind = "set"
    hands_keys_on: ClassVar[bool] = True

    values: dict[Name, date | int | str] = Field(default_factory=dict)
    facts: dict[Name, Text] = Field(default_factory=dict)
    topic: str = ""
    then: Target

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        turn.values.update(self.values)
        turn.progress.facts.update(self.facts)
        turn.progress.topic = self.topic or turn.progress.topic
        return self.then
