"""Calls of the main number: the themes, English, the Ministry, danger."""

from pathlib import Path

import pytest

from ivr_engine.events import LineChosen, QueueEntered
from ivr_engine.testing.conformance import Subject, subject_of

THEMES = {"1": "lavoro", "2": "sociale", "3": "comunicazioni_obbligatorie", "4": "tfr_cliclavoro"}


@pytest.fixture(scope="module")
def line() -> Subject:
    return subject_of(Path(__file__).parents[1])


@pytest.mark.parametrize("key", THEMES)
def test_a_theme_leads_to_its_line_and_back_to_the_main_menu(line: Subject, key: str) -> None:
    played = line.play(f"{key} 9 !")
    assert [event.line for event in played.of(LineChosen)] == ["centralino", THEMES[key], "centralino"]
    assert (played.steps[-1], played.heard[-1]) == ("menu", "menu")


def test_those_who_know_need_not_wait_for_the_welcome(line: Subject) -> None:
    played = line.play("<3 !")
    assert [event.line for event in played.of(LineChosen)] == ["centralino", "comunicazioni_obbligatorie"]
    assert "inglese" not in played.heard


@pytest.mark.parametrize("key", THEMES)
def test_english_lasts_on_the_line_that_the_caller_goes_on_to(line: Subject, key: str) -> None:
    story = line.play(f"8 {key} !").story
    menus = [said for said in story if said.startswith("menu: ")]
    assert "Operatore" in menus[0]
    assert all("Operator, " in said and "Operatore" not in said for said in menus[1:])
    assert len(menus) == 3


def test_english_is_not_offered_to_those_who_have_it(line: Subject) -> None:
    assert line.play("8 !").heard.count("inglese") == 1


def test_danger_is_spoken_of_before_anything_is_chosen_and_never_queued(line: Subject) -> None:
    played = line.play("!")
    assert "centododici" in played.story[0]
    assert played.of(QueueEntered) == []


def test_an_operator_is_one_of_the_labour_queue(line: Subject) -> None:
    assert [event.queue for event in line.play("0").of(QueueEntered)] == ["lavoro"]


def test_when_no_operator_is_there_a_callback_is_offered(line: Subject) -> None:
    assert "callback.later" in line.play("0", operators_there=False).heard
