"""Two small lines that lead to each other, and a way to call them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Protocol

import pytest

from ivr_engine.dialogue.loader import LineFiles, load_line, read_line
from ivr_engine.errors import Invalid
from ivr_engine.hookspecs import Request, Result
from ivr_engine.speech.catalogue import core_texts
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ivr_engine.dialogue.model import Line
    from ivr_engine.testing import Played

LINES = Path(__file__).parent / "lines"
HEAD = """title: {it: Prova, en: Trial}
queue: made
languages: [it, en]
hours: {mon-fri: ["09:00-18:00"]}
operator: operator
"""


def office(request: Request) -> Result:
    """Knows Milan only."""
    if request.inputs["cap"] != "20121":
        return Result("unknown")
    return Result("found", {"office": "office.milan", "until": date(2026, 12, 31)}, {"office": "Milan"})


@pytest.fixture(scope="session")
def lines() -> dict[str, Line]:
    return {name: load_line(LINES / name, name) for name in ("offices", "cards")}


class Made(Protocol):
    """Makes a line of the steps that a test writes down; operators and a goodbye are there."""

    def __call__(self, steps: str, *, head: str = "", articles: str = "", others: Mapping[str, str] | None = None) -> Line: ...


@pytest.fixture
def line_of() -> Made:
    """The first step is the start. Every prompt says its own name; `others` are files of parts. What is wrong is an error."""

    def make(steps: str, *, head: str = "", articles: str = "", others: Mapping[str, str] | None = None) -> Line:
        start = steps.split(":", 1)[0].strip()
        tree = f"{HEAD}start: {start}\n{head}\nsteps:\n{indent(steps.strip(), '  ')}\n  operator: {{queue: {{}}}}\n"
        texts = {"line.yaml": tree, "prompts.yaml": "bye: {it: bye, en: bye}", **(others or {})}
        line, problems = read_line(LineFiles({**texts, **({"articles.yaml": articles} if articles else {})}), "made")
        if line is None or problems:
            raise Invalid(problems)
        named = {key for step in line.tree.steps.values() for _, key in step.prompts()} - core_texts().keys()
        return replace(line, prompts={**{key: {"it": key, "en": key} for key in named}, **line.prompts})

    return make


@pytest.fixture
def call(lines: dict[str, Line]) -> Callable[..., Played]:
    """Call the offices line with these keys."""
    return partial(play_line, lines["offices"], others=[lines["cards"]], functions={"office": office})
