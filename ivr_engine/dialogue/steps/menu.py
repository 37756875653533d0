"""`menu`: offers choices by key. `0` is the operator and `*` repeats, always."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.model import Name, Next, Step, Target
from ivr_engine.dialogue.steps.fields import Seconds, Tries
from ivr_engine.dialogue.turn import REPEATS

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


def _option(key: str) -> str:
    if key in {"0", "*"}:
        hint = "0 is the operator, * repeats"
        raise PydanticCustomError("reserved-key", "{key} is always there and cannot be an option", {"key": key, "hint": hint})
    if len(key) != 1 or key not in "123456789":
        hint = "options are the keys 1 to 9"
        raise PydanticCustomError("option-key", "{key} is no key for an option", {"key": repr(key), "hint": hint})
    return key


class Menu(Step):
    """Silence and wrong keys are counted apart, each with its own prompt; either count at `tries` leads to `otherwise`."""

    kind = "menu"

    prompt: Name
    options: Annotated[dict[Annotated[str, AfterValidator(_option)], Target], Field(min_length=1)]
    tries: Tries = 3
    timeout: Seconds = 5.0
    noinput: Name = "noinput"
    nomatch: Name = "nomatch"
    otherwise: Target | None = None
    bargein: bool = True

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        limits = {"noinput": self.tries, "nomatch": self.tries, "repeat": REPEATS + 1}
        again = {"noinput": (self.noinput, self.prompt), "nomatch": (self.nomatch, self.prompt), "repeat": (self.prompt,)}
        seen: Counter[str] = Counter()
        prompts: tuple[str, ...] = (self.prompt,)
        key = turn.take_typed_ahead({*self.options, "0"})
        while True:
            key = key or await turn.ask_key(prompts, ALL_KEYS if self.bargein else "", self.timeout)
            result = self._result(key)
            turn.took(result, key)
            if result in {"match", "operator"}:
                turn.progress.choose(key)
                return self.options.get(key, turn.operator)
            seen[result] += 1
            if seen[result] >= limits[result]:
                return self.otherwise or turn.operator
            prompts, key = again[result], ""

    def _result(self, key: str) -> str:
        if key in self.options:
            return "match"
        return {"": "noinput", "0": "operator", "*": "repeat"}.get(key, "nomatch")

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield from (("prompt", self.prompt), ("noinput", self.noinput), ("nomatch", self.nomatch))
