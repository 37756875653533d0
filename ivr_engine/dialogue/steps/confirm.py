"""`confirm`: reads back what was understood. 1 is right, 2 is again; the line's global keys are there too."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ivr_engine.dialogue.keying import Conversation
from ivr_engine.dialogue.listening import Ear, yes_or_no
from ivr_engine.dialogue.model import Next, Step, Target, Way

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn

RIGHT, AGAIN = "1", "2"


class Confirm(Conversation, Step):
    """`corrections`: how often in one call "again" leads to `again`; after that many it leads to `otherwise`."""

    kind = "confirm"

    then: Target
    again: Target
    corrections: Annotated[int, Field(ge=1, le=10)] = 3

    def spoken(self, failures: int) -> tuple[str, ...]:
        """See Conversation: what is confirmed, then how."""
        return (*super().spoken(failures), "confirm")

    def ear(self, turn: "Turn") -> Ear:
        """See Conversation: yes or no."""
        return yes_or_no(turn, RIGHT, AGAIN)

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        key = await self.choose(turn, {RIGHT: "confirmed", AGAIN: "corrected"})
        if key == RIGHT:
            return self.then
        if key != AGAIN:
            assert not isinstance(key, str)
            return key
        if turn.count_correction() >= self.corrections:
            return self.otherwise or turn.operator
        return self.again

    def choices(self) -> Mapping[str, Way]:
        """See Step."""
        return {RIGHT: self.then, AGAIN: self.again}

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield from self.conversation_prompts()
        yield "", "confirm"
        if self.speech is not False:
            yield from (("", "speech.yes"), ("", "speech.no"))
