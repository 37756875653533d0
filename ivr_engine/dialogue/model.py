"""What a line is once its files are read: a tree of steps, the texts of its prompts, its articles."""

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Protocol, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ivr_engine.dialogue.hours import HoursData
from ivr_engine.sounds import ARTICLE

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


def _written(pattern: str, rule: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.DOTALL):
            raise ValueError(f"{rule}, not {text!r:.60}")
        return text

    return AfterValidator(check)


LineName = Annotated[str, _written(r"[a-z][a-z0-9_]*", "must be small letters, digits and underscores, a letter first")]
Name = Annotated[str, _written(r"[A-Za-z0-9][A-Za-z0-9._-]*", "must be letters, digits, dots, dashes and underscores")]
"""Of a step, a prompt, an article: also part of a sound file's name."""
Language = Annotated[str, _written(r"[a-z]{2}", "must be a language of two letters such as it")]
Text = Annotated[str, _written(r".*\S.*", "must say something")]
Number = Annotated[str, _written(r"\+?[0-9]{2,15}", "must be a telephone number of 2 to 15 digits")]


SAID = "said."


def said_key(step: str, value: str) -> str:
    """The prompt that reads a spoken value back: `said.<step>.<value>`."""
    return f"{SAID}{step}.{value.replace('*', 'star').replace('#', 'hash')}"


@dataclass(frozen=True, slots=True)
class ToStep:
    """On to a step of this line."""

    step: str


@dataclass(frozen=True, slots=True)
class ToLine:
    """On to another line's tree: to its start, or to one of its steps."""

    line: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """Out of a part, back to where it was included."""


@dataclass(frozen=True, slots=True)
class End:
    """The dialogue is over."""


Way: TypeAlias = ToStep | ToLine | Return
"""What a tree may write as a way on."""
Next: TypeAlias = Way | End

RETURN = "return"
"""How a part writes Return; no step may be called so."""


def _target(value: object) -> object:
    match value:
        case str():
            return Return() if value == RETURN else ToStep(value)
        case {"step": str(step), **more} if not more:
            return ToStep(step)
        case {"line": str(line), **more} if not more:
            return ToLine(line)
        case ToStep() | ToLine() | Return():
            return value
    raise ValueError("must name a step of this line, or another line as {line: name}")


Target = Annotated[ToStep | ToLine | Return, BeforeValidator(_target)]


def _names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Taper = Annotated[tuple[Name, ...], BeforeValidator(_names), Field(min_length=1)]
"""Prompts by count: the first time the first, each further time the next, the last one ever after."""


class Action(StrEnum):
    """What a global key does."""

    OPERATOR = "operator"
    REPEAT = "repeat"
    BACK = "back"
    HELP = "help"


GLOBAL_KEYS: Mapping[str, Action] = {"0": Action.OPERATOR, "*": Action.REPEAT, "9": Action.BACK}
"""What they are unless a line says otherwise."""


class Model(BaseModel):
    """A part of a line's files: unknown keys are mistakes, values are what they say they are."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Step(Model):
    """A node of a tree. A kind is a subclass: its fields are what YAML may say, `run` is what it does with a caller."""

    kind: ClassVar[str]
    in_self_service: ClassVar[bool] = True
    """False when its time is the operators', not the menus'."""
    hands_keys_on: ClassVar[bool] = False
    """True when a digit keyed ahead of time is still good after it."""

    @abstractmethod
    async def run(self, turn: "Turn") -> Next:
        """Serve the caller and say where they go next. Raises CallerHungUp, CallLost, Diversion."""

    def targets(self) -> Iterable[tuple[tuple[str, ...], Way]]:
        """Every way out that is written in the tree: where it is written within the step, and where it leads."""
        for name, value in self:
            yield from _ways(value, (name,))

    def choices(self) -> Mapping[str, Way]:
        """The keys that choose a way, if the step offers any."""
        return {}

    def prompts(self) -> Iterable[tuple[str, str]]:
        """Every prompt it may speak: the field that names it ("" when it comes from the engine), and its key."""
        return ()

    def phrases(self, _language: str) -> Iterable[str]:
        """What callers may say here, as the tree has it."""
        return ()

    def names(self) -> Mapping[str, Mapping[str, str]]:
        """What its spoken values are called when they are read back: value, language, text."""
        return {}

    def languages(self) -> Iterable[tuple[tuple[str, ...], str]]:
        """Every language it names, and where."""
        return ()

    def articles(self) -> Iterable[tuple[str, str]]:
        """Every article it may read aloud: the field that names it, and its id."""
        return ()


def _ways(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Way]]:
    match value:
        case str() | int() | None:
            return
        case ToStep() | ToLine() | Return():
            yield path, value
        case Option():
            yield path, value.target
        case dict():
            for key, item in value.items():
                yield from _ways(item, (*path, key))
        case tuple():
            for index, item in enumerate(value):
                yield from _ways(item, (*path, str(index)))
        case Model():
            for name, item in value:
                yield from _ways(item, (*path, name))


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a menu: where it leads, and what callers may say for it, by language."""

    target: Way
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Article(Model):
    """An approved answer with its normative source and validity."""

    title: dict[Language, Text]
    text: dict[Language, Text]
    source: Text
    certainty: Literal["A", "B", "C"]
    topic: Text
    category: Text
    valid_from: date
    valid_to: date | None = None
    verified: date

    def valid(self, day: date) -> bool:
        """Whether it is the law of that day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Tree:
    """The dialogue of a line. `version` is a short hash of all that a caller can hear or meet in it."""

    version: str
    start: str
    operator: str
    steps: Mapping[str, Step]


class Places(Protocol):
    """Where in its files a part of a line stands."""

    def at(self, *path: str) -> tuple[str, int]:
        """File and line number of a key of line.yaml, or of the nearest key above it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A thematic service: its numbers, operators, tree and texts. A call keeps the Line it began with."""

    name: str
    title: Mapping[str, str]
    numbers: tuple[str, ...]
    queue: str
    languages: tuple[str, ...]
    hours: HoursData
    tree: Tree
    prompts: Mapping[str, Mapping[str, str]]
    articles: Mapping[str, Article]
    places: Places = field(repr=False, compare=False)
    keys: Mapping[str, Action] = field(default_factory=lambda: dict(GLOBAL_KEYS))
    parts: tuple[str, ...] = ()
    """The shared parts whose steps, prompts and articles are among its own."""
    speech: bool = True
    """Whether callers may speak, where there is a recogniser for their language."""
    keep_utterances: bool = False
    """Whether what they say is kept as sound."""

    def texts(self) -> dict[str, Mapping[str, str]]:
        """All that is heard on this line: prompt key → language → text, articles as `article.<id>`."""
        articles = {ARTICLE + name: article.text for name, article in self.articles.items()}
        return {**self.prompts, **articles, **self._said()}

    def _said(self) -> dict[str, Mapping[str, str]]:
        """What may be read back for confirmation, unless the line has a prompt of that name."""
        said: dict[str, Mapping[str, str]] = {}
        for name, step in self.tree.steps.items():
            for value, texts in step.names().items():
                spoken = {language: text for language, text in texts.items() if language in self.languages}
                if spoken and (key := said_key(name, value)) not in self.prompts:
                    said[key] = spoken
        return said
