"""`answer`: reads an article, or a result, aloud. Heard for long enough it counts as served by IVR."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from ivr_engine.clock import rome_date
from ivr_engine.dialogue.diversion import Reason
from ivr_engine.dialogue.model import Name, Next, Step, Target
from ivr_engine.dialogue.reading import read_aloud
from ivr_engine.sounds import ARTICLE

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


def _ids(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Answer(Step):
    """Of several articles the first that is valid on the day of the call is read.

    `topic` is what the answer is about when it is no article, for the operator who may come next.
    """

    kind = "answer"

    article: Annotated[tuple[Name, ...], BeforeValidator(_ids), Field(min_length=1)] | None = None
    prompt: Name | None = None
    topic: str = ""
    then: Target
    otherwise: Target | None = None
    bargein: bool = True

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if (self.article is None) == (self.prompt is None):
            raise ValueError("must have either an article or a prompt")
        return self

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        prompt, topic = self.prompt, self.topic
        if self.article is not None:
            today = rome_date(turn.now())
            valid = next((name for name in self.article if turn.line.articles[name].valid(today)), None)
            if valid is None:
                operator = turn.divert(Reason.ARTICLE_NOT_VALID)
                return self.otherwise or operator
            prompt, topic = ARTICLE + valid, topic or turn.line.articles[valid].topic
        assert prompt is not None
        turn.progress.topic = topic or turn.progress.topic
        return await read_aloud(turn, prompt, bargein=self.bargein) or self.then

    def articles(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield from (("article", name) for name in self.article or ())

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step: an article is checked as an article."""
        if self.prompt:
            yield "prompt", self.prompt
