"""A tree as a graph: which steps follow which, by which key, on a given day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.dialogue.model import Action, Return, ToStep
from ivr_engine.dialogue.steps.answer import Answer
from ivr_engine.dialogue.steps.confirm import Confirm
from ivr_engine.dialogue.steps.if_ import If
from ivr_engine.dialogue.steps.include import Include
from ivr_engine.dialogue.steps.menu import Menu
from ivr_engine.dialogue.steps.transfer import Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from ivr_engine.dialogue.model import Line, Step

HEAR_KEYS = (Menu, Confirm, Answer, Transfer)
"""The steps in which a line's global keys work."""


class Edge(NamedTuple):
    """A way from one step to another: where it is written within the step, and the key that takes it ("" for none)."""

    path: tuple[str, ...]
    key: str
    to: str


def edges(line: Line, day: date | None = None) -> dict[str, list[Edge]]:
    """Step → its ways to steps of the line. A part's `return` leads to where any include of that part goes on.

    With a `day` the cases of `if` steps whose dates rule it out are left out. The operator's key is not among them.
    """
    steps = line.tree.steps
    back = {
        part: [
            step.then.step
            for step in steps.values()
            if isinstance(step, Include) and step.part == part and isinstance(step.then, ToStep)
        ]
        for part in line.parts
    }
    return {name: list(_of(line, name, step, back, day)) for name, step in steps.items()}


def _of(line: Line, name: str, step: Step, back: Mapping[str, list[str]], day: date | None) -> Iterator[Edge]:
    keys = (
        {target: key for key, target in step.choices().items()}
        if len(set(step.choices().values())) == len(step.choices())
        else {}
    )
    open_cases = set(step.ways_on(day)) if isinstance(step, If) and day is not None else None
    for path, target in step.targets():
        if open_cases is not None and path[0] == "cases" and int(path[1]) not in open_cases:
            continue
        key = path[-1] if path[0] in {"options", "offer"} else keys.get(target, "") if isinstance(step, Confirm) else ""
        if isinstance(target, ToStep) and target.step in line.tree.steps:
            yield Edge(path, key, target.step)
        elif isinstance(target, Return):
            yield from (Edge(path, key, to) for to in back.get(name.partition(".")[0], []) if to in line.tree.steps)


def reached(ways: Mapping[str, list[Edge]], *roots: str) -> set[str]:
    """The steps that can be reached from the roots, themselves included."""
    seen: set[str] = set()
    waiting = [root for root in roots if root in ways]
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen.add(here)
            waiting += [edge.to for edge in ways[here]]
    return seen


def operator_keys(line: Line) -> list[str]:
    """The keys that lead to the operator wherever global keys work."""
    return [key for key, action in line.keys.items() if action is Action.OPERATOR]
