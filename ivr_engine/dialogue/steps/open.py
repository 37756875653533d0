"""`open`: asks why somebody calls, in their own words, and leads to the topic they mean. Keys skip it at every moment."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.keying import Confidence, taper
from ivr_engine.dialogue.listening import PROMPTS, Ear, Listener
from ivr_engine.dialogue.model import Action, Language, Model, Name, Next, Step, Taper, Target, Text, ToLine, said_key
from ivr_engine.dialogue.steps.fields import Seconds
from ivr_engine.dialogue.understanding import TOPIC, Bands, Understood, topic

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn
    from ivr_engine.hearing import Guess

_LONGEST_S = 20.0


class Topic(Model):
    """Something callers call about: where it leads, how it is read back, what they may say for it, the articles that are of it
    (those of the line it leads to are without saying so)."""

    to: Target
    name: dict[Language, Text]
    examples: dict[Language, Annotated[tuple[Text, ...], Field(min_length=1)]]
    articles: tuple[Name, ...] = ()


class Open(Step):
    """Who keys, says nothing, means none of the topics, or cannot be heard goes on to `otherwise`, the key still good there."""

    kind = "open"
    hands_keys_on: ClassVar[bool] = True

    prompt: Taper
    topics: Annotated[dict[Name, Topic], Field(min_length=1)]
    otherwise: Target
    timeout: Seconds = 5.0
    speech: Confidence | None = None

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        listener = Listener(turn, self._ear(turn))
        prompts, reproach, tries = (self.prompt[0],), "", 0
        while listener.listens and not turn.typed_ahead:
            answer = await listener.listen(prompts, ALL_KEYS, self.timeout, reproach=reproach)
            if answer is None:
                break
            if answer.value:
                turn.took("match", answer.value)
                turn.progress.choose(answer.value)
                return self.topics[answer.value].to
            if answer.command is Action.OPERATOR:
                turn.took("operator", "")
                return turn.operator
            turn.typed_ahead = answer.key
            if not answer.low:
                turn.took("noinput" if not (answer.key or answer.command) else "skipped", answer.key)
                break
            turn.took("nomatch", "")
            tries += 1
            prompts, reproach = (taper(self.prompt, tries),), listener.reproach
        return self.otherwise

    def _ear(self, turn: "Turn") -> Ear | None:
        language, step = turn.language, turn.step
        examples = {name: each.examples[language] for name, each in self.topics.items() if each.examples.get(language)}
        if not examples:
            return None
        found: dict[str, Sequence[tuple[str, float]]] = {}
        own = self.speech
        bands = Bands(own.take, own.confirm, own.margin) if own is not None else TOPIC

        async def look(guesses: "Sequence[Guess]") -> None:
            for guess in guesses:
                found[guess.text] = await self._search(turn, guess.text)

        def understand(guesses: "Sequence[Guess]") -> Understood:
            return topic(guesses, examples, language, lambda text: found.get(text, ()), bands)

        return Ear("open", (), understand, lambda name: said_key(step, name), _LONGEST_S, look)

    async def _search(self, turn: "Turn", text: str) -> Sequence[tuple[str, float]]:
        """What the articles say of these words: topics, the best score of each."""
        if turn.house.topics is None:
            return ()
        scores: dict[str, float] = {}
        for line, article, score in await turn.house.topics.search(text, turn.language):
            for name, each in self.topics.items():
                other = isinstance(each.to, ToLine) and each.to.line == line
                if other or (line == turn.line.name and article in each.articles):
                    scores[name] = max(scores.get(name, 0.0), score)
        return tuple(scores.items())

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield from (("prompt", name) for name in self.prompt)
        yield from (("", name) for name in PROMPTS)

    def phrases(self, language: str) -> Iterable[str]:
        """See Step."""
        for each in self.topics.values():
            yield from each.examples.get(language, ())

    def names(self) -> Mapping[str, Mapping[str, str]]:
        """See Step."""
        return {name: each.name for name, each in self.topics.items()}

    def languages(self) -> Iterable[tuple[tuple[str, ...], str]]:
        """See Step."""
        for name, each in self.topics.items():
            for field in ("name", "examples"):
                yield from ((("topics", name, field, language), language) for language in getattr(each, field))
