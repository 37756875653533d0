"""Plays whole calls of a line for its author: `play_line(line, "1 2 00187#")`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

from ivr_engine.dialogue.diversion import Limits
from ivr_engine.dialogue.files import PART
from ivr_engine.dialogue.loader import load_line
from ivr_engine.dialogue.runner import Caller, House, Progress, Runner
from ivr_engine.dialogue.services import Outlook, Sound
from ivr_engine.dialogue.validators import VALIDATORS
from ivr_engine.errors import CallerHungUp, CallLost, FunctionFailed
from ivr_engine.events import Cause, PromptHeard, StepEntered
from ivr_engine.speech.catalogue import Catalogue
from ivr_engine.testing.clock import MONDAY_MORNING, ManualClock
from ivr_engine.testing.fake_call import FakeCall

if TYPE_CHECKING:
    from collections.abc import Container, Coroutine, Iterable, Mapping, Sequence
    from datetime import date

    from ivr_engine.calls import Why
    from ivr_engine.clock import Clock
    from ivr_engine.dialogue.call import QueueResult, TransferResult
    from ivr_engine.dialogue.model import Line
    from ivr_engine.dialogue.services import Hours, Prompts
    from ivr_engine.events import Event
    from ivr_engine.hookspecs import Function, Request, Result, Validator

E = TypeVar("E")

CONTACT = "REHEARSAL"
CALLER = Caller("mobile", "+393331234567")
"""Who calls unless the test says otherwise."""
NEXT = Outlook(position=1, free=True)
"""An operator is free."""


@dataclass(frozen=True, slots=True)
class Played:
    """A call that was played: its `story` to read, the journal's `events`, what ended it, what the operator would see."""

    story: tuple[str, ...]
    events: tuple[Event, ...]
    cause: Cause
    progress: Progress
    call: FakeCall

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def heard(self) -> list[str]:
        """Keys of the prompts heard, in order."""
        return [event.prompt for event in self.of(PromptHeard)]

    @property
    def steps(self) -> list[str]:
        """Names of the steps entered, in order."""
        return [event.step for event in self.of(StepEntered)]


class DirectFunctions:
    """Functions of plugins, called on the spot; what they raise becomes FunctionFailed, as in the engine."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    async def call(self, line: str, function: str, request: Request) -> Result:  # noqa: ARG002 - as Functions has it
        """See dialogue.services.Functions."""
        try:
            return self._functions[function](request)
        except FunctionFailed:
            raise
        except Exception as error:
            raise FunctionFailed("failed", type(error).__name__) from error


class AlwaysOpen:
    """Hours that never end, or never begin."""

    def __init__(self, *, is_open: bool = True) -> None:
        self._is_open = is_open

    def is_open(self, line: str, at: float) -> bool:  # noqa: ARG002 - as Hours has it
        """See dialogue.services.Hours."""
        return self._is_open


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else the house knows, as the test wants it: the queue's outlook, an open case, front messages, lines that are off."""

    queue: Outlook | None = NEXT
    open_case: bool = False
    front: Sequence[str] = ()
    off: Container[str] = ()

    async def outlook(self, queue: str) -> Outlook | None:  # noqa: ARG002 - as Queues has it
        """See dialogue.services.Queues."""
        return self.queue

    async def has_open_case(self, number: str) -> bool:
        """See dialogue.services.Callers."""
        return self.open_case and bool(number)

    def messages(self, line: str, at: float) -> Sequence[str]:  # noqa: ARG002 - as Notices has it
        """See dialogue.services.Notices."""
        return self.front

    def is_off(self, line: str) -> bool:
        """See dialogue.services.Notices."""
        return line in self.off


class _Narrated:
    """Prompts whose words go into the story, with their lengths known to the caller."""

    def __init__(self, lines: Mapping[str, Line], story: list[str]) -> None:
        self._lines, self._story = lines, story
        self._catalogues: dict[str, Catalogue] = {}
        self._lengths: dict[str, int] = {}

    def utterance(self, line: str, key: str, language: str, values: Mapping[str, date | int | str]) -> tuple[Sound, ...]:
        if line not in self._catalogues:  # of the lines the call comes to only: thousands of calls are rehearsed
            self._catalogues[line] = Catalogue({line: self._lines[line].texts()})
        catalogue = self._catalogues[line]
        sounds = tuple(Sound(*sound) for sound in catalogue.utterance(line, key, language, values))
        self._lengths.update(sounds)
        texts = catalogue.sounds(language)
        self._story.append(f"{key}: " + " ".join(texts[sound.file.partition("/")[2]] for sound in sounds))
        return sounds

    def length(self, file: str) -> int:
        return self._lengths[file]


def house_of(prompts: Prompts, clock: Clock, around: Surroundings | None = None) -> House:
    """A house with these prompts and this clock; everything else is quiet and always open."""
    around = around or Surroundings()
    return House(
        prompts=prompts,
        functions=DirectFunctions({}),
        hours=AlwaysOpen(),
        queues=around,
        callers=around,
        notices=around,
        validators=VALIDATORS,
        clock=clock,
    )


class _Script:
    """A journal that lets the caller hang up right after a step was entered."""

    def __init__(self, call: FakeCall, hang_up_after: str) -> None:
        self.events: list[Event] = []
        self._call, self._hang_up_after = call, hang_up_after

    def record(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, StepEntered) and event.step == self._hang_up_after:
            self._call.hang_up()


class CallerOptions(TypedDict, total=False):
    """What FakeCall takes besides keys, clock and lengths."""

    missing: Container[str]
    queue: Sequence[QueueResult]
    patience_s: int | None
    ends_talk: bool
    transfer: TransferResult
    hang_up_in: str
    lost_in: str
    deaf: Why


def run(coroutine: Coroutine[Any, Any, E]) -> E:
    """The result of a coroutine that awaits fakes only. Raises RuntimeError when it waits for something real."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: E = done.value
        return result
    coroutine.close()
    raise RuntimeError("the call waits for something that no fake gives")


def play_line(
    line: Line | Path,
    keys: str = "",
    *,
    others: Iterable[Line] = (),
    functions: Mapping[str, Function] | None = None,
    validators: Mapping[str, Validator] | None = None,
    at: float = MONDAY_MORNING,
    operators_there: bool = True,
    hours: Hours | None = None,
    hang_up_after: str = "",
    from_: Caller = CALLER,
    open_case: bool = False,
    outlook: Outlook | None = NEXT,
    messages: Sequence[str] = (),
    off: Container[str] = (),
    transfers: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    **caller: Unpack[CallerOptions],
) -> Played:
    """Play a whole call against a line (or its folder), with the `caller` that FakeCall describes.

    `others` are lines it leads to; `functions` what the plugin brings; `validators` come beside the engine's own; `at` is when
    (seconds since 1970 UTC); `from_` who calls; the caller hangs up when step `hang_up_after` is entered. `open_case`, `outlook`,
    `messages`, `off` and `transfers` are what the house around the call would know. Raises Invalid when the folder is
    wrong, and whatever the engine would leave to the dialplan.
    """
    main = load_line(line, line.name, parts_beside(line)) if isinstance(line, Path) else line
    lines = {each.name: each for each in (main, *others)}
    clock, story = ManualClock(at), list[str]()
    prompts = _Narrated(lines, story)
    call = FakeCall(keys, clock=clock, length=prompts.length, **caller)
    call.story = story
    script = _Script(call, hang_up_after)
    around = Surroundings(outlook, open_case, messages, off)
    house = replace(
        house_of(prompts, clock, around),
        functions=DirectFunctions(functions or {}),
        hours=hours or AlwaysOpen(is_open=operators_there),
        validators={**VALIDATORS, **(validators or {})},
        transfers=transfers or {},
        limits=limits or Limits(),
    )
    runner = Runner(call=call, contact=CONTACT, journal=script, line=main, lines=lines, house=house, caller=from_)
    cause = _ending(runner)
    return Played(tuple(story), tuple(script.events), cause, runner.progress, call)


def parts_beside(folder: Path) -> dict[str, Path]:
    """The shared parts that lie beside a line's folder, by name."""
    return {file.parent.name: file.parent for file in sorted(folder.parent.glob(f"*/{PART}"))}


def _ending(runner: Runner) -> Cause:
    try:
        return run(runner.run())
    except CallLost:
        return Cause.EXCHANGE_LOST
    except CallerHungUp:
        return Cause.CALLER
