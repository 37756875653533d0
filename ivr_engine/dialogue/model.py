"""What a line is once its files are read: a tree of steps, the texts of its prompts, its articles."""

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Protocol, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

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

ARTICLE = "article."
"""An article is heard as the prompt `article.<id>`."""


@dataclass(frozen=True, slots=True)
class ToStep:
    """On to a step of this line."""

    step: str


@dataclass(frozen=True, slots=True)
class ToLine:
    """On to the start of another line's tree."""

    line: str


@dataclass(frozen=True, slots=True)
class End:
    """The dialogue is over."""


Next: TypeAlias = ToStep | ToLine | End


def _target(value: object) -> object:
    match value:
        case str():
            return ToStep(value)
        case {"step": str(step), **more} if not more:
            return ToStep(step)
        case {"line": str(line), **more} if not more:
            return ToLine(line)
    raise ValueError("must name a step of this line, or another line as {line: name}")


Target = Annotated[ToStep | ToLine, BeforeValidator(_target)]


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

    def targets(self) -> Iterable[tuple[tuple[str, ...], ToStep | ToLine]]:
        """Every way out that is written in the tree: where it is written within the step, and where it leads."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            written = {(name, key): item for key, item in value.items()} if isinstance(value, dict) else {(name,): value}
            yield from ((path, item) for path, item in written.items() if isinstance(item, ToStep | ToLine))

    def prompts(self) -> Iterable[tuple[str, str]]:
        """Every prompt it may speak: the field that names it, and its key."""
        return ()


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
    hours: Mapping[str, tuple[str, ...]]
    tree: Tree
    prompts: Mapping[str, Mapping[str, str]]
    articles: Mapping[str, Article]
    places: Places = field(repr=False, compare=False)

    def texts(self) -> dict[str, Mapping[str, str]]:
        """All that is heard on this line: prompt key → language → text, articles as `article.<id>`."""
        return {**self.prompts, **{ARTICLE + name: article.text for name, article in self.articles.items()}}
