"""`answer`: speaks an article, or the result of a function. It counts as served once most of it was heard."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from ivr_engine.dialogue.diversion import Diversion, Reason
from ivr_engine.dialogue.model import ARTICLE, Name, Next, Step, Target
from ivr_engine.dialogue.turn import REPEATS

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn

_KEYS = "0*#"


class Answer(Step):
    """While it is heard `0` is the operator, `*` starts it again and `#` goes on; other keys mean nothing yet.

    `topic` is what the answer is about when it is no article, for the operator who may come next.
    """

    kind = "answer"

    article: Name | None = None
    prompt: Name | None = None
    topic: str = ""
    then: Target
    bargein: bool = True

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if (self.article is None) == (self.prompt is None):
            raise ValueError("must have either an article or a prompt")
        return self

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        turn.progress.topic = turn.line.articles[self.article].topic if self.article else self.topic or turn.progress.topic
        for _ in range(REPEATS + 1):
            spoken = await turn.say(self._key(), _KEYS if self.bargein else "", counts=True)
            if spoken.key == "0":
                turn.took("operator", "0")
                turn.progress.choose("0")
                return turn.operator
            if not spoken.complete:
                raise Diversion(Reason.PROMPT_MISSING)
            if spoken.key != "*":
                break
            turn.took("repeat", "*")
        return self.then

    def _key(self) -> str:
        return ARTICLE + self.article if self.article else self.prompt or ""

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step: an article is checked as an article."""
        if self.prompt:
            yield "prompt", self.prompt
