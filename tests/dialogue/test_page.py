"""The page on the tree language says what the language has."""

from __future__ import annotations

import re
from pathlib import Path

from ivr_engine.dialogue.files import LineFiles
from ivr_engine.dialogue.keying import Conversation
from ivr_engine.dialogue.loader import read_line
from ivr_engine.dialogue.slots import KINDS as SLOTS
from ivr_engine.dialogue.steps import KINDS
from ivr_engine.dialogue.steps.if_ import When
from ivr_engine.dialogue.validators import VALIDATORS

PAGE = (Path(__file__).parents[2] / "docs/lines.md").read_text(encoding="utf-8")
ABOVE = " and those above"


def rows(heading: str) -> list[list[str]]:
    """The rows of the last table below that heading, cell by cell."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]


def marked(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", cell))


def test_every_kind_of_step_is_there_with_all_its_fields() -> None:
    shared = set().union(*(marked(row[0]) for row in rows("line.yaml")))
    assert shared == set(Conversation.model_fields)
    listed = {name.strip("`"): cells for name, *cells in rows("Steps") if len(cells) == 2}
    assert listed.keys() == KINDS.keys()
    for kind, (_, fields) in listed.items():
        assert marked(fields) | (shared if ABOVE in fields else set()) == set(KINDS[kind].model_fields), kind


def test_every_condition_validator_and_kind_of_slot_is_there() -> None:
    conditions = " ".join(row[0] for row in rows("Steps") if len(row) == 2)
    assert set(re.findall(r"[`,] ?`?([a-z]+):", conditions)) == {field.strip("_") for field in When.model_fields}
    assert set().union(*(marked(row[0]) for row in rows("Validators"))) == set(VALIDATORS)
    assert set(re.findall(r"\{name:([a-z]+)\}", PAGE)) == set(SLOTS)


def test_the_example_is_a_line() -> None:
    tree = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert tree is not None
    articles = "".join(
        f"{name}: {{title: {{it: a, en: a}}, text: {{it: a, en: a}}, source: S, certainty: A, topic: t, category: c, "
        "valid_from: 2012-01-01, verified: 2026-01-01}\n"
        for name in ("L01", "L02")
    )
    part = "title: {it: E, en: E}\nlanguages: [it, en]\nstart: enti.inps\n"
    part += "steps: {enti.inps: {say: {prompt: enti.inps, then: return}}}\n"
    said = "{it: a, en: a}"
    texts = {"line.yaml": tree[1], "prompts.yaml": f"menu: {said}", "articles.yaml": articles}
    files = LineFiles({**texts, "enti/part.yaml": part, "enti/prompts.yaml": f"enti.inps: {said}"})
    line, problems = read_line(files, "lavoro")
    assert problems == []
    assert line is not None
    assert line.parts == ("enti",)
