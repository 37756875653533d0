"""Calls of the line: which rule was right on which day, what goes to an operator, what `#` and every result lead to."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from ivr_engine.clock import ROME
from ivr_engine.events import Diverted, FunctionCalled, PromptMissing, QueueEntered
from ivr_engine.testing import Played
from ivr_engine.testing.conformance import Subject, subject_of

NOON = datetime(2026, 11, 24, 12, tzinfo=ROME).timestamp()


@pytest.fixture(scope="module")
def line() -> Subject:
    return subject_of(Path(__file__).parents[1])


def on(day: date) -> float:
    return datetime(day.year, day.month, day.day, 10, tzinfo=ROME).timestamp()


def after(played: Played, prompt: str) -> str:
    """The prompt that was heard next after that one."""
    return played.heard[played.heard.index(prompt) + 1]


@pytest.mark.parametrize(
    ("keys", "day", "article"),
    [
        ("3 1", date(2022, 4, 5), "C04"),
        ("3 1", date(2022, 4, 6), "C05"),
        ("5 1 2", date(2012, 7, 17), "C19.prima"),
        ("5 1 2", date(2012, 7, 18), "C19"),
        ("2 3", date(2012, 7, 17), "C11.prima"),
        ("2 3", date(2012, 7, 18), "C11"),
        ("5 1 5", date(2016, 12, 31), "C17.prima"),
        ("5 1 5", date(2017, 1, 1), "C17"),
        ("2 1 #", date(2012, 3, 1), "C09.prima"),
        ("2 1 #", date(2022, 10, 1), "C09"),
        ("2 2 #", date(2012, 3, 1), "C10.prima"),
        ("2 2 #", date(2022, 10, 1), "C10"),
    ],
)
def test_the_rule_of_the_day_is_heard(line: Subject, keys: str, day: date, article: str) -> None:
    heard = [prompt for prompt in line.play(keys, at=on(day)).heard if prompt.startswith("article.")]
    assert heard == [f"article.{article}"]


@pytest.mark.parametrize(("day", "prompt"), [(date(2016, 12, 31), "ufficio.prima"), (date(2017, 1, 1), "enti.itl")])
def test_the_office_for_penalties_is_called_as_it_was_then(line: Subject, day: date, prompt: str) -> None:
    assert prompt in line.play("1 5 3", at=on(day)).heard


RULES = [
    ("1 1", "C01"), ("1 2 1", "C02"), ("1 2 2", "C02"), ("1 2 3", "C02"), ("1 3 1", "C03"), ("1 3 2", "C03"), ("1 3 3", "C03"),
    ("1 3 4", "C20"), ("2 1", "C09"), ("2 2", "C10"), ("3 2", "C07"), ("3 4", "C08"), ("4 2 #", "C15"), ("5 1 3", "C20"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "article"), RULES)
@pytest.mark.parametrize("nothing", ["#", "~ ~ ~", "99999999 99999999 99999999"])
def test_who_keys_no_date_hears_the_rule(line: Subject, keys: str, article: str, nothing: str) -> None:
    if keys.startswith("4") and nothing[0] == "9":
        nothing = "11 11 11"  # two keys that are no province's
    played = line.play(f"{keys} {nothing}", at=NOON)
    assert after(played, f"article.{article}") == "altro"
    assert played.of(QueueEntered) == []


def test_a_date_may_be_keyed_into_the_question_and_its_noughts_are_digits(line: Subject) -> None:
    played = line.play("1 1 <01122026", at=NOON)
    assert played.progress.inputs == {"data": "2026-12-01"}
    assert "assunzione.aperta" in played.heard


# The keys of every result, and the function's label that leads there: today, 24/11/2026, unless a day is given.
RESULTS = [
    ("1 1 01122026", "open", "assunzione.aperta"),
    ("1 1 24112026", "passed", "assunzione.passata"),
    ("1 2 1 24112026", "open", "termine.aperto"),
    ("1 2 2 01032012", "passed", "termine.passato"),
    ("1 3 1 24112026", "open", "termine.aperto"),
    ("1 3 2 01032012", "passed", "termine.passato"),
    ("1 3 3 24112026", "open", "termine.aperto"),
    ("1 3 3 01032012", "passed", "termine.passato"),
    ("2 1 24112026", "open", "rettifica.aperta"),
    ("2 1 18112026", "passed", "rettifica.passata"),
    ("2 2 25112026", "open", "annullo.aperto"),
    ("2 2 23112026", "passed", "annullo.passato"),
    ("3 2 30112026", "open", "urgente.aperto"),
    ("3 2 20112026", "passed", "urgente.passato"),
    ("3 4 24112026", "open", "termine.aperto"),
    ("3 4 18112026", "passed", "termine.passato"),
    ("2 4 1300112000123456 1", "node", "codice.nodo"),
    ("2 4 2100112000123456 1", "other", "codice.altro"),
    ("2 4 0000000000000000 1", "uniurg", "codice.uniurg"),
    ("4 2 10121", "found", "nodo.detto"),
    ("4 2 12071 26 5", "found", "nodo.detto"),  # a postcode of two regions, then the province: the fifth that 26 may be, Cuneo
    ("1 4", "open", "article.C22"),
]
# What is due today.
TODAY = [
    "1 1 25112026", "1 2 1 19112026", "1 2 2 19112026", "1 2 3 19112026", "1 3 3 14112026", "2 1 19112026", "2 2 24112026",
    "3 2 25112026", "3 2 21112026", "3 2 19112026", "3 4 19112026",
]  # fmt: skip


@pytest.mark.parametrize(("keys", "label", "prompt"), RESULTS)
@pytest.mark.parametrize("language", ["it", "en"])
def test_a_result_is_heard_whole_with_the_warning_after_it(
    line: Subject, keys: str, label: str, prompt: str, language: str
) -> None:
    played = line.play(keys, replace(line.line, languages=(language,)), at=NOON)
    assert [event.outcome for event in played.of(FunctionCalled)][-1] == label
    assert after(played, prompt) == "altro"
    warning = {"it": "non sostituisce la verifica sul sistema", "en": "does not replace checking on the system"}[language]
    assert warning in " ".join(played.story)
    assert (played.of(PromptMissing), played.of(Diverted), played.of(QueueEntered)) == ([], [], [])


@pytest.mark.parametrize(("keys", "at"), [*((keys, NOON) for keys in TODAY), ("1 3 1 31102026", on(date(2026, 11, 20)))])
def test_what_is_due_today_goes_to_an_operator(line: Subject, keys: str, at: float) -> None:
    played = line.play(keys, at=at)
    assert "termine.oggi" in played.heard
    assert [event.queue for event in played.of(QueueEntered)] == ["co"]


@pytest.mark.parametrize(
    ("keys", "facts", "topic"),
    [
        ("1 5 2", {"motivo": "verbale ispettivo"}, "sanzioni"),
        ("3 1 2 10121", {"motivo": "malfunzionamento", "nodo": "piemonte"}, "malfunzionamento"),
        ("3 1 2 #", {"motivo": "malfunzionamento"}, "malfunzionamento"),
        ("4 4 2", {"motivo": "pratica di accentramento"}, "accentramento"),
        ("4 3 00743110157 1", {}, "accesso-accreditamento"),
        ("4 3 #", {}, "accesso-accreditamento"),
        ("5 3", {"motivo": "reclamo"}, "reclamo"),
        ("1 2 1 19112026", {"evento": "proroga", "scadenza": "2026-11-24"}, "scadenze"),
    ],
)
def test_the_operator_is_told_what_it_is_about(line: Subject, keys: str, facts: dict[str, str], topic: str) -> None:
    played = line.play(keys, at=NOON)
    assert len(played.of(QueueEntered)) == 1
    assert (dict(played.progress.facts), played.progress.topic) == (facts, topic)


def test_every_label_of_every_function_is_played_above(line: Subject) -> None:
    results = [line.play(keys, at=NOON) for keys, *_ in RESULTS] + [line.play(keys, at=NOON) for keys in TODAY]
    results += [line.play("1 3 1 31102026", at=on(date(2026, 11, 20))), line.play("1 4", at=on(date(2012, 1, 31)))]
    results += [line.play("3 1 2 10121", at=NOON), line.play("3 1 2 12071", at=NOON)]
    played = {(event.function, event.outcome) for result in results for event in result.of(FunctionCalled)}
    steps = [step for step in line.line.tree.steps.values() if step.kind == "do"]
    assert {(step.function, label) for step in steps for label in step.outcomes} == played  # type: ignore[attr-defined]
