"""The lines that are shipped: whole, clean, and kept to by thousands of callers."""

import re
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path

import pytest

from ivr_engine.clock import ROME
from ivr_engine.config import Settings
from ivr_engine.dialogue.diversion import Reason
from ivr_engine.dialogue.steps.menu import Menu
from ivr_engine.dialogue.understanding import choice
from ivr_engine.engine.lines import load_lines, proved
from ivr_engine.events import Diverted, QueueEntered, TransferEntered
from ivr_engine.hearing import Guess
from ivr_engine.testing import conformance as kit
from ivr_engine.testing.conformance import Subject, subject_of

NAMES = ("centralino", "lavoro", "sociale", "comunicazioni_obbligatorie", "tfr_cliclavoro")
NOON = datetime(2026, 11, 24, 11, tzinfo=UTC).timestamp()
IN_2012 = datetime(2012, 3, 1, 10, tzinfo=ROME).timestamp()
ROWS = {
    "lavoro": [f"L{number:02}" for number in range(1, 21)],
    "sociale": [f"S{number:02}" for number in range(1, 17)],
    "comunicazioni_obbligatorie": [f"C{number:02}" for number in range(1, 23)],
    "tfr_cliclavoro": [f"T{number:02}" for number in range(1, 10)],
}
CALLERS = 2000


@pytest.fixture(scope="module")
def subjects() -> dict[str, Subject]:
    folders = {name: Path(str(import_module(f"ivr_plugins.{name}").__file__)).parent for name in NAMES}
    return {name: subject_of(folder) for name, folder in folders.items()}


@pytest.mark.parametrize(("language", "text"), [("it", "mi aiuti"), ("it", "aiuto"), ("en", "help me"), ("en", "help")])
def test_who_asks_for_help_where_danger_is_a_choice_is_in_danger(language: str, text: str) -> None:
    menu = load_lines(Settings()).lines["sociale"].tree.steps["persone"]
    assert isinstance(menu, Menu)
    phrases = {key: option.phrases[language] for key, option in menu.options.items()}
    said = choice([Guess(text, 0.98)], phrases, language)
    assert (said.value, said.command) == ("1", None)


def test_the_lines_fit_together_and_nothing_can_be_said_against_them() -> None:
    lines = load_lines(Settings())
    assert {*NAMES} <= set(lines.lines)
    assert proved(lines, date(2026, 11, 24)) == []
    advised = {problem.rule for problem in proved(lines, date(2026, 11, 24), strict=True)}
    assert advised == {"to-be-confirmed"}  # answers of certainty C, until somebody who knows has confirmed them


def test_numbers_and_queues_are_those_of_the_service(subjects: dict[str, Subject]) -> None:
    assert {name: (subject.line.numbers, subject.line.queue) for name, subject in subjects.items()} == {
        "centralino": (("800196196",), "lavoro"),
        "lavoro": (("800196001",), "lavoro"),
        "sociale": (("800196002",), "sociale"),
        "comunicazioni_obbligatorie": (("800196003",), "co"),
        "tfr_cliclavoro": (("800196004",), "tfr"),
    }


@pytest.mark.parametrize("name", ROWS)
def test_every_question_of_the_service_has_its_answer(subjects: dict[str, Subject], name: str) -> None:
    assert {*ROWS[name]} <= {article.partition(".")[0] for article in subjects[name].line.articles}


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_short_enough_to_be_heard(subjects: dict[str, Subject], name: str) -> None:
    for number, article in subjects[name].line.articles.items():
        assert len(article.text["it"].split()) <= 40, number


@pytest.mark.parametrize("name", NAMES)
def test_no_two_articles_of_a_row_are_in_force_on_one_day(subjects: dict[str, Subject], name: str) -> None:
    for step in subjects[name].line.tree.steps.values():
        listed = [subjects[name].line.articles[article] for _, article in step.articles()]
        for day in (date(2011, 11, 15), date(2012, 3, 1), date(2012, 12, 31), date(2017, 1, 1), date(2026, 11, 24)):
            assert len({article.text["it"] for article in listed if article.valid(day)}) <= (2 if name == "tfr_cliclavoro" else 1)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_tells_of_the_ministry_and_takes_complaints(subjects: dict[str, Subject], name: str) -> None:
    line = subjects[name].line
    assert "ministero" in line.parts
    played = subjects[name].play({"centralino": "5 2 2", "tfr_cliclavoro": "5 5"}.get(name, "5 3"), at=NOON)
    assert (played.progress.topic, len(played.of(QueueEntered))) == ("reclamo", 1)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_can_be_said_in_every_language(subjects: dict[str, Subject], name: str) -> None:
    steps = subjects[name].line.tree.steps
    menus = [
        step for key, step in steps.items() if step.kind == "menu" and key in {"menu", "altri.temi", "scadenze", "dimissioni"}
    ]
    for menu in menus:
        for option in menu.options.values():  # type: ignore[attr-defined]
            assert set(option.phrases) == {"it", "en"}


# What must go to an operator at once, by the keys that lead to it.
OPERATOR = [
    ("lavoro", "1 4"),  # L04
    ("lavoro", "4 2"),  # L15
    ("lavoro", "2 5 2 00743110157 1"),  # L10, the state of a decree
    ("lavoro", "1 2 18112026"),  # a term that ends within three days
    ("lavoro", "2 2 25092026"),
    ("lavoro", "2 4 17092026"),
    ("sociale", "4 2"),  # S13
    ("sociale", "5 1 1 1 00743110157 1"),  # S14, a case
    ("sociale", "5 1 2 00743110157 1"),  # S15
    ("comunicazioni_obbligatorie", "4 4 2"),  # C14, filing it
    ("comunicazioni_obbligatorie", "4 3 00743110157 1"),  # C16
    ("comunicazioni_obbligatorie", "1 1 25112026"),  # a term that ends today
    ("comunicazioni_obbligatorie", "1 5 2"),  # an inspection report
    ("comunicazioni_obbligatorie", "3 1 2 33100"),  # an outage that no notice covers
    ("tfr_cliclavoro", "5 3"),  # T09
]


@pytest.mark.parametrize(("name", "keys"), OPERATOR)
def test_what_only_a_person_can_answer_comes_to_a_person(subjects: dict[str, Subject], name: str, keys: str) -> None:
    played = subjects[name].play(keys, at=NOON)
    assert len(played.of(QueueEntered)) == 1
    assert played.of(Diverted) == []


def test_an_emergency_is_spoken_and_never_queued_or_dialled(subjects: dict[str, Subject]) -> None:
    for at in (NOON, IN_2012):
        played = subjects["sociale"].play("4 1", at=at)
        assert "centododici" in " ".join(played.story)
        assert played.of(QueueEntered) == []
        assert played.of(TransferEntered) == []
    assert "centododici" in subjects["sociale"].play("!").story[0]


def test_a_foreign_minor_alone_comes_before_others_in_the_queue(subjects: dict[str, Subject]) -> None:
    assert [event.priority for event in subjects["sociale"].play("4 2").of(QueueEntered)] == [10]
    assert [event.priority for event in subjects["sociale"].play("0").of(QueueEntered)] == [0]


@pytest.mark.parametrize("name", NAMES)
def test_nobody_in_2012_hears_the_law_of_today(subjects: dict[str, Subject], name: str) -> None:
    """Every answer of the line is asked for on that day: it is in force, or the caller goes to an operator."""
    subject = subjects[name]
    for key, step in subject.line.tree.steps.items():
        if not list(step.articles()):
            continue
        tree = kit.replace(subject.line.tree, start=key)
        played = subject.play("!", kit.replace(subject.line, tree=tree), at=IN_2012)
        heard = [prompt.removeprefix("article.") for prompt in played.heard if prompt.startswith("article.")]
        diverted = [event.reason for event in played.of(Diverted)]
        assert heard or diverted == [Reason.ARTICLE_NOT_VALID]
        assert all(subject.line.articles[article].valid(date(2012, 3, 1)) for article in heard)


@pytest.mark.parametrize("name", NAMES)
def test_the_line_conforms_and_thousands_of_callers_end_well(subjects: dict[str, Subject], name: str) -> None:
    assert len(subjects[name].scripts or {}) >= 6
    assert kit.examine(subjects[name], calls=CALLERS, seed=2011) == []


def test_telephone_numbers_are_written_as_they_are_said(subjects: dict[str, Subject]) -> None:
    for subject in subjects.values():
        for key, texts in subject.line.texts().items():
            assert not re.search(r"\d{2,}", texts["it"]), key
