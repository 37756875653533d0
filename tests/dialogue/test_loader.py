"""Every mistake in a line's files: named with file, line, field and rule."""

# ruff: noqa: E501 - a table is read by rows

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from ivr_engine.dialogue.loader import LineFiles, load_line, read_line
from ivr_engine.dialogue.model import ToLine, ToStep
from ivr_engine.dialogue.source import Source
from ivr_engine.dialogue.steps.menu import Menu
from ivr_engine.errors import Invalid

LINES = Path(__file__).parent / "lines"


class Mistake(NamedTuple):
    """One edit of a good line; the problem must stand on the line that holds `on`."""

    rule: str
    file: str
    old: str
    new: str
    on: str
    field: str
    says: str
    hint: str = ""


LINE, PROMPTS, ARTICLES = "line.yaml", "prompts.yaml", "articles.yaml"
MISTAKES = [
    Mistake("unknown-key", LINE, "queue: offices", "queue: offices\nlanguges: [it]", "languges", "languges", "no such key", "languages"),
    Mistake("unknown-key", LINE, "{prompt: notice,", "{promt: x, prompt: notice,", "promt", "steps.notice.say.promt", "no such", "prompt"),
    Mistake("missing-key", LINE, "queue: offices\n", "", "title", "queue", "is missing"),
    Mistake("missing-key", LINE, "prompt: all.busy, ", "", "all.busy:", "steps.all.busy.say.prompt", "is missing"),
    Mistake("wrong-value", LINE, "tries: 2", "tries: many", "tries", "steps.more.menu.tries", "a whole number, not 'many'"),
    Mistake("wrong-value", LINE, "tries: 2", "tries: 0", "tries", "steps.more.menu.tries", "greater than or equal to 1"),
    Mistake("wrong-value", LINE, "bargein: false", "bargein: 1", "bargein", "steps.notice.say.bargein", "true or false, not 1"),
    Mistake("wrong-value", LINE, "then: again,", "then: 7,", "notice:", "steps.notice.say.then", "must name a step"),
    Mistake("wrong-value", LINE, "{line: cards}", "{line: cards, step: menu}", "options", "steps.menu.menu.options.3", "another line as"),
    Mistake("wrong-value", LINE, '["800196001"]', "[800196001]", "numbers", "numbers.0", "must be text", "quotes"),
    Mistake("wrong-value", LINE, "[it, en]", "[]", "languages", "languages", "must not be empty"),
    Mistake("wrong-value", LINE, "{step: menu}", "{step: menu, line: cards}", "again: {", "steps.again.goto", "either a step or a line"),
    Mistake("wrong-value", LINE, "article: L01, ", "", "revoke: {", "steps.revoke.answer", "either an article or a prompt"),
    Mistake("wrong-value", LINE, "mon-fri: [", "fri-mon: [", "hours", "hours.week.fri-mon", "ends before it starts"),
    Mistake("wrong-value", LINE, "mon-fri: [", "lun-ven: [", "hours", "hours.week.lun-ven", "is no day"),
    Mistake("wrong-value", LINE, "09:00-13:00", "9-13", "hours", "hours.week.mon-fri.0", "write it as 09:00-18:00"),
    Mistake("wrong-value", LINE, "14:00-18:00", "12:00-18:00", "hours", "hours", "overlap"),
    Mistake("wrong-value", LINE, "sat: []", "fri: []", "hours", "hours", "fri is given twice"),
    Mistake("duplicate-key", LINE, "  bye: {", "  notice: {goodbye: {}}\n  bye: {", "notice: {goodbye", "steps.notice", "twice", "on line 20"),
    Mistake("step-kind", LINE, "{say: {prompt: all", "{saay: {prompt: all", "all.busy", "steps.all.busy.saay", "no such kind", "say"),
    Mistake("step-kind", LINE, "bye: {goodbye: {prompt: bye}}", "bye: {}", "  bye:", "steps.bye", "what kind", "goodbye"),
    Mistake("step-kind", LINE, "{goodbye: {", "{queue: {}, goodbye: {", "  bye: {", "steps.bye", "several kinds at once: queue, goodbye"),
    Mistake("unknown-target", LINE, "start: welcome", "start: welcom", "start", "start", "no step 'welcom'", "welcome"),
    Mistake("unknown-target", LINE, "operator: operator", "operator: nobody", "operator", "operator", "no step 'nobody'"),
    Mistake("unknown-target", LINE, '"1": revoke', '"1": revocke', "options", "steps.menu.menu.options.1", "no step", "revoke"),
    Mistake("unknown-target", LINE, "{step: menu}", "{step: meno}", "again: {", "steps.again.goto.step", "no step", "menu"),
    Mistake("unknown-target", LINE, "unknown: operator}", "unknown: nobody}", "office.find: {", "steps.office.find.do.outcomes.unknown", "no step"),
    Mistake("operator-step", LINE, "operator: operator", "operator: bye", "operator", "operator", "not a queue but a goodbye"),
    Mistake("reserved-key", LINE, '"4": notice', '"4": notice, "0": bye', "options", "steps.menu.menu.options.0", "key for operator", "another key"),
    Mistake("reserved-key", LINE, '"4": notice', '"4": notice, "*": bye', "options", "steps.menu.menu.options.*", "key for repeat", "another key"),
    Mistake("option-key", LINE, '"4": notice', '"4": notice, "12": bye', "options", "steps.menu.menu.options.12", "no key", "1 to 9"),
    Mistake("phrase-twice", LINE, '"1": revoke, "2": office', '"1": {step: revoke, phrases: {it: [Uno]}}, "2": {step: office, phrases: {it: [due, " uno"]}}', "options", "steps.menu.menu.options", "said for 1 and again for 2", "one option"),
    Mistake("unknown-language", LINE, '"1": revoke, "2": office', '"1": {step: revoke, phrases: {fr: [un]}}, "2": office', "options", "steps.menu.menu.options.1.phrases.fr", "does not speak 'fr'", "en, it"),
    Mistake("wrong-value", LINE, '"1": revoke, "2": office', '"1": {step: revoke, phrases: {it: []}}, "2": office', "options", "steps.menu.menu.options.1.it", "must not be empty"),
    Mistake("unknown-language", LINE, "{prompt: notice,", "{language: fr, prompt: notice,", "notice: {say", "steps.notice.say.language", "does not speak 'fr'"),
    Mistake("wrong-value", LINE, "queue: offices", 'queue: offices\nkeys: {"0": dance}', "dance", "keys.0", "'operator', 'repeat', 'back' or 'help'"),
    Mistake("wrong-value", LINE, "queue: offices", 'queue: offices\nkeys: {"10": back}', '"10"', "keys.10", "is no key"),
    Mistake("reserved-key", LINE, "queue: offices", 'queue: offices\nkeys: {"3": back}', "options", "steps.menu.menu.options.3", "the line's key for back"),
    Mistake("wrong-value", LINE, "article: L01", "article: []", "revoke: {", "steps.revoke.answer.article", "must not be empty"),
    Mistake("missing-article", LINE, "article: L01", "article: [L01, L10]", "revoke", "steps.revoke.answer.article", "no article 'L10'", "L01"),
    Mistake("missing-article", LINE, "article: L01", "article: L10", "revoke", "steps.revoke.answer.article", "no article 'L10'", "L01"),
    Mistake("unreachable", LINE, '"2": age}', '"2": bye}', "  age:", "steps.age", "no step leads here"),
    Mistake("missing-language", LINE, "it: Uffici, en: Offices", "it: Uffici", "title", "title", "no text in 'en'"),
    Mistake("syntax", LINE, "start: welcome", "start: [welcome", "operator", "", "is not YAML"),
    Mistake("syntax", LINE, "then: bye, timed", "then: *bye, timed", "operator: {", "", "aliases"),
    Mistake("missing-language", PROMPTS, "it: Arrivederci., en: Goodbye.", "it: Arrivederci.", "bye", "bye", "no text in 'en'"),
    Mistake("unknown-key", PROMPTS, "{it: Arrivederci.,", "{it: Arrivederci., de: Tschüs,", "bye", "bye.de", "does not speak 'de'"),
    Mistake("bad-slot", PROMPTS, "{cap:digits} risponde", "{cap:digit} risponde", "said", "office.said.it", "no known kind", "digits"),
    Mistake("bad-slot", PROMPTS, "{cap:digits} risponde", "{cap} risponde", "said", "office.said.it", "{cap} is no slot", "{name:kind}"),
    Mistake("bad-slot", PROMPTS, "{cap:digits} risponde", "{cap:digits risponde", "said", "office.said.it", "belongs to no slot"),
    Mistake("bad-slot", PROMPTS, "Key your age.", '"Key } your age."', "age.ask", "age.ask.en", "belongs to no slot"),
    Mistake("wrong-value", PROMPTS, "it: Arrivederci.", 'it: " "', "bye", "bye.it", "must say something"),
    Mistake("wrong-value", PROMPTS, "it: Arrivederci.", "it: 12", "bye", "bye.it", "must be text", "quotes"),
    Mistake("wrong-value", PROMPTS, "bye: {it", "by e: {it", "by e", "by e", "letters, digits"),
    Mistake("prompt-name", PROMPTS, "notice: {", "article.L02: {", "article.L02", "article.L02", "those of articles"),
    Mistake("duplicate-key", PROMPTS, "notice: {", "bye: {", "Goodbye", "bye", "twice", "on line 8"),
    Mistake("missing-key", ARTICLES, "  source: S20\n", "", "L01", "L01.source", "is missing"),
    Mistake("wrong-value", ARTICLES, "certainty: A", "certainty: D", "certainty", "L01.certainty", "'A', 'B' or 'C'"),
    Mistake("wrong-value", ARTICLES, "2012-07-18", "2012-07-38", "valid_from", "L01.valid_from", "'2012-07-38' cannot be"),
    Mistake("wrong-value", ARTICLES, "2012-07-18", "July", "valid_from", "L01.valid_from", "a date such as"),
    Mistake("wrong-value", ARTICLES, "valid_to: null", "valid_to: 2012-01-01", "valid_to", "L01.valid_to", "before valid_from"),
    Mistake("bad-slot", ARTICLES, "Le dimissioni si possono revocare entro sette giorni.", "'Entro {n:number} giorni'", "text", "L01.text.it", "no slots"),
    Mistake("missing-language", ARTICLES, "it: Revoca, en: Revocation", "it: Revoca", "title", "L01.title", "no text in 'en'"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LINES / "offices", tmp_path / "offices"))


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m.rule}:{m.field or 'file'}:{m.new[:20]}" for m in MISTAKES])
def test_each_mistake_is_named_where_it_stands(folder: Path, mistake: Mistake) -> None:
    path = folder / mistake.file
    text = path.read_text(encoding="utf-8")
    assert mistake.old in text
    edited = text.replace(mistake.old, mistake.new, 1)
    path.write_text(edited, encoding="utf-8")
    numbers = [number for number, line in enumerate(edited.splitlines(), 1) if mistake.on in line]

    with pytest.raises(Invalid) as failure:
        load_line(folder, "offices")

    found = [problem for problem in failure.value.problems if (problem.rule, problem.field) == (mistake.rule, mistake.field)]
    assert len(found) == 1, failure.value
    assert found[0].file == str(path)
    assert found[0].line in numbers
    assert mistake.says in found[0].message
    assert mistake.hint in found[0].hint


def test_all_mistakes_of_all_files_are_told_at_once(folder: Path) -> None:
    for file, old, new in (
        (LINE, "tries: 2", "tries: two"),
        (LINE, "article: L01", "article: L10"),
        (PROMPTS, "{cap:digits} risponde", "{cap:figures} risponde"),
        (ARTICLES, "certainty: A", "certainty: Z"),
    ):
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Invalid) as failure:
        load_line(folder, "offices")
    assert [(Path(problem.file).name, problem.rule) for problem in failure.value.problems] == [
        (LINE, "missing-article"),
        (LINE, "wrong-value"),
        (PROMPTS, "bad-slot"),
        (ARTICLES, "wrong-value"),
    ]


@pytest.mark.parametrize(
    ("content", "rule", "says"),
    [
        (None, "unreadable", "no such file"),
        (b"\xff\xfe\x00", "unreadable", "not UTF-8"),
        (b"", "empty", "is empty"),
        (b"- a\n", "wrong-value", "group of keys"),
        (b"a: " + b"[" * 600, "syntax", "nested too deep"),
    ],
)
def test_a_file_that_is_none(folder: Path, content: bytes | None, rule: str, says: str) -> None:
    path = folder / PROMPTS
    path.unlink() if content is None else path.write_bytes(content)
    line, problems = read_line(LineFiles.of_folder(folder, {}), "offices")
    assert line is not None
    assert [(problem.file, problem.line, problem.rule) for problem in problems] == [(str(path), 0, rule)]
    assert says in problems[0].message


def test_what_libyaml_itself_will_not_nest() -> None:
    assert [problem.rule for problem in Source("", "a: " + "[" * 30_000).problems] == ["syntax"]


def test_a_good_line_is_typed(lines: dict) -> None:
    offices = lines["offices"]
    menu = offices.tree.steps["menu"]
    assert isinstance(menu, Menu)
    assert menu.options["1"].target == ToStep("revoke")
    assert menu.options["3"].target == ToLine("cards")
    assert (menu.tries, menu.timeout, menu.bargein) == (3, 5.0, True)
    assert offices.hours.week == {"mon-fri": ("09:00-13:00", "14:00-18:00"), "sat": ()}
    assert offices.texts()["article.L01"]["en"] == "A resignation can be revoked within seven days."
    assert lines["cards"].articles == {}


def test_option_keys_need_no_quotes(folder: Path) -> None:
    path = folder / LINE
    path.write_text(path.read_text(encoding="utf-8").replace('"1": revoke', "1: revoke"), encoding="utf-8")
    assert load_line(folder, "offices").tree.steps["menu"].options["1"].target == ToStep("revoke")


def test_the_version_follows_the_content_and_nothing_else(folder: Path) -> None:
    first = load_line(folder, "offices").tree.version
    path = folder / LINE
    path.write_text("# a remark\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_line(folder, "offices").tree.version == first
    prompts = folder / PROMPTS
    prompts.write_text(prompts.read_text(encoding="utf-8").replace("Goodbye.", "Bye."), encoding="utf-8")
    assert load_line(folder, "offices").tree.version != first
