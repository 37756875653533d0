"""Rules over whole trees: that what a step names is there, that every step can be reached, that lines fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.dialogue.model import ToLine, ToStep
from ivr_engine.dialogue.source import closest
from ivr_engine.dialogue.steps.ask import Ask
from ivr_engine.dialogue.steps.do import Do
from ivr_engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ivr_engine.dialogue.model import Line, Step
    from ivr_engine.dialogue.source import Source


def in_order(sources: Iterable[Source]) -> list[Problem]:
    """All problems of a line's files, as a person reads the files."""
    return [problem for source in sources for problem in sorted(source.problems, key=lambda problem: problem.line)]


def unknown_parts(source: Source, steps: Mapping[str, Step], written: Collection[str]) -> None:
    """Note the steps that a file names and that are not `written` in any, and an operator step that is no queue."""
    head = source.group()
    for field in ("start", "operator"):
        name = head.get(field)
        if isinstance(name, str) and name not in written:
            source.problem((field,), f"there is no step {name!r}", closest(name, written), "unknown-target")
    operator = head.get("operator")
    if isinstance(operator, str) and operator in steps and steps[operator].kind != "queue":
        hint = "failures and 0 send callers there: name a queue step"
        source.problem(("operator",), f"step {operator!r} is not a queue but a {steps[operator].kind}", hint, "operator-step")
    for name, step in steps.items():
        for path, target in step.targets():
            if isinstance(target, ToStep) and target.step not in written:
                message = f"there is no step {target.step!r}"
                source.problem(("steps", name, step.kind, *path), message, closest(target.step, written), "unknown-target")


def unknown_articles(source: Source, steps: Mapping[str, Step], articles: Collection[str]) -> None:
    """Note the articles that steps read aloud and that are not in `articles.yaml`."""
    for name, step in steps.items():
        for field, article in step.articles():
            if article not in articles:
                message = f"there is no article {article!r} in articles.yaml"
                source.problem(("steps", name, step.kind, field), message, closest(article, articles), "missing-article")


def unreachable_steps(source: Source, steps: Mapping[str, Step], roots: Iterable[str], own: Collection[str]) -> None:
    """Note the line's `own` steps to which nothing leads; the start and the operator step are always reached."""
    reached: set[str] = set()
    waiting = [name for name in roots if name in steps]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            targets = (target for _, target in steps[name].targets())
            waiting += [target.step for target in targets if isinstance(target, ToStep) and target.step in steps]
    for name in own:
        if name not in reached:
            source.problem(("steps", name), "no step leads here", "lead to it from a step, or remove it", "unreachable")


def check(
    lines: Mapping[str, Line],
    functions: Mapping[str, Collection[str]],
    validators: Collection[str],
    core_prompts: Collection[str],
) -> list[Problem]:
    """What is wrong between lines, plugins and core prompts, in the order of the lines; [] when all fits.

    `functions`: line → names its plugin brings. Prompts a step takes by default must be in core or in the line.
    """
    problems = [problem for line in lines.values() for problem in _within(line, lines, functions, validators, core_prompts)]
    return problems + list(_numbers(lines))


def _within(
    line: Line,
    lines: Mapping[str, Line],
    functions: Mapping[str, Collection[str]],
    validators: Collection[str],
    core_prompts: Collection[str],
) -> Iterator[Problem]:
    own = functions.get(line.name, ())
    prompts = {*line.prompts, *core_prompts}
    for name, step in line.tree.steps.items():
        where = ("steps", name, step.kind)
        if isinstance(step, Do) and step.function not in own:
            message = f"the line's plugin has no function {step.function!r}"
            yield _problem(line, (*where, "function"), message, closest(step.function, own), "unknown-function")
        if isinstance(step, Ask) and step.input not in validators:
            message = f"there is no validator {step.input!r}"
            yield _problem(line, (*where, "input"), message, closest(step.input, validators), "unknown-validator")
        for field, key in step.prompts():
            if key not in prompts:
                message = f"there is no prompt {key!r} in prompts.yaml or in the engine's own"
                yield _problem(line, (*where, field) if field else where, message, closest(key, line.prompts), "missing-prompt")
        for path, target in step.targets():
            if isinstance(target, ToLine) and target.line not in lines:
                message = f"there is no line {target.line!r}"
                yield _problem(line, (*where, *path), message, closest(target.line, lines), "unknown-line")


def _numbers(lines: Mapping[str, Line]) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for line in lines.values():
        for number in line.numbers:
            if number in taken:
                message = f"{number} is already a number of line {taken[number]}"
                yield _problem(line, ("numbers",), message, "a number reaches one line", "duplicate-number")
            taken.setdefault(number, line.name)


def _problem(line: Line, path: tuple[str, ...], message: str, hint: str, rule: str) -> Problem:
    file, number = line.places.at(*path)
    return Problem(file, number, ".".join(path), message, hint, rule)
