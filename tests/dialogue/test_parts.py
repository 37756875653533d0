"""Shared parts: entered by include, left by return, read into every line that lists them."""

# ruff: noqa: E501 - a table is read by rows

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ivr_engine.dialogue import validators
from ivr_engine.dialogue.loader import LineFiles, load_line, read_line
from ivr_engine.errors import Invalid
from ivr_engine.plugins.find import find
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line
    from ivr_engine.errors import Problem

PART = """title: {it: Enti, en: Bodies}
languages: [it, en]
start: corpi.menu
steps:
  corpi.menu: {menu: {prompt: corpi.menu, options: {"1": corpi.inps, "2": return, "3": corpi.deep}}}
  corpi.inps: {answer: {article: E01, then: return}}
  corpi.deep: {include: {part: altri, then: return}}
"""
PROMPTS = "corpi.menu: {it: Scelga, en: Choose, fr: Choisissez}\n"
ARTICLES = """E01:
  title: {it: INPS, en: INPS}
  text: {it: Chiami INPS, en: Call INPS}
  source: S1
  certainty: A
  topic: corpi
  category: corpi
  valid_from: 2012-01-01
  verified: 2026-01-01
"""
OTHERS = {
    "corpi/part.yaml": PART,
    "corpi/prompts.yaml": PROMPTS,
    "corpi/articles.yaml": ARTICLES,
    "altri/part.yaml": """title: {it: Altri, en: Others}
languages: [it, en]
start: altri.said
steps: {altri.said: {say: {prompt: altri.said, then: return}}}
""",
    "altri/prompts.yaml": "altri.said: {it: Altri, en: Others}\n",
}
LISTED = "parts: [corpi, altri]"
STEPS = """
first: {menu: {prompt: first, options: {"1": bodies, "2": inps}}}
bodies: {include: {part: corpi, then: after}}
inps: {include: {part: corpi, step: corpi.inps, then: after}}
after: {say: {prompt: after, then: bye}}
bye: {goodbye: {prompt: bye}}
"""


@pytest.fixture
def line(line_of: Callable[..., Line]) -> Line:
    return line_of(STEPS, head=LISTED, others=OTHERS)


def problems(steps: str = STEPS, listed: str = LISTED, **changed: str) -> list[Problem]:
    """Of a line with these steps; `changed` files of the part, by name."""
    head = (
        'title: {it: A, en: A}\nqueue: made\nlanguages: [it, en]\nhours: {mon-fri: ["09:00-18:00"]}\nstart: first\noperator: op\n'
    )
    tree = f"{head}{listed}\nsteps:\n  op: {{queue: {{}}}}\n  " + steps.strip().replace("\n", "\n  ")
    others = {**OTHERS, **{f"corpi/{name}.yaml": text for name, text in changed.items()}}
    return read_line(LineFiles({"line.yaml": tree, "prompts.yaml": "x: {it: x, en: x}", **others}), "made")[1]


# --- calls


def test_a_part_begins_at_its_start_and_returns(line: Line) -> None:
    played = play_line(line, "1 1")
    assert played.steps == ["first", "bodies", "corpi.menu", "corpi.inps", "after", "bye"]
    assert played.heard[2] == "article.E01"
    assert play_line(line, "1 2").steps == ["first", "bodies", "corpi.menu", "after", "bye"]


def test_a_part_may_be_entered_at_any_of_its_steps(line: Line) -> None:
    assert play_line(line, "2").steps == ["first", "inps", "corpi.inps", "after", "bye"]


def test_parts_lie_within_parts(line: Line) -> None:
    assert play_line(line, "1 3").steps == ["first", "bodies", "corpi.menu", "corpi.deep", "altri.said", "after", "bye"]


def test_within_a_part_the_operator_is_the_lines_own(line: Line) -> None:
    assert play_line(line, "1 0").steps == ["first", "bodies", "corpi.menu", "operator"]


def test_going_back_takes_the_return_address_of_then(line: Line) -> None:
    played = play_line(line, "1 9 1 1")
    assert played.steps == ["first", "bodies", "corpi.menu", "first", "bodies", "corpi.menu", "corpi.inps", "after", "bye"]


def test_back_into_a_part_still_returns(line_of: Callable[..., Line]) -> None:
    steps = STEPS.replace("after: {say: {prompt: after, then: bye}}", 'after: {menu: {prompt: after, options: {"1": bye}}}')
    played = play_line(line_of(steps, head=LISTED, others=OTHERS), "1 1 9 2 1")
    assert played.steps == ["first", "bodies", "corpi.menu", "corpi.inps", "after", "corpi.menu", "after", "bye"]


def test_another_line_forgets_where_to_return(line_of: Callable[..., Line], lines: dict[str, Line]) -> None:
    part = PART.replace('"2": return', '"2": {line: offices}')
    here = line_of(STEPS, head=LISTED, others={**OTHERS, "corpi/part.yaml": part})
    played = play_line(here, "1 2 9 !", others=[lines["offices"]])
    assert played.steps == ["first", "bodies", "corpi.menu", "welcome", "menu", "corpi.menu"]


def test_includes_without_end_are_a_loop_like_any_other(line_of: Callable[..., Line]) -> None:
    part = (
        PART.replace('"2": return', '"2": corpi.again')
        + "  corpi.again: {include: {part: corpi, step: corpi.again, then: return}}\n"
    )
    played = play_line(line_of(STEPS, head=LISTED, others={**OTHERS, "corpi/part.yaml": part}), "1 2")
    assert played.steps[-1] == "operator"


# --- reading


def test_a_line_with_its_parts_is_one(line: Line) -> None:
    assert line.parts == ("corpi", "altri")
    assert {"corpi.menu", "altri.said", "first"} <= line.tree.steps.keys()
    assert line.texts()["article.E01"]["it"] == "Chiami INPS"
    assert line.texts()["corpi.menu"] == {"it": "Scelga", "en": "Choose"}  # French is for lines that speak it


def test_steps_of_a_part_stand_in_its_own_file(line: Line) -> None:
    assert line.places.at("steps", "corpi.inps") == ("corpi/part.yaml", 6)
    assert line.places.at("steps", "bodies")[0] == "line.yaml"


def test_problems_are_named_in_the_parts_own_files() -> None:
    found = problems(part=PART.replace("corpi.inps,", "corpi.inpss,"), prompts=PROMPTS.replace(", en: Choose", ""))
    assert [(problem.file, problem.line, problem.rule) for problem in found] == [
        ("corpi/part.yaml", 5, "unknown-target"),
        ("corpi/prompts.yaml", 1, "missing-language"),
    ]


@pytest.mark.parametrize(
    ("rule", "field", "says", "steps", "listed", "changed"),
    [
        ("unknown-part", "parts.0", "no part 'corp'", ("part: corpi", "part: corpi"), "parts: [corp, corpi, altri]", {}),
        ("unknown-part", "steps.bodies.include.part", "does not list", ("part: corpi, then", "part: inps, then"), LISTED, {}),
        ("return-outside-part", "steps.after.say.then", "somewhere to return", ("then: bye", "then: return"), LISTED, {}),
        ("part-entry", "steps.first.menu.options.2", "in another file", ('"2": inps', '"2": corpi.inps'), LISTED, {}),
        ("part-entry", "steps.corpi.inps.answer.then", "another file", ("", ""), LISTED, {"part": ("then: return", "then: bye")}),
        ("part-name", "steps.inps2", "corpi.inps2", ("", ""), LISTED, {"part": ("  corpi.deep", "  inps2: {goto: {step: corpi.inps}}\n  corpi.deep")}),
        ("part-name", "menu", "begins with its name", ("", ""), LISTED, {"prompts": ("corpi.menu", "menu")}),
        ("unknown-target", "start", "no step 'corpi.men'", ("", ""), LISTED, {"part": ("start: corpi.menu", "start: corpi.men")}),
        ("missing-key", "start", "is missing", ("", ""), LISTED, {"part": ("start: corpi.menu\n", "")}),
        ("missing-language", "parts.0", "its part corpi does not", ("", ""), LISTED, {"part": ("[it, en]", "[it]")}),
        ("wrong-value", "steps.inps.include", "corpi.altri.said", ("corpi.inps", "altri.said"), LISTED, {}),
        ("step-name", "steps.return", "be called so", ("after:", "return:"), LISTED, {}),
    ],
)  # fmt: skip
def test_each_mistake(
    rule: str, field: str, says: str, steps: tuple[str, str], listed: str, changed: dict[str, tuple[str, str]]
) -> None:
    texts = {"part": PART, "prompts": PROMPTS}
    found = problems(STEPS.replace(*steps), listed, **{name: texts[name].replace(*edit) for name, edit in changed.items()})
    (problem,) = [problem for problem in found if (problem.rule, problem.field) == (rule, field)]
    assert says in problem.message
    assert problem.file.endswith("line.yaml") is not bool(changed and rule != "missing-language")


def test_a_name_is_the_lines_or_the_parts() -> None:
    own = "corpi.inps: {say: {prompt: after, then: bye}}\nfirst:"
    (problem,) = [problem for problem in problems(STEPS.replace("first:", own)) if problem.rule == "duplicate-key"]
    assert (problem.file, problem.field) == ("corpi/part.yaml", "steps.corpi.inps")


def test_only_an_included_part_is_reached() -> None:
    assert [problem.rule for problem in problems(STEPS.replace('"1": bodies', '"1": bye'))] == [
        "unreachable"
    ]  # the line's own step


# --- folders and texts


@pytest.fixture
def folders(tmp_path: Path, line_of: Callable[..., Line]) -> Path:
    head = 'title: {it: A, en: A}\nqueue: made\nlanguages: [it, en]\nhours: {mon-fri: ["09:00-18:00"]}\n'
    tree = f"{head}start: first\noperator: op\n{LISTED}\nsteps:\n  op: {{queue: {{}}}}\n  " + STEPS.strip().replace("\n", "\n  ")
    texts = {**OTHERS, "made/line.yaml": tree, "made/prompts.yaml": "bye: {it: Ciao, en: Bye}\n"}
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_lines_and_parts_of_a_folder_are_found(folders: Path) -> None:
    found = find([folders], validators)
    assert found.lines["made"].folder == folders / "made"
    assert {name: folder for name, folder in found.parts.items() if folders in folder.parents} == {
        "altri": folders / "altri",
        "corpi": folders / "corpi",
    }
    line = load_line(folders / "made", "made", found.parts)
    assert line.places.at("steps", "corpi.inps") == (str(folders / "corpi" / "part.yaml"), 6)


def test_a_version_kept_as_texts_is_the_same_line(folders: Path) -> None:
    parts = {"corpi": folders / "corpi", "altri": folders / "altri"}
    files = LineFiles.of_folder(folders / "made", parts)
    assert set(files.texts) == {"line.yaml", "prompts.yaml", *OTHERS}
    kept = LineFiles.of_version("made", 3, files.texts)
    line, found = read_line(kept, "made")
    assert line is not None
    assert found == []
    assert kept.digest == files.digest == line.tree.version
    assert line == load_line(folders / "made", "made", parts)
    assert line.places.at("steps", "corpi.inps") == ("made version 3: corpi/part.yaml", 6)


def test_the_digest_is_of_parts_too(folders: Path) -> None:
    parts = {"corpi": folders / "corpi", "altri": folders / "altri"}
    before = LineFiles.of_folder(folders / "made", parts).digest
    (folders / "corpi" / "prompts.yaml").write_text(PROMPTS.replace("Scelga", "Prego"), encoding="utf-8")
    assert LineFiles.of_folder(folders / "made", parts).digest != before


def test_a_part_that_cannot_be_read_is_a_problem_of_its_file(folders: Path) -> None:
    (folders / "corpi" / "prompts.yaml").unlink()
    with pytest.raises(Invalid) as failure:
        load_line(folders / "made", "made", {"corpi": folders / "corpi", "altri": folders / "altri"})
    assert [(Path(problem.file).parent.name, problem.rule) for problem in failure.value.problems] == [("corpi", "unreadable")]
