"""`ask`: takes digits and has them checked by a validator. Digits are data here, `0` too."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.clock import rome_date
from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.model import Name, Next, Step, Target
from ivr_engine.dialogue.steps.fields import Seconds, Tries
from ivr_engine.dialogue.turn import REPEATS
from ivr_engine.hookspecs import Refused

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn
    from ivr_engine.hookspecs import Validator

AGAIN = "ask.again"
"""Heard after `*`: 1 again, 0 operator."""


class Entry(NamedTuple):
    """What was keyed, and how it ended: entered, noinput, dropped (`*`), empty (`#` alone)."""

    how: str
    digits: str = ""

    @property
    def shape(self) -> str:
        """All that the journal may hold of it."""
        return f"{len(self.digits)} digit{'' if len(self.digits) == 1 else 's'}"


class Ask(Step):
    """`#`, a pause of `between` seconds or the validator's full length end the entry.

    `*` drops it; `#` alone, or `tries` silences or refusals (counted apart), lead to `otherwise`.
    """

    kind = "ask"

    prompt: Name
    input: Name
    into: Name | None = None
    then: Target
    tries: Tries = 3
    timeout: Seconds = 5.0
    between: Seconds = 4.0
    noinput: Name = "noinput"
    nomatch: Name = "ask.invalid"
    otherwise: Target | None = None
    bargein: bool = True

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        validator = turn.house.validators[self.input]
        leave = self.otherwise or turn.operator
        seen: Counter[str] = Counter()
        prompts: tuple[str, ...] = (self.prompt,)
        while True:
            entry = await self._entry(turn, prompts, validator.lengths[1])
            prompts = (self.prompt,)
            match entry.how:
                case "empty":
                    turn.took("empty", "")
                    return leave
                case "dropped":
                    turn.took("dropped", entry.shape)
                    if await self._wants_operator(turn):
                        return turn.operator
                    failure, limit = "dropped", REPEATS + 1
                case "noinput":
                    turn.took("noinput", "")
                    failure, limit, prompts = "noinput", self.tries, (self.noinput, self.prompt)
                case _:
                    refusal = self._accept(turn, validator, entry)
                    if refusal is None:
                        return self.then
                    failure, limit, prompts = "nomatch", self.tries, (refusal, self.prompt)
            seen[failure] += 1
            if seen[failure] >= limit:
                return leave

    async def _entry(self, turn: "Turn", prompts: Iterable[str], longest: int) -> Entry:
        key = turn.take_typed_ahead("0123456789")
        key = key or await turn.ask_key(prompts, ALL_KEYS if self.bargein else "", self.timeout)
        if not key:
            return Entry("noinput")
        digits = ""
        while key.isdigit():
            digits += key
            if len(digits) == longest:
                turn.expect_hash()
                return Entry("entered", digits)
            key = await turn.key(self.between)
        if key == "*":
            return Entry("dropped", digits)
        return Entry("entered", digits) if digits else Entry("empty")

    def _accept(self, turn: "Turn", validator: "Validator", entry: Entry) -> str | None:
        """Keep a valid entry; otherwise the prompt that says what is wrong with it."""
        try:
            if len(entry.digits) < validator.lengths[0]:
                raise Refused
            value = validator(entry.digits, rome_date(turn.now()))
        except Refused as refused:
            turn.took("nomatch", entry.shape)
            return refused.prompt or self.nomatch
        turn.took("match", entry.shape)
        turn.keep_input(self.into or turn.step, value)
        return None

    async def _wants_operator(self, turn: "Turn") -> bool:
        key = await turn.ask_key((AGAIN,), ALL_KEYS, self.timeout)
        if key == "0":
            turn.took("operator", key)
            turn.progress.choose(key)
        elif key:
            turn.took("repeat", key)
        return key == "0"

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield from (("prompt", self.prompt), ("noinput", self.noinput), ("nomatch", self.nomatch), ("", AGAIN))
