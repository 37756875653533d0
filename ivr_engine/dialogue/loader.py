"""Reads a line's folder: `line.yaml`, `prompts.yaml`, `articles.yaml`. Every mistake is found at once, with its place."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, RootModel

from ivr_engine.dialogue import hours, slots
from ivr_engine.dialogue.checks import check, in_order, unknown_articles, unknown_parts, unreachable_steps
from ivr_engine.dialogue.model import ARTICLE, Article, Language, Line, LineName, Model, Name, Number, Step, Text, Tree
from ivr_engine.dialogue.source import Source, closest
from ivr_engine.dialogue.steps import KINDS
from ivr_engine.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from ivr_engine.errors import Problem

__all__ = ["check", "load_line", "read_line"]


def _is_days(text: str) -> str:
    hours.days(text)
    return text


def _is_period(text: str) -> str:
    hours.period(text)
    return text


class Head(Model):
    """`line.yaml` but for its steps, which are read each by its kind."""

    title: dict[Language, Text]
    numbers: tuple[Number, ...] = ()
    queue: LineName
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    hours: dict[Annotated[str, AfterValidator(_is_days)], tuple[Annotated[str, AfterValidator(_is_period)], ...]]
    start: Name
    operator: Name
    steps: Annotated[dict[Name, Any], Field(min_length=1)]


class _Spoken(RootModel[dict[Language, Text]]):
    """One text in several languages."""


def load_line(folder: Path, name: str) -> Line:
    """The line called `name` in `folder`. Raises Invalid with every mistake its own files can show."""
    line, problems = read_line(folder, name)
    if line is None or problems:
        raise Invalid(problems)
    return line


def read_line(folder: Path, name: str) -> tuple[Line | None, list[Problem]]:
    """What can be made of the folder, and every mistake in it; no line when its head is wrong. For checking, not for calls."""
    source, prompts_source = Source(folder / "line.yaml"), Source(folder / "prompts.yaml")
    articles_source = Source(folder / "articles.yaml") if (folder / "articles.yaml").exists() else None
    sources = [source, prompts_source, *([articles_source] if articles_source else [])]
    head = source.read(Head, source.data) if source.data is not None else None
    languages = head.languages if head else ()
    steps = _steps(source)
    prompts = _prompts(prompts_source, languages)
    articles = _articles(articles_source, languages) if articles_source else {}
    unknown_parts(source, steps)
    if articles_source is None or articles_source.data is not None:
        unknown_articles(source, steps, articles_source.group() if articles_source else {})
    if head is None:
        return None, in_order(sources)
    _languages(source, ("title",), head.title, languages)
    _hours(source, head)
    if len(steps) == len(head.steps):
        unreachable_steps(source, steps, (head.start, head.operator))
    tree = Tree(_version(sources), head.start, head.operator, steps)
    line = Line(
        name=name,
        title=head.title,
        numbers=head.numbers,
        queue=head.queue,
        languages=head.languages,
        hours=head.hours,
        tree=tree,
        prompts=prompts,
        articles=articles,
        places=source,
    )
    return line, in_order(sources)


def _version(sources: list[Source]) -> str:
    content = json.dumps([source.data for source in sources], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _hours(source: Source, head: Head) -> None:
    try:
        hours.week(head.hours)
    except ValueError as error:
        source.problem(("hours",), str(error))


def _steps(source: Source) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for name, body in source.group("steps").items():
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


def _prompts(source: Source, languages: Collection[str]) -> dict[str, Mapping[str, str]]:
    prompts: dict[str, Mapping[str, str]] = {}
    for key, body in source.group().items():
        _prompt_name(source, key)
        texts = source.read(_Spoken, body, key)
        if texts is None:
            continue
        _languages(source, (key,), texts.root, languages)
        for language, text in texts.root.items():
            for message, hint in slots.mistakes(text):
                source.problem((key, language), message, hint, "bad-slot")
        prompts[key] = texts.root
    return prompts


def _prompt_name(source: Source, key: str) -> None:
    source.read(RootModel[Name], key, key)
    if key.startswith(ARTICLE):
        source.problem((key,), f"names beginning with {ARTICLE} are those of articles", "choose another", "prompt-name")
    stem, _, number = key.rpartition(".")
    if number.isdigit() and stem in source.group():
        message = f"its sound file would be a part of that of {stem}"
        source.problem((key,), message, "choose a name that does not end in a number", "prompt-name")


def _articles(source: Source, languages: Collection[str]) -> dict[str, Article]:
    articles: dict[str, Article] = {}
    for key, body in source.group().items():
        source.read(RootModel[Name], key, key)
        article = source.read(Article, body, key)
        if article is None:
            continue
        for field, texts in (("title", article.title), ("text", article.text)):
            _languages(source, (key, field), texts, languages)
        for language, text in article.text.items():
            if slots.present(text):
                source.problem((key, "text", language), "an article has no slots", "say results with a prompt", "bad-slot")
        if article.valid_to is not None and article.valid_to < article.valid_from:
            source.problem((key, "valid_to"), f"is before valid_from, {article.valid_from}")
        articles[key] = article
    return articles


def _languages(source: Source, path: tuple[str, ...], texts: Mapping[str, str], languages: Collection[str]) -> None:
    if not languages:
        return  # the line's own list of them is wrong, and named
    for language in languages:
        if language not in texts:
            source.problem(path, f"has no text in {language!r}", "the line's languages are in line.yaml", "missing-language")
    for language in texts:
        if language not in languages:
            message = f"the line does not speak {language!r}"
            source.problem((*path, language), message, closest(language, languages), "unknown-key")
