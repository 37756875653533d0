"""How keys are taken: one key that chooses, or digits that make up an entry. Shared by all steps that listen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.listening import PROMPTS, Ear, Listener
from ivr_engine.dialogue.model import Action, Model, Name, Taper, Target
from ivr_engine.dialogue.steps.fields import Seconds, Tries  # noqa: TC001 - fields of models
from ivr_engine.dialogue.turn import REPEATS
from ivr_engine.dialogue.understanding import Bands

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ivr_engine.dialogue.model import Next
    from ivr_engine.dialogue.turn import Turn


def taper(prompts: Taper, count: int) -> str:
    """The prompt for the `count`-th time, from 0: the last one ever after."""
    return prompts[min(count, len(prompts) - 1)]


class Confidence(Model):
    """Where the bands lie for one step: from `take` on a score is taken, from `confirm` on it is confirmed; see docs/lines.md."""

    take: Annotated[float, Field(ge=0, le=1, strict=False)]
    confirm: Annotated[float, Field(ge=0, le=1, strict=False)]
    margin: Annotated[float, Field(ge=0, le=1, strict=False)] = 0.1

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.confirm > self.take:
            raise ValueError("confirm lies above take: what is sure enough to be taken would be confirmed")
        return self


class Conversation(Model):
    """What steps that ask for a key have in common. Silence and wrong keys are counted apart; either at `tries` leads on."""

    prompt: Taper
    tries: Tries = 3
    timeout: Seconds = 5.0
    noinput: Taper = ("noinput", "noinput.again")
    nomatch: Taper = ("nomatch", "nomatch.again")
    help: Name | None = None
    reprompt: bool = True
    otherwise: Target | None = None
    bargein: bool = True
    speech: bool | Confidence = True

    def bands(self, usual: Bands) -> Bands:
        """The step's own bands, else those usual for its kind."""
        own = self.speech
        return Bands(own.take, own.confirm, own.margin) if isinstance(own, Confidence) else usual

    def ear(self, turn: Turn) -> Ear | None:  # noqa: ARG002 - kinds that listen need it
        """What may be said here in the caller's language; None where only keys are taken."""
        return None

    def listener(self, turn: Turn) -> Listener:
        """Who listens, for this visit."""
        return Listener(turn, self.ear(turn) if self.speech is not False and turn.listens else None)

    def spoken(self, failures: int) -> tuple[str, ...]:
        """What is said before it listens, after so many failures of either kind."""
        return (taper(self.prompt, failures),)

    def conversation_prompts(self) -> Iterable[tuple[str, str]]:
        """For Step.prompts."""
        for field in ("prompt", "noinput", "nomatch"):
            written = field in self.model_fields_set
            yield from ((field if written else "", name) for name in getattr(self, field))
        if self.help:
            yield "help", self.help
        if self.speech is not False:
            yield from (("", name) for name in PROMPTS)

    async def choose(self, turn: Turn, wanted: Mapping[str, str]) -> str | Next:
        """One of the `wanted` keys (each with what the journal calls it), or where the call goes without one."""
        limits = {"noinput": self.tries, "nomatch": self.tries, Action.REPEAT: REPEATS + 1, Action.HELP: REPEATS + 1}
        seen: Counter[str] = Counter()
        listener = self.listener(turn)
        prompts, reproach = self.spoken(0), ""
        operator = {key for key, action in turn.line.keys.items() if action is Action.OPERATOR}
        key = turn.take_typed_ahead({*wanted, *operator})
        while True:
            command, low = None, False
            if not key:
                answer = await listener.ask(prompts, ALL_KEYS if self.bargein else "", self.timeout, reproach=reproach)
                key, command, low = answer.key or answer.value, answer.command, answer.low
            result = command or wanted.get(key) or turn.line.keys.get(key) or ("nomatch" if key or low else "noinput")
            if command is not None:
                key = next((each for each, action in turn.line.keys.items() if action is command), "")
            turn.took(result, key)
            if key in wanted:
                turn.progress.choose(key)
                return key
            if result is Action.OPERATOR:
                turn.progress.choose(key)
                return turn.operator
            if result is Action.BACK:
                way = turn.back()
                if way is not None:
                    turn.progress.choose(key)
                    return way
                result = Action.REPEAT
            seen[result] += 1
            if seen[result] >= limits[result]:
                return self.otherwise or turn.operator
            key, reproach, prompts = "", "", self.spoken(0)
            if result in {"noinput", "nomatch"}:
                reproach = listener.reproach if low else taper(getattr(self, result), seen[result] - 1)
                prompts = self.spoken(seen["noinput"] + seen["nomatch"]) if self.reprompt else ()
            elif result is Action.HELP and self.help:
                reproach = self.help


class Entry(NamedTuple):
    """What was keyed, and how it ended: entered, noinput, dropped (`*`), empty (the terminator alone); or said (`digits` is the
    value then), low (nothing understood), command (one of the words every step knows)."""

    how: str
    digits: str = ""
    command: Action | None = None

    @property
    def shape(self) -> str:
        """All that the journal may hold of it."""
        if self.how == "said":
            return "spoken"
        return f"{len(self.digits)} digit{'' if len(self.digits) == 1 else 's'}"


class Pace(NamedTuple):
    """Rules of an entry: seconds until the first digit and between two, the terminating key ("" for none), barge-in."""

    first: float
    between: float
    end: str = "#"
    bargein: bool = True


async def take_digits(
    turn: Turn, prompts: Sequence[str], longest: int, pace: Pace, *, reproach: str = "", listener: Listener | None = None
) -> Entry:
    """Speak, then take digits until there are `longest`, the terminator comes, or nothing more does. `*` drops them.

    `reproach`: see Turn.ask_key. With a `listener` the value may be said instead.
    """
    key = turn.take_typed_ahead("0123456789")
    if not key:
        ask = (listener or Listener(turn, None)).ask
        answer = await ask(prompts, ALL_KEYS if pace.bargein else "", pace.first, reproach=reproach)
        key = answer.key
        if answer.command is not None:
            return Entry("command", command=answer.command)
        if answer.value or answer.low:
            return Entry("said" if answer.value else "low", answer.value)
    if not key:
        return Entry("noinput")
    digits = ""
    while key.isdigit() or (key == "#" != pace.end):
        digits += key if key.isdigit() else ""
        if len(digits) == longest:
            turn.expect_hash()
            return Entry("entered", digits)
        key = await turn.key(pace.between)
    if key == "*":
        return Entry("dropped", digits)
    if not digits:
        return Entry("empty" if pace.end else "noinput")
    return Entry("entered", digits)
