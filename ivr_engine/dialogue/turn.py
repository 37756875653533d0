"""What a step works with: the caller's ear and keypad, the house around the call, and the journal of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.dialogue.diversion import Budget, Diversion, Limits, Reason
from ivr_engine.dialogue.model import ToStep
from ivr_engine.errors import CallerHungUp
from ivr_engine.events import Diverted, InputTaken, PrivateNoted, PromptHeard, PromptMissing

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from datetime import date

    from ivr_engine.clock import Clock
    from ivr_engine.dialogue.call import Call
    from ivr_engine.dialogue.model import Line
    from ivr_engine.dialogue.progress import Progress
    from ivr_engine.dialogue.services import Functions, Hours, Journal, Prompts
    from ivr_engine.events import Event
    from ivr_engine.hookspecs import Validator

REPEATS = 5
"""How often one visit to a step may be repeated at the caller's wish (`*`) before it leads on."""


@dataclass(frozen=True, slots=True)
class House:
    """What all calls share: where prompts, functions, hours and validators come from, the clock, the limits of a call."""

    prompts: Prompts
    functions: Functions
    hours: Hours
    validators: Mapping[str, Validator]
    clock: Clock
    limits: Limits = field(default_factory=Limits)


class Spoken(NamedTuple):
    """How a prompt went: the key that cut in ("" if none), whether any of it was there to be heard, whether all of it was."""

    key: str
    heard: bool
    complete: bool


class Turn:
    """One call's conversation; `line` and `step` are where it stands. Steps get it from the runner."""

    __slots__ = (
        "_hash_expected",
        "_journal",
        "_speaking_freely",
        "budget",
        "call",
        "contact",
        "house",
        "language",
        "line",
        "progress",
        "step",
        "talked",
        "typed_ahead",
        "values",
    )

    def __init__(self, call: Call, contact: str, journal: Journal, house: House, line: Line, progress: Progress) -> None:
        self.call, self.contact, self._journal, self.house = call, contact, journal, house
        self.line, self.step, self.progress = line, "", progress
        self.language = line.languages[0]
        self.budget = Budget(house.limits, house.clock)
        self.values: dict[str, date | int | str] = {}
        """What slots of prompts are filled from: inputs, and values of functions."""
        self.typed_ahead = ""
        """The digit that cut a `say` short: it is meant for the menu or the ask that follows."""
        self.talked = False
        """Whether the caller's last queue was answered."""
        self._hash_expected = False
        self._speaking_freely = False

    @property
    def operator(self) -> ToStep:
        """The line's operator step."""
        return ToStep(self.line.tree.operator)

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self.house.clock.now()

    def record(self, event: Event) -> None:
        """Put a fact into the journal."""
        self._journal.record(event)

    def enter(self, step: str, *, in_self_service: bool) -> None:
        """The call comes to a step. Raises Diversion or Exhausted when a limit is met."""
        self.step = step
        self.progress.enter(self.line.name, step)
        self._speaking_freely = not in_self_service
        self.budget.spend_step()
        if in_self_service:
            self.budget.check_time()
        else:
            self.budget.reach_operators()

    def divert(self, reason: Reason) -> ToStep:
        """The engine itself sends the caller to an operator."""
        self.record(Diverted(self.contact, self.now(), self.step, reason))
        return self.operator

    async def say(self, prompt: str, keys: str = "", *, counts: bool = False) -> Spoken:
        """Speak a prompt; a key in `keys` cuts in; `counts` marks an answer. What was heard is journaled, hang-up or not.

        A sound that is not there is journaled and passed over. Raises CallerHungUp, CallLost, Diversion.
        """
        if not self._speaking_freely:
            self.budget.check_time()
        try:
            sounds = self.house.prompts.utterance(self.line.name, prompt, self.language, self.values)
        except LookupError:
            self.record(PromptMissing(self.contact, self.now(), self.step, prompt, ""))
            return Spoken("", heard=False, complete=False)
        if self._hash_expected:
            keys = keys.replace("#", "")
        length, heard, missing, key = sum(sound.ms for sound in sounds), 0, 0, ""
        try:
            for sound in sounds:
                result = await self.call.play(sound.file, keys)
                if not result.found:
                    missing += 1
                    self.record(PromptMissing(self.contact, self.now(), self.step, prompt, sound.file))
                    continue
                heard += result.ms
                if key := result.key:
                    break
        except CallerHungUp as gone:
            self._heard(prompt, length, heard + gone.heard_ms, counts=counts and not missing)
            raise
        if missing < len(sounds):
            # An answer with a gap in it (a date that was not said) has not answered anything.
            self._heard(prompt, length, heard, counts=counts and not missing)
        self._hash_expected = self._hash_expected and not key
        return Spoken(key, heard=missing < len(sounds), complete=not missing)

    def _heard(self, prompt: str, length_ms: int, heard_ms: int, *, counts: bool) -> None:
        self.record(PromptHeard(self.contact, self.now(), self.step, prompt, length_ms, heard_ms, counts))

    async def key(self, timeout_s: float) -> str:
        """Wait for a key; "" when none came in `timeout_s` seconds. Raises CallerHungUp, CallLost."""
        key = await self.call.key(timeout_s)
        if key == "#" and self._hash_expected:
            key = await self.call.key(timeout_s)
        self._hash_expected = self._hash_expected and not key
        return key

    async def ask_key(self, prompts: Iterable[str], keys: str, timeout_s: float) -> str:
        """Speak prompts, of which the last must be heard, then wait for a key; one in `keys` cuts in. "" when none came."""
        heard = False
        for prompt in prompts:
            spoken = await self.say(prompt, keys)
            if spoken.key:
                return spoken.key
            heard = spoken.heard
        if not heard:
            raise Diversion(Reason.PROMPT_MISSING)
        return await self.key(timeout_s)

    def expect_hash(self) -> None:
        """An entry ended by itself: a `#` that many callers key all the same belongs to it and means nothing more."""
        self._hash_expected = True

    def take_typed_ahead(self, wanted: Container[str]) -> str:
        """The digit keyed during a `say` before, if it is one that is wanted here; it is used up either way."""
        key, self.typed_ahead = self.typed_ahead, ""
        return key if key and key in wanted else ""

    def took(self, result: str, value: str) -> None:
        """Journal what the caller did; see events.InputTaken."""
        self.record(InputTaken(self.contact, self.now(), self.step, result, value))

    def keep_input(self, name: str, value: str) -> None:
        """A validated input: for prompts, functions and the operator; the journal never holds it."""
        self.progress.inputs[name] = value
        self.values[name] = value
        self.record(PrivateNoted(self.contact, self.now(), f"input.{name}", value))
