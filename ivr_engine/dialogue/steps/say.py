"""`say`: speaks a prompt and goes on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.diversion import Diversion
from ivr_engine.dialogue.model import Language, Name, Next, Step, Target

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


class Say(Step):
    """A key cuts the prompt short; a digit is kept for the menu or the ask that follows, so that those who know need not wait.

    `language` says this one prompt in another language than the call's: "For English, press 8".
    """

    kind = "say"
    hands_keys_on: ClassVar[bool] = True

    prompt: Name
    then: Target
    language: Language | None = None
    bargein: bool = True

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        if self.bargein and turn.typed_ahead:
            return self.then
        own = turn.language
        try:
            await turn.speak(self.language or own)
            spoken = await turn.say(self.prompt, ALL_KEYS if self.bargein else "")
        except Diversion:
            await turn.speak(own)
            raise
        await turn.speak(own)
        if spoken.key.isdigit():
            turn.typed_ahead = spoken.key
        return self.then

    def languages(self) -> Iterable[tuple[tuple[str, ...], str]]:
        """See Step."""
        if self.language:
            yield ("language",), self.language

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield "prompt", self.prompt
