"""Rules between lines, plugins and the engine's own prompts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ivr_engine.dialogue.loader import check, load_line
from ivr_engine.dialogue.validators import VALIDATORS
from ivr_engine.speech.catalogue import core_texts

if TYPE_CHECKING:
    from ivr_engine.dialogue.model import Line
    from ivr_engine.errors import Problem

LINES = Path(__file__).parent / "lines"
FUNCTIONS = {"offices": ("office",)}


def problems_after(lines: dict[str, Line], tmp_path: Path, old: str, new: str) -> list[Problem]:
    folder = Path(shutil.copytree(LINES / "offices", tmp_path / "offices"))
    file = folder / "line.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return check({**lines, "offices": load_line(folder, "offices")}, FUNCTIONS, VALIDATORS, core_texts())


def test_good_lines_have_no_problem(lines: dict[str, Line]) -> None:
    assert check(lines, FUNCTIONS, VALIDATORS, core_texts()) == []


@pytest.mark.parametrize(
    ("rule", "old", "new", "number", "field", "hint"),
    [
        ("unknown-function", "function: office,", "function: offices,", 17, "steps.office.find.do.function", "office?"),
        ("unknown-validator", "input: cap", "input: cab", 16, "steps.office.ask.input", "cap?"),
        ("unknown-line", "{line: cards}", "{line: card}", 13, "steps.menu.menu.options.3", "cards?"),
        ("missing-prompt", "prompt: bye", "prompt: by", 26, "steps.bye.goodbye.prompt", "bye?"),
        ("missing-prompt", "nomatch: menu.wrong", "nomatch: menu.wong", 14, "steps.menu.menu.nomatch", "menu.wrong?"),
        ("missing-prompt", "priority: 5", "prompt: hold.on", 24, "steps.operator.queue.prompt", ""),
    ],
)
def test_each_rule(
    lines: dict[str, Line], tmp_path: Path, rule: str, old: str, new: str, number: int, field: str, hint: str
) -> None:
    (problem,) = problems_after(lines, tmp_path, old, new)
    assert (problem.rule, problem.line, problem.field) == (rule, number, field)
    assert problem.file.endswith("offices/line.yaml")
    assert hint in problem.hint


def test_a_number_belongs_to_one_line(lines: dict[str, Line], tmp_path: Path) -> None:
    (problem,) = problems_after(lines, tmp_path, '"800196001"', '"800196002"')
    assert (problem.rule, problem.field) == ("duplicate-number", "numbers")
    assert "line offices" in problem.message
    assert problem.file.endswith("cards/line.yaml")


def test_prompts_the_engine_speaks_by_itself_must_be_there(lines: dict[str, Line]) -> None:
    without = set(core_texts()) - {"noinput", "busy"}
    found = {(problem.field, problem.message.split("'")[1]) for problem in check(lines, FUNCTIONS, VALIDATORS, without)}
    assert ("steps.menu.menu", "noinput") in found
    assert ("steps.operator.queue", "busy") in found
