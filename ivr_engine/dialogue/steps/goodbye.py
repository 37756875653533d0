"""`goodbye`: takes leave; the call ends."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.model import End, Name, Next, Step

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


class Goodbye(Step):
    """A key ends the call without hearing the rest."""

    kind = "goodbye"

    prompt: Name = "goodbye"
    bargein: bool = True

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        await turn.say(self.prompt, ALL_KEYS if self.bargein else "")
        return End()

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield "prompt", self.prompt
