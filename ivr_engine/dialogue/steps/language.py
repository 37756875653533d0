"""`language`: the call goes on in another language."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from ivr_engine.dialogue.model import Language as LanguageName
from ivr_engine.dialogue.model import Next, Step, Target

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


class Language(Step):
    """It lasts until another such step, also on lines the caller goes on to, where they speak it."""

    kind = "language"
    hands_keys_on: ClassVar[bool] = True

    to: LanguageName
    then: Target

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        await turn.speak(self.to)
        return self.then

    def languages(self) -> Iterable[tuple[tuple[str, ...], str]]:
        """See Step."""
        yield ("to",), self.to
