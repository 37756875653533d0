"""The plugin API, whole: what a line may bring beside its data files.

A line is a folder with `line.yaml` (its tree), `prompts.yaml` (what is heard) and `articles.yaml` (its answers). Python is
needed only for what data cannot say: functions for `do` steps and validators for `ask` steps. Hooks are called once, at
start; what they return is called during calls, in threads, with a time limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - plugin authors may ask for these hints at run time
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import pluggy

from ivr_engine.hearing import Guess, Kind  # noqa: TC001 - plugin authors may ask for these hints at run time

PROJECT = "ivr_engine"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Request:
    """What a function of a line is told: the line, the validated inputs by name, the day of the call in Rome, the language,
    the caller's kind of telephone (mobile, landline, foreign, anonymous, other), and the facts known so far."""

    line: str
    inputs: Mapping[str, str]
    today: date
    language: str = "it"
    caller_kind: str = "anonymous"
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What a function answers.

    `label` picks the next step. `values` can be spoken by prompts: a `date`, an `int`, a `str` of digits, or a prompt key.
    `facts` go to the operator's screen-pop and to the case, by name.
    """

    label: str
    values: Mapping[str, date | int | str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


Function: TypeAlias = Callable[[Request], Result]

Mask: TypeAlias = Literal["none", "last4", "all"]
"""How a value is shown to those who need not know it all: whole, its last four characters, not at all."""


class Refused(ValueError):
    """Raised by a validator: `prompt` is the key of what the caller should hear ("" = the general "not valid")."""

    def __init__(self, prompt: str = "") -> None:
        self.prompt = prompt
        super().__init__(prompt)


class Ambiguous(ValueError):
    """Raised by a validator: the digits may mean several values. `choices`: each value with the prompt that names it (2 to 9)."""

    def __init__(self, choices: Mapping[str, str]) -> None:
        self.choices = choices
        super().__init__(", ".join(choices))


class Validator(Protocol):
    """Checks what was keyed at an `ask` step."""

    lengths: tuple[int, int]
    """Fewest and most digits; when both are equal the entry ends by itself, without `#`."""

    mask: Mask
    """How the value is shown on the operator's screen and in `ivr watch`."""

    def __call__(self, digits: str, today: date) -> str:
        """Return the value in its normal form (dates as YYYY-MM-DD). Raises Refused, Ambiguous."""


class Speech(NamedTuple):
    """One spoken text: samples a second, and the samples: a NumPy array of float32, mono, from -1 to 1."""

    rate: int
    samples: Any


class Voice(Protocol):
    """Somebody who can read prompts aloud. `name` is the folder of their sounds."""

    name: str

    def speak(self, texts: Sequence[str], language: str) -> list[Speech]:
        """One Speech for each text. Blocks; may be called in several threads at once. Raises errors.Unavailable when the
        voice does not work here, or not in this language."""


MakeVoice: TypeAlias = Callable[[Path], Voice]
"""Makes a voice, given the folder of installed models; cheap: nothing is loaded before the voice first speaks."""


@hookspec
def ivr_functions() -> Mapping[str, Function]:
    """Functions for this line's `do` steps, by the name the tree uses.

    Called once at start, for each line apart: names of different lines never meet. A function is plain, may block, runs
    in one of the line's own few threads, and has a time limit (setting `plugins.limit`): when it is late, raises, or no
    thread is free, its caller goes to an operator.
    """
    raise NotImplementedError


@hookspec
def ivr_voices() -> Mapping[str, MakeVoice]:
    """Voices that read prompts, by the name used in the setting `prompts.voice`. A name given twice is refused at start."""
    raise NotImplementedError


@hookspec
def ivr_validators() -> Mapping[str, Validator]:
    """Validators for `ask` steps, by name. Shared by all lines: a name given twice is refused at start."""
    raise NotImplementedError


class Hearing(Protocol):
    """One caller's turn, within a recogniser's process."""

    def feed(self, samples: bytes) -> str | None:
        """The next samples (as in hearing.py); what is heard so far, None when that has not changed or is not known yet."""

    def finish(self) -> Sequence[Guess]:
        """The caller has spoken. The likeliest guess first; none when there was no speech."""


@runtime_checkable
class Anticipating(Hearing, Protocol):
    """A Hearing whose `finish` takes long. Where the process has nothing else to do, it begins while the caller is silent for a
    moment: mostly that is the end."""

    def pause(self) -> None:
        """The caller says nothing just now: work out what was heard so far, and have it ready for `finish`."""

    def resume(self) -> None:
        """They go on: it was not all."""


class Recogniser(Protocol):
    """A speech engine with its model loaded, in a process of its own; it may block.

    Its class is called with the model's folder and the threads it may use, and is loaded in that process alone.
    """

    def listen(self, language: str, kind: Kind, phrases: tuple[str, ...]) -> Hearing:
        """Begin a turn; `phrases` is what would be taken as it stands, () for anything. Several turns may be open at once."""

    def unknown(self, phrases: Iterable[str]) -> Sequence[str]:
        """The words of these phrases that the model cannot hear."""


@hookspec
def ivr_ears() -> Mapping[str, str]:
    """Speech recognisers, by engine name: where the class is, as "package.module:Class" (see Recogniser).

    A model named `engine-...` (`whisper-base`) is heard with by that engine. A name given twice is refused at start.
    """
    raise NotImplementedError
