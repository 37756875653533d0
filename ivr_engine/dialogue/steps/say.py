"""`say`: speaks a prompt and goes on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.model import Name, Next, Step, Target

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


class Say(Step):
    """A key cuts the prompt short; a digit is kept for the menu or the ask that follows, so that those who know need not wait."""

    kind = "say"
    hands_keys_on: ClassVar[bool] = True

    prompt: Name
    then: Target
    bargein: bool = True

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        if not (self.bargein and turn.typed_ahead):
            spoken = await turn.say(self.prompt, ALL_KEYS if self.bargein else "")
            if spoken.key.isdigit():
                turn.typed_ahead = spoken.key
        return self.then

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield "prompt", self.prompt
