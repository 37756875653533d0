"""`menu`: offers choices by key. The line's global keys (operator, repeat, back) are always there."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from ivr_engine.dialogue.keying import Conversation
from ivr_engine.dialogue.listening import Ear
from ivr_engine.dialogue.model import Language, Next, Option, Step, Target, Text, Way, said_key
from ivr_engine.dialogue.understanding import CHOICE, choice

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn

_TARGET: TypeAdapter[Way] = TypeAdapter(Target)
_PHRASES: TypeAdapter[dict[str, tuple[str, ...]]] = TypeAdapter(dict[Language, Annotated[tuple[Text, ...], Field(min_length=1)]])


def _key(key: str) -> str:
    if len(key) != 1 or key not in "0123456789*#":
        hint = "options are keys: 1 to 9, 0, * or #, but for the line's global keys"
        raise PydanticCustomError("option-key", "{key} is no key for an option", {"key": repr(key), "hint": hint})
    return key


def _option(value: object) -> object:
    match value:
        case {"phrases": phrases, **target}:
            spoken = _PHRASES.validate_python(phrases)
            return Option(_TARGET.validate_python(target), spoken)
        case _:
            return Option(_TARGET.validate_python(value))


def _apart(options: dict[str, Option]) -> dict[str, Option]:
    taken: dict[tuple[str, str], str] = {}
    for key, option in options.items():
        for language, phrases in option.phrases.items():
            for phrase in phrases:
                heard = (language, " ".join(phrase.casefold().split()))
                if heard in taken:
                    context = {"phrase": repr(phrase), "key": key, "other": taken[heard], "hint": "a phrase chooses one option"}
                    raise PydanticCustomError("phrase-twice", "{phrase} is said for {other} and again for {key}", context)
                taken[heard] = key
    return options


class Menu(Conversation, Step):
    """An option may carry phrases, by language: what callers may say for it where there is speech."""

    kind = "menu"

    options: Annotated[
        dict[Annotated[str, AfterValidator(_key)], Annotated[Option, BeforeValidator(_option)]],
        Field(min_length=1),
        AfterValidator(_apart),
    ]

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        turn.come_to_menu()
        key = await self.choose(turn, dict.fromkeys(self.options, "match"))
        return self.options[key].target if isinstance(key, str) else key

    def ear(self, turn: "Turn") -> Ear | None:
        """See Conversation: the options' phrases; None when no option has any in the caller's language."""
        language = turn.language
        phrases = {key: option.phrases[language] for key, option in self.options.items() if option.phrases.get(language)}
        if not phrases:
            return None
        bands, step = self.bands(CHOICE), turn.step
        said = tuple(phrase for several in phrases.values() for phrase in several)
        return Ear("phrases", said, lambda guesses: choice(guesses, phrases, language, bands), lambda key: said_key(step, key))

    def names(self) -> Mapping[str, Mapping[str, str]]:
        """See Step: the first phrase of each option."""
        spoken = {key: option.phrases for key, option in self.options.items() if option.phrases}
        return {key: {language: several[0] for language, several in phrases.items()} for key, phrases in spoken.items()}

    def choices(self) -> Mapping[str, Way]:
        """See Step."""
        return {key: option.target for key, option in self.options.items()}

    def phrases(self, language: str) -> Iterable[str]:
        """See Step."""
        for option in self.options.values():
            yield from option.phrases.get(language, ())

    def languages(self) -> Iterable[tuple[tuple[str, ...], str]]:
        """See Step."""
        for key, option in self.options.items():
            yield from ((("options", key, "phrases", language), language) for language in option.phrases)

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        return self.conversation_prompts()
