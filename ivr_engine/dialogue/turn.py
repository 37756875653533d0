"""What a step works with: the caller's ear and keypad, the house around the call, and the journal of both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.calls import Heard, Listening
from ivr_engine.dialogue.diversion import Budget, Diversion, Limits, Reason
from ivr_engine.dialogue.model import ToLine, ToStep
from ivr_engine.errors import CallerHungUp
from ivr_engine.events import Diverted, InputTaken, PrivateNoted, PromptHeard, PromptMissing

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from datetime import date

    from ivr_engine.calls import Reply
    from ivr_engine.clock import Clock
    from ivr_engine.dialogue.call import Call
    from ivr_engine.dialogue.model import Line, Next, Way
    from ivr_engine.dialogue.progress import Progress
    from ivr_engine.dialogue.services import (
        Callers,
        Functions,
        Hours,
        Journal,
        Notices,
        Prompts,
        Queues,
        Topics,
        Utterances,
    )
    from ivr_engine.events import Event
    from ivr_engine.hearing import Expectation
    from ivr_engine.hookspecs import Mask, Validator
    from ivr_engine.sounds import Sound

REPEATS = 5
"""How often one visit to a step may be repeated at the caller's wish (`*`) before it leads on."""

_DEEPEST = 5  # parts within parts


@dataclass(frozen=True, slots=True)
class House:
    """What all calls share: where prompts, functions, hours and so on come from, the clock, the limits of a call.

    `transfers`: the numbers that callers may be put through to, by the name that trees use. `engines`: what callers are heard
    with, by language. `topics` and `utterances` are None where there are no articles to search, and nothing may be kept.
    """

    prompts: Prompts
    functions: Functions
    hours: Hours
    queues: Queues
    callers: Callers
    notices: Notices
    validators: Mapping[str, Validator]
    clock: Clock
    transfers: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    engines: Mapping[str, str] = field(default_factory=dict)
    topics: Topics | None = None
    utterances: Utterances | None = None


class Caller(NamedTuple):
    """Who calls: the kind of telephone (records.citizens.CallerKind) and the number in E.164 form, "" when withheld."""

    kind: str = "anonymous"
    number: str = ""


NOBODY_KNOWN = Caller()
"""A caller who withholds the number."""


class Visit(NamedTuple):
    """A menu the caller came to, with the return addresses of then."""

    line: str
    step: str
    returns: tuple[Way, ...]


class Spoken(NamedTuple):
    """How a prompt went: the key that cut in ("" if none), whether all of it was there to be heard."""

    key: str
    complete: bool


class Turn:
    """One call's conversation; `line` and `step` are where it stands. Steps get it from the runner."""

    __slots__ = (
        "_corrections",
        "_hash_expected",
        "_journal",
        "_speaking_freely",
        "_trail",
        "budget",
        "call",
        "caller",
        "contact",
        "hinted",
        "house",
        "language",
        "line",
        "progress",
        "returns",
        "step",
        "talked",
        "typed_ahead",
        "values",
    )

    def __init__(
        self, call: Call, contact: str, caller: Caller, journal: Journal, house: House, line: Line, progress: Progress
    ) -> None:
        self.call, self.contact, self.caller, self._journal, self.house = call, contact, caller, journal, house
        self.line, self.step, self.progress = line, "", progress
        self.language = line.languages[0]
        self.budget = Budget(house.limits, house.clock)
        self.values: dict[str, date | int | str] = {}
        """What slots of prompts are filled from: inputs, and values of functions."""
        self.typed_ahead = ""
        """The digit that cut a `say` short: it is meant for the menu or the ask that follows."""
        self.hinted = False
        """Whether the caller has been told that they may speak."""
        self.talked = False
        """Whether the caller's last queue was answered."""
        self.returns: tuple[Way, ...] = ()
        """Where the parts the call is in come back to, the innermost last."""
        self._trail: list[Visit] = []
        self._corrections: Counter[tuple[str, str]] = Counter()
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

    @property
    def listens(self) -> bool:
        """Whether callers of this line may say it, here and now."""
        return self.call.listens and self.line.speech

    async def speak(self, language: str) -> None:
        """From now on in that language. Raises CallerHungUp, CallLost."""
        if language != self.language:
            self.language = language
            await self.call.set_language(language)

    def come_to_menu(self) -> None:
        """This step is where `back` leads from further on; whoever comes here again is back where they were."""
        here = Visit(self.line.name, self.step, self.returns)
        known = [visit[:2] for visit in self._trail]
        if here[:2] in known:
            del self._trail[known.index(here[:2]) :]
        self._trail.append(here)

    def back(self) -> Next | None:
        """The menu before this step; None when there is none."""
        if self._trail and self._trail[-1][:2] == (self.line.name, self.step):
            if len(self._trail) == 1:
                return None
            self._trail.pop()
        if not self._trail:
            return None
        menu = self._trail[-1]
        self.returns = menu.returns
        return ToStep(menu.step) if menu.line == self.line.name else ToLine(menu.line, menu.step)

    def include(self, then: Way) -> None:
        """A part begins; its `return` leads to `then`."""
        self.returns = (*self.returns, then)[-_DEEPEST:]

    def come_back(self) -> Way:
        """A part is over. The operator when nothing says where to go on: the caller went back into the middle of a part."""
        *rest, way = self.returns or (self.operator,)
        self.returns = tuple(rest)
        return way

    def count_correction(self) -> int:
        """How often the caller has corrected this step in this call, now included."""
        self._corrections[self.line.name, self.step] += 1
        return self._corrections[self.line.name, self.step]

    async def say(self, prompt: str, keys: str = "", *, counts: bool = False) -> Spoken:
        """Speak a prompt; a key in `keys` cuts in; `counts` marks an answer. What was heard is journaled, hang-up or not.

        A sound that is not there is journaled and passed over. Raises CallerHungUp, CallLost, Diversion.
        """
        if not self._speaking_freely:
            self.budget.check_time()
        sounds = self._sounds(prompt)
        if not sounds:
            return Spoken("", complete=False)
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
        return Spoken(key, complete=not missing)

    def _sounds(self, prompt: str) -> tuple[Sound, ...]:
        """A prompt's sounds; none, and journaled so, when it cannot be said."""
        try:
            return self.house.prompts.utterance(self.line.name, prompt, self.language, self.values)
        except LookupError:
            self.record(PromptMissing(self.contact, self.now(), self.step, prompt, ""))
            return ()

    def _heard(self, prompt: str, length_ms: int, heard_ms: int, *, counts: bool) -> None:
        self.record(PromptHeard(self.contact, self.now(), self.step, prompt, length_ms, heard_ms, counts))

    async def key(self, timeout_s: float) -> str:
        """Wait for a key; "" when none came in `timeout_s` seconds. Raises CallerHungUp, CallLost."""
        key = await self.call.key(timeout_s)
        if key == "#" and self._hash_expected:
            key = await self.call.key(timeout_s)
        self._hash_expected = self._hash_expected and not key
        return key

    async def ask_key(self, prompts: Sequence[str], keys: str, timeout_s: float, *, reproach: str = "") -> str:
        """Speak, then wait for a key; one in `keys` cuts in. "" when none came.

        A `reproach` is said before, and passed over when it is missing and more is said. Raises CallerHungUp, CallLost,
        Diversion: nobody can answer what they did not hear whole.
        """
        asked = prompts or (reproach,)
        for prompt in (reproach, *asked) if reproach and prompts else asked:
            spoken = await self.say(prompt, keys)
            if spoken.key:
                return spoken.key
            if not spoken.complete and prompt in asked:
                raise Diversion(Reason.PROMPT_MISSING)
        return await self.key(timeout_s)

    def listening(self, expectation: Expectation, timeout_s: float, longest_s: float) -> Listening:
        """How to listen here."""
        step = self.line.tree.steps.get(self.step)
        keep = self.line.keep_utterances and self.house.utterances is not None
        return Listening(expectation, timeout_s, getattr(step, "bargein", True), longest_s, keep)

    async def converse(self, prompts: Sequence[str], keys: str, listening: Listening, reproach: str) -> Reply:
        """Speak prompts (a `reproach` first, see ask_key) and listen for keys and speech at once. What was heard is journaled.

        Raises CallerHungUp, CallLost, Diversion.
        """
        if not self._speaking_freely:
            self.budget.check_time()
        spoken = [(prompt, self._sounds(prompt)) for prompt in ((reproach, *prompts) if reproach else prompts)]
        if self._hash_expected:
            keys = keys.replace("#", "")
        files = [sound.file for _, sounds in spoken for sound in sounds]
        try:
            reply = await self.call.converse(files, keys, listening)
        except CallerHungUp as gone:
            self._conversed(spoken, _spread(spoken, gone.heard_ms))
            raise
        complete = self._conversed(spoken, reply.heard)
        must = prompts or (reproach,)
        if reply.how != "failed" and not reply.key and not reply.guesses and not complete.issuperset(must):
            raise Diversion(Reason.PROMPT_MISSING)
        if reply.key == "#" and self._hash_expected:
            key = await self.key(listening.timeout_s)
            reply = reply._replace(how="key" if key else "silence", key=key)
        self._hash_expected = self._hash_expected and reply.how == "silence"
        return reply

    def _conversed(self, spoken: Sequence[tuple[str, Sequence[Sound]]], heard: Sequence[Heard]) -> set[str]:
        """Journal what was heard of each prompt; the prompts of which nothing is missing."""
        place, complete = 0, set()
        for prompt, sounds in spoken:
            parts = heard[place : place + len(sounds)]
            place += len(sounds)
            lacking = [sound.file for sound, part in zip(sounds, parts, strict=False) if not part.found]
            for file in lacking:
                self.record(PromptMissing(self.contact, self.now(), self.step, prompt, file))
            if sounds and not lacking:
                complete.add(prompt)
            if len(lacking) < len(parts):
                self._heard(prompt, sum(sound.ms for sound in sounds), sum(part.ms for part in parts), counts=False)
        return complete

    def heard_saying(self, text: str) -> None:
        """What the caller said, for the operator; the journal never holds it."""
        self.progress.said.append(text)
        self.record(PrivateNoted(self.contact, self.now(), f"said.{self.step}", text))

    def keep_utterance(self, audio: bytes) -> None:
        """What the caller said, as sound, where the line keeps it."""
        if audio and self.house.utterances is not None:
            self.house.utterances.keep(self.contact, self.step, audio)

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

    def keep_input(self, name: str, value: str, mask: Mask) -> None:
        """A validated input: for prompts, functions and the operator; the journal never holds it."""
        self.progress.keep(name, value, mask)
        self.values[name] = value
        self.record(PrivateNoted(self.contact, self.now(), f"input.{name}", value))


def _spread(spoken: Sequence[tuple[str, Sequence[Sound]]], heard_ms: int) -> list[Heard]:
    """Milliseconds heard of several sounds in a row, as each sound's own."""
    heard = []
    for sound in (sound for _, sounds in spoken for sound in sounds):
        if heard_ms <= 0:
            break
        heard.append(Heard("", min(heard_ms, sound.ms)))
        heard_ms -= sound.ms
    return heard
