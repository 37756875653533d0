"""What is proved of a tree: a clean line, and for each rule the least change that breaks that rule alone."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from ivr_engine.dialogue.files import ARTICLES, LINE, PROMPTS, LineFiles
from ivr_engine.dialogue.loader import read_line
from ivr_engine.dialogue.proofs import RULES, STRICT_RULES, prove
from ivr_engine.speech.catalogue import Catalogue

TREE = """\
title: {it: Prova, en: Trial}
queue: prova
languages: [it, en]
hours: {mon-fri: ["09:00-18:00"]}
start: welcome
operator: operator
steps:
  welcome: {say: {prompt: welcome, then: menu}}
  menu: {menu: {prompt: menu, options: {"1": rules, "2": age, "3": more, "8": english}}}
  english: {language: {to: en, then: menu}}
  rules: {answer: {article: [A1, A2], then: after}}
  age: {ask: {prompt: age, input: age, into: age, then: told}}
  told: {answer: {prompt: told, topic: age, then: after}}
  more: {menu: {prompt: more, options: {"1": deep, "2": complaint}}}
  deep: {menu: {prompt: deep, options: {"1": third}}}
  third: {answer: {prompt: third, then: after}}
  complaint: {set: {topic: reclamo, then: operator}}
  after: {menu: {prompt: after, options: {"1": menu}, tries: 1, otherwise: bye}}
  operator: {queue: {timed_out: bye}}
  bye: {goodbye: {}}
"""
TEXTS = """\
welcome: {it: Benvenuti., en: Welcome.}
menu: {it: "Regole, 1. Età, 2. Altro, 3. Operatore, 0.", en: "Rules, 1. Age, 2. More, 3. Operator, 0."}
age: {it: "Digiti l'età.", en: Key your age.}
told: {it: "Lei ha {age:number} anni.", en: "You are {age:number}."}
more: {it: "Ancora, 1. Reclami, 2.", en: "Still more, 1. Complaints, 2."}
deep: {it: "Terza, 1.", en: "Third, 1."}
third: {it: Terza risposta., en: Third answer.}
after: {it: "Altro, 1.", en: "More, 1."}
"""
ARTICLE = """\
{id}:
  title: {{it: Regole, en: Rules}}
  text: {{it: Le regole., en: The rules.}}
  source: S1
  certainty: {certainty}
  topic: rules
  category: prova
  valid_from: {first}
  valid_to: {last}
  verified: 2026-11-01
"""
ANSWERS = "".join(
    (
        ARTICLE.format(id="A1", certainty="A", first="2020-01-01", last="null"),
        ARTICLE.format(id="A2", certainty="B", first="2010-01-01", last="2019-12-31"),
    )
)
CLEAN = {LINE: TREE, PROMPTS: TEXTS, ARTICLES: ANSWERS}
TODAY = date(2026, 11, 24)


class Ears:
    """A tenth of a second a letter, in every language."""

    def __init__(self, texts: dict[str, dict[str, str]]) -> None:
        self._texts = texts

    def ms(self, line: str, prompt: str, language: str) -> int:
        return 100 * len(self.text(line, prompt, language))

    def text(self, line: str, prompt: str, language: str) -> str:
        return self._texts.get(prompt, {}).get(language, "")


class Broken(NamedTuple):
    """A rule, the change that breaks it (file, old text, new text), the step it is told at, a word of the message."""

    rule: str
    step: str
    says: str
    changes: tuple[tuple[str, str, str], ...]


DEEPER = """\
  deeper: {menu: {prompt: after, options: {"1": fourth}}}
  fourth: {answer: {prompt: third, then: after}}"""

BROKEN = [
    Broken(
        "dead-end",
        "deep",
        "no proper end",
        (
            (LINE, 'options: {"1": third}}}', 'options: {"1": deep}, otherwise: deep}}'),
            (LINE, "  third: {answer: {prompt: third, then: after}}\n", ""),
        ),
    ),
    Broken(
        "endless-loop",
        "deep",
        "deep, third",
        (
            (LINE, 'deep: {menu: {prompt: deep, options: {"1": third}}}', "deep: {say: {prompt: deep, then: third}}"),
            (LINE, "third: {answer: {prompt: third, then: after}}", "third: {answer: {prompt: third, then: deep}}"),
        ),
    ),
    Broken(
        "expired-article",
        "rules",
        "A1",
        ((LINE, "article: [A1, A2]", "article: A1"), (ARTICLES, "valid_to: null", "valid_to: 2026-11-23")),
    ),
    Broken("operator-too-far", "welcome", "after 4", ((PROMPTS, "Welcome.", "Welcome." + " Please listen." * 27),)),
    Broken(
        "too-many-options",
        "menu",
        "6 options",
        (
            (LINE, '"8": english}', '"4": rules, "5": rules, "6": rules, "8": english}'),
            (PROMPTS, "Altro, 3.", "Altro, 3. A, 4. B, 5. C, 6."),
            (PROMPTS, "More, 3.", "More, 3. A, 4. B, 5. C, 6."),
        ),
    ),
    Broken("option-not-said", "more", "the key 2 in 'en'", ((PROMPTS, "Complaints, 2.", "Complaints, two."),)),
    Broken("key-not-offered", "deep", "says the key 4 in 'it'", ((PROMPTS, "Terza, 1.", "Terza, 1. Quarta, 4."),)),
    Broken(
        "phrases-alike",
        "more",
        "'contratto' for 1 and 'contratti' for 2 sound alike",
        (
            (
                LINE,
                '{"1": deep, "2": complaint}}',
                '{"1": {step: deep, phrases: {it: [contratto]}}, "2": {step: complaint, phrases: {it: [contratti]}}}}',
            ),
        ),
    ),
    Broken(
        "answer-too-deep",
        "fourth",
        "4 keys",
        (
            (LINE, 'options: {"1": third}}}', f'options: {{"1": third, "2": deeper}}}}}}\n{DEEPER}'),
            (PROMPTS, "Terza, 1.", "Terza, 1. Quarta, 2."),
            (PROMPTS, "Third, 1.", "Third, 1. Fourth, 2."),
        ),
    ),
    Broken("slot-never-filled", "told", "years", ((PROMPTS, "{age:number} anni", "{years:number} anni"),)),
    Broken("menu-too-long", "deep", "more than 20", ((PROMPTS, "Third, 1.", "Third" + " of so many answers" * 12 + ", 1."),)),
    Broken("no-complaint", "welcome", "complaint", ((LINE, "topic: reclamo", "topic: altro"),)),
    Broken("to-be-confirmed", "rules", "A1", ((ARTICLES, "certainty: A", "certainty: C"),)),
    Broken("unused-article", "", "A2", ((LINE, "article: [A1, A2]", "article: A1"),)),
]


def proved(files: dict[str, str], *, strict: bool = True, day: date = TODAY) -> list[tuple[str, str, str]]:
    line, problems = read_line(LineFiles(files), "prova")
    assert line is not None
    assert problems == []
    texts = line.texts()
    Catalogue({"prova": texts})
    found = prove(line, Ears({key: dict(text) for key, text in texts.items()}), day, strict=strict)
    assert all(problem.hint and problem.line > 0 for problem in found)
    return [(problem.rule, problem.field.removeprefix("steps.").partition(".")[0], problem.message) for problem in found]


def test_the_clean_line_is_clean() -> None:
    assert proved(CLEAN) == []


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_each_rule_is_broken_by_a_tree_that_breaks_no_other(broken: Broken) -> None:
    files = dict(CLEAN)
    for file, old, new in broken.changes:
        assert old in files[file]
        files[file] = files[file].replace(old, new, 1)
    rules = RULES if broken.rule in RULES else (*RULES, broken.rule)
    found = [each for each in proved(files) if each[0] in rules]
    assert [rule for rule, _, _ in found] == [broken.rule], found
    assert not broken.step or found[0][1] == broken.step
    assert broken.says in found[0][2]


def test_every_rule_has_its_tree() -> None:
    assert {broken.rule for broken in BROKEN} == {*RULES, *STRICT_RULES}


def test_what_is_only_advised_is_told_when_asked_for() -> None:
    files = {**CLEAN, ARTICLES: ANSWERS.replace("certainty: A", "certainty: C", 1)}
    assert proved(files, strict=False) == []
    assert [rule for rule, *_ in proved(files)] == ["to-be-confirmed"]


def test_an_article_may_expire_where_the_tree_leads_elsewhere_from_that_day_on() -> None:
    tree = TREE.replace('{"1": rules,', '{"1": which,').replace(
        "  rules: {answer: {article: [A1, A2], then: after}}",
        "  which: {if: {cases: [{when: {until: 2019-12-31}, then: old}], otherwise: rules}}\n"
        "  old: {answer: {article: A2, then: after}}\n  rules: {answer: {article: A1, then: after}}",
    )
    assert proved({**CLEAN, LINE: tree}) == []
    assert proved({**CLEAN, LINE: tree}, day=date(2012, 3, 1)) == [
        ("expired-article", "rules", "no article of A1 is valid on 01/03/2012")
    ]


def test_every_rule_is_on_the_page() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs/checks.md").read_text(encoding="utf-8")
    on_page = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    room = (root / "ivr_engine/dialogue").rglob("*.py")
    told = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', "".join(file.read_text(encoding="utf-8") for file in room)))
    assert on_page <= told
    assert {*RULES, *STRICT_RULES} <= on_page
    assert {rule for rule in told if "-" in rule} - {"utf-8"} <= on_page
