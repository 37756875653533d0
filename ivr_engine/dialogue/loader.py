"""Reads a line: `line.yaml`, `prompts.yaml`, `articles.yaml` and its parts. Every mistake is found at once, with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, RootModel

from ivr_engine.dialogue import slots
from ivr_engine.dialogue.checks import check, in_order, unknown_articles, unknown_parts, unreachable_steps
from ivr_engine.dialogue.files import ARTICLES, LINE, PART, PROMPTS, LineFiles
from ivr_engine.dialogue.hours import HoursData  # noqa: TC001 - the type of a field
from ivr_engine.dialogue.model import (
    GLOBAL_KEYS,
    RETURN,
    Action,
    Article,
    Language,
    Line,
    LineName,
    Model,
    Name,
    Number,
    Return,
    Step,
    Text,
    ToStep,
    Tree,
)
from ivr_engine.dialogue.source import Source, closest
from ivr_engine.dialogue.steps import KINDS
from ivr_engine.dialogue.steps.include import Include
from ivr_engine.errors import Invalid
from ivr_engine.sounds import ARTICLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from ivr_engine.errors import Problem

__all__ = ["LineFiles", "check", "load_line", "read_line"]


def _key(text: str) -> str:
    if len(text) != 1 or text not in "0123456789*#":
        raise ValueError(f"{text!r} is no key: they are 0 to 9, * and #")
    return text


class Head(Model):
    """`line.yaml` but for its steps, which are read each by its kind."""

    title: dict[Language, Text]
    numbers: tuple[Number, ...] = ()
    queue: LineName
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    hours: HoursData
    keys: dict[Annotated[str, AfterValidator(_key)], Annotated[Action, Field(strict=False)]] = Field(
        default_factory=lambda: dict(GLOBAL_KEYS)
    )
    parts: tuple[LineName, ...] = ()
    speech: bool = True
    keep_utterances: bool = False
    start: Name
    operator: Name
    steps: Annotated[dict[Name, Any], Field(min_length=1)]


class PartHead(Model):
    """`part.yaml` but for its steps."""

    title: dict[Language, Text]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    start: Name
    steps: Annotated[dict[Name, Any], Field(min_length=1)]


class _Spoken(RootModel[dict[Language, Text]]):
    """One text in several languages."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """The files of a line, or of a part of it (`part` is its name), and what was read of them."""

    part: str
    tree: Source
    prompts: Source
    articles: Source | None
    head: Head | PartHead | None

    @classmethod
    def of(cls, files: LineFiles, part: str = "") -> _Folder:
        prefix = f"{part}/" if part else ""
        articles = files.source(prefix + ARTICLES) if files.has(prefix + ARTICLES) else None
        tree = files.source(prefix + (PART if part else LINE))
        head: Head | PartHead | None = None
        if tree.data is not None:
            head = tree.read(PartHead, tree.data) if part else tree.read(Head, tree.data)
        return cls(part, tree, files.source(prefix + PROMPTS), articles, head)

    @property
    def sources(self) -> list[Source]:
        return [self.tree, self.prompts, *([self.articles] if self.articles else [])]


class _Places:
    """Where things stand: a part's in the part's own file."""

    def __init__(self, line: Source, parts: Mapping[str, Source]) -> None:
        self._line, self._parts = line, parts

    def at(self, *path: str) -> tuple[str, int]:
        """See model.Places."""
        part = path[1].partition(".")[0] if len(path) > 1 and path[0] == "steps" else ""
        written = path[:2] in self._line
        return (self._line if written else self._parts.get(part, self._line)).at(*path)


def load_line(folder: Path, name: str, parts: Mapping[str, Path] | None = None) -> Line:
    """The line called `name` in `folder`, with the shared `parts` it may list. Raises Invalid with every mistake found."""
    line, problems = read_line(LineFiles.of_folder(folder, parts or {}), name)
    if line is None or problems:
        raise Invalid(problems)
    return line


def read_line(files: LineFiles, name: str) -> tuple[Line | None, list[Problem]]:
    """What can be made of the files, and every mistake in them; no line when its head is wrong. For checking, not for calls."""
    own = _Folder.of(files)
    head = own.head if isinstance(own.head, Head) else None
    languages = head.languages if head else ()
    parts = list(_parts(files, head, own.tree)) if head else []
    folders = [own, *parts]
    sources = [source for folder in folders for source in folder.sources]
    steps, prompts, articles = _merged(folders, languages)
    _enter_parts(steps, parts)
    written = {name for folder in folders for name in folder.tree.group("steps")}
    _named(folders, steps, written)
    if head is None:
        return None, in_order(sources)
    _languages(own.tree, ("title",), head.title, languages)
    for folder in folders:
        _fit(folder, steps, head)
    if len(steps) == len(written):
        unreachable_steps(own.tree, steps, (head.start, head.operator), own.tree.group("steps"))
    line = Line(
        name=name,
        title=head.title,
        numbers=head.numbers,
        queue=head.queue,
        languages=head.languages,
        hours=head.hours,
        tree=Tree(files.digest, head.start, head.operator, steps),
        prompts=prompts,
        articles=articles,
        places=_Places(own.tree, {folder.part: folder.tree for folder in parts}),
        keys=head.keys,
        parts=head.parts,
        speech=head.speech,
        keep_utterances=head.keep_utterances,
    )
    return line, in_order(sources)


def _merged(
    folders: list[_Folder], languages: Collection[str]
) -> tuple[dict[str, Step], dict[str, Mapping[str, str]], dict[str, Article]]:
    """Steps, prompts and articles of a line and its parts, by name."""
    steps: dict[str, Step] = {}
    prompts: dict[str, Mapping[str, str]] = {}
    articles: dict[str, Article] = {}
    for folder in folders:
        for key, step in _steps(folder).items():
            _once(folder, folder.tree, ("steps", key), key in steps)
            steps.setdefault(key, step)
        for key, texts in _prompts(folder, languages).items():
            _once(folder, folder.prompts, (key,), key in prompts)
            prompts.setdefault(key, texts)
        if folder.articles is not None:
            for key, article in _articles(folder.articles, languages, strict=not folder.part).items():
                _once(folder, folder.articles, (key,), key in articles)
                articles.setdefault(key, article)
    return steps, prompts, articles


def _named(folders: list[_Folder], steps: Mapping[str, Step], written: Collection[str]) -> None:
    """Note the steps and articles that are named and are not there."""
    readable = all(folder.articles is None or folder.articles.data is not None for folder in folders)
    articles = {name for folder in folders if folder.articles for name in folder.articles.group()}
    for folder in folders:
        unknown_parts(folder.tree, _of(folder, steps), written)
        if readable:
            unknown_articles(folder.tree, _of(folder, steps), articles)


def _parts(files: LineFiles, head: Head, source: Source) -> Iterator[_Folder]:
    for index, part in enumerate(head.parts):
        if not files.has(f"{part}/{PART}"):
            hint = "parts are folders with a part.yaml, beside the lines"
            source.problem(("parts", str(index)), f"there is no part {part!r}", hint, "unknown-part")
            continue
        folder = _Folder.of(files, part)
        for language in head.languages:
            if folder.head and language not in folder.head.languages:
                message = f"the line speaks {language!r}, its part {part} does not"
                source.problem(("parts", str(index)), message, "give the part that language", "missing-language")
        yield folder


def _once(folder: _Folder, source: Source, path: tuple[str, ...], taken: bool) -> None:
    name = path[-1]
    if folder.part and source is not folder.articles and not name.startswith(f"{folder.part}."):
        source.problem(path, f"what is in a part begins with its name: {folder.part}.{name}", rule="part-name")
    elif taken:
        source.problem(path, f"{name} is already one of the line's own", "choose another name", "duplicate-key")


def _of(folder: _Folder, steps: Mapping[str, Step]) -> dict[str, Step]:
    return {name: steps[name] for name in folder.tree.group("steps") if name in steps}


def _enter_parts(steps: dict[str, Step], parts: list[_Folder]) -> None:
    """An include that names no step begins where its part does."""
    starts = {folder.part: folder.head.start for folder in parts if folder.head}
    for name, step in steps.items():
        if isinstance(step, Include) and step.step is None:
            steps[name] = step.model_copy(update={"step": starts.get(step.part)})


def _fit(folder: _Folder, steps: Mapping[str, Step], head: Head) -> None:
    """Note the steps that do not fit their line: global keys as options, foreign languages, ways into or out of a part."""
    own = _of(folder, steps)
    elsewhere = steps.keys() - own.keys()
    languages = folder.head.languages if folder.head else head.languages
    for name, step in own.items():
        where = ("steps", name, step.kind)
        for key in step.choices():
            if key in head.keys:
                message = f"{key} is the line's key for {head.keys[key]} and cannot be an option"
                folder.tree.problem((*where, "options", key), message, "choose another key", "reserved-key")
        for path, language in step.languages():
            if language not in languages:
                message = f"the {'part' if folder.part else 'line'} does not speak {language!r}"
                folder.tree.problem((*where, *path), message, closest(language, languages), "unknown-language")
        if isinstance(step, Include) and step.part not in head.parts:
            message = f"the line does not list the part {step.part!r}"
            folder.tree.problem((*where, "part"), message, f"add {step.part} to parts in {LINE}", "unknown-part")
        for path, target in step.targets():
            if isinstance(target, Return) and not folder.part:
                message = "only a shared part has somewhere to return to"
                folder.tree.problem((*where, *path), message, "name a step", "return-outside-part")
            elif isinstance(target, ToStep) and target.step in elsewhere and not isinstance(step, Include):
                message = f"step {target.step!r} is in another file"
                folder.tree.problem((*where, *path), message, "enter a part by include, leave it by return", "part-entry")


def _steps(folder: _Folder) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    source = folder.tree
    for name, body in source.group("steps").items():
        if name == RETURN:
            source.problem(("steps", name), "no step can be called so", "in a part it means the way back", "step-name")
        kind = _kind(source, name, body)
        if kind:
            step = source.read(KINDS[kind], {} if body[kind] is None else body[kind], "steps", name, kind)
            if step is not None:
                steps[name] = step
    return steps


def _kind(source: Source, name: str, body: object) -> str:
    """The one kind of a step; "" when the mistake was noted."""
    path = ("steps", name)
    kinds = ", ".join(KINDS)
    if not isinstance(body, dict) or not body:
        source.problem(path, "must say what kind of step it is", f"kinds are {kinds}", "step-kind")
        return ""
    unknown = [key for key in body if key not in KINDS]
    for key in unknown:
        source.problem((*path, key), "no such kind of step", closest(key, KINDS), "step-kind")
    known = [key for key in body if key in KINDS]
    if len(known) > 1:
        hint = "make a step of each, and lead from one to the next by then"
        source.problem(path, f"is several kinds at once: {', '.join(known)}", hint, "step-kind")
    return known[0] if len(known) == 1 and not unknown else ""


def _prompts(folder: _Folder, languages: Collection[str]) -> dict[str, Mapping[str, str]]:
    prompts: dict[str, Mapping[str, str]] = {}
    source = folder.prompts
    for key, body in source.group().items():
        _prompt_name(source, key)
        texts = source.read(_Spoken, body, key)
        if texts is None:
            continue
        _languages(source, (key,), texts.root, languages, strict=not folder.part)
        for language, text in texts.root.items():
            for message, hint in slots.mistakes(text):
                source.problem((key, language), message, hint, "bad-slot")
        prompts[key] = {language: text for language, text in texts.root.items() if not languages or language in languages}
    return prompts


def _prompt_name(source: Source, key: str) -> None:
    source.read(RootModel[Name], key, key)
    if key.startswith(ARTICLE):
        source.problem((key,), f"names beginning with {ARTICLE} are those of articles", "choose another", "prompt-name")


def _articles(source: Source, languages: Collection[str], *, strict: bool) -> dict[str, Article]:
    articles: dict[str, Article] = {}
    for key, body in source.group().items():
        source.read(RootModel[Name], key, key)
        article = source.read(Article, body, key)
        if article is None:
            continue
        for field, texts in (("title", article.title), ("text", article.text)):
            _languages(source, (key, field), texts, languages, strict=strict)
        for language, text in article.text.items():
            if slots.present(text):
                source.problem((key, "text", language), "an article has no slots", "say results with a prompt", "bad-slot")
        if article.valid_to is not None and article.valid_to < article.valid_from:
            source.problem((key, "valid_to"), f"is before valid_from, {article.valid_from}")
        spoken = {name: text for name, text in article.text.items() if strict or not languages or name in languages}
        articles[key] = article.model_copy(update={"text": spoken})
    return articles


def _languages(
    source: Source, path: tuple[str, ...], texts: Mapping[str, str], languages: Collection[str], *, strict: bool = True
) -> None:
    """Note the languages that are wanting and, where `strict`, those that nobody hears. A part may speak more than its line."""
    if not languages:
        return  # the line's own list of them is wrong, and named
    for language in languages:
        if language not in texts:
            source.problem(path, f"has no text in {language!r}", "the line's languages are in line.yaml", "missing-language")
    for language in texts:
        if strict and language not in languages:
            message = f"the line does not speak {language!r}"
            source.problem((*path, language), message, closest(language, languages), "unknown-key")
