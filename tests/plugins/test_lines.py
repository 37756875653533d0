"""The lines that are shipped: they load clean, keep to the house rules, and whole calls of each end as they should."""

import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from ivr_engine.dialogue.loader import check, load_line
from ivr_engine.dialogue.steps.answer import Answer
from ivr_engine.dialogue.steps.ask import Ask
from ivr_engine.dialogue.steps.menu import Menu
from ivr_engine.dialogue.validators import VALIDATORS
from ivr_engine.events import Cause, Diverted, FunctionCalled, PromptHeard, PromptMissing, QueueEntered
from ivr_engine.speech.catalogue import core_texts
from ivr_engine.testing import Played, play_line

NAMES = ("centralino", "lavoro", "sociale", "comunicazioni_obbligatorie", "tfr_cliclavoro")
THEMES = NAMES[1:]
NOON = datetime(2026, 11, 24, 11, tzinfo=UTC).timestamp()

MODULES = {name: import_module(f"ivr_plugins.{name}") for name in NAMES}
LINES = {name: load_line(Path(str(module.__file__)).parent, name) for name, module in MODULES.items()}
FUNCTIONS = {name: module.ivr_functions() if name in THEMES else {} for name, module in MODULES.items()}
EVERY_FUNCTION = {name: function for functions in FUNCTIONS.values() for name, function in functions.items()}


def play(line: str, keys: str, **how: object) -> Played:
    others = [other for other in LINES.values() if other.name != line]
    return play_line(LINES[line], keys, others=others, functions=EVERY_FUNCTION, at=NOON, **how)  # type: ignore[arg-type]


def answers(played: Played) -> list[str]:
    return [event.prompt for event in played.of(PromptHeard) if event.counts]


def test_the_lines_fit_together() -> None:
    assert check(LINES, FUNCTIONS, VALIDATORS, core_texts()) == []


def test_numbers_and_queues_are_those_of_the_service() -> None:
    assert {name: (line.numbers, line.queue) for name, line in LINES.items()} == {
        "centralino": (("800196196",), "lavoro"),
        "lavoro": (("800196001",), "lavoro"),
        "sociale": (("800196002",), "sociale"),
        "comunicazioni_obbligatorie": (("800196003",), "co"),
        "tfr_cliclavoro": (("800196004",), "tfr"),
    }


@pytest.mark.parametrize("name", THEMES)
def test_a_line_answers_at_least_five_questions_and_takes_a_checked_input(name: str) -> None:
    steps = LINES[name].tree.steps.values()
    assert len({article for step in steps for _, article in step.articles()}) >= 5
    assert [step for step in steps if isinstance(step, Ask)]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_and_never_used(name: str) -> None:
    line = LINES[name]
    steps = line.tree.steps.values()
    assert {article for step in steps for _, article in step.articles()} == set(line.articles)
    assert {step.function for step in steps if step.kind == "do"} == set(FUNCTIONS[name])  # type: ignore[attr-defined]
    spoken = {key for step in steps for _, key in step.prompts()}
    by_value = {key for key in line.prompts if key.startswith(("provincia.", "ente."))}
    assert set(line.prompts) == (spoken & set(line.prompts)) | by_value


@pytest.mark.parametrize("name", NAMES)
def test_menus_have_at_most_five_options_each_named_before_its_key(name: str) -> None:
    line = LINES[name]
    for step in line.tree.steps.values():
        if not isinstance(step, Menu):
            continue
        assert len(step.options) <= 5
        texts = line.prompts.get(step.prompt[0]) or core_texts()[step.prompt[0]]
        for language in line.languages:
            keys = re.findall(r", (\d)\.", texts[language])
            assert sorted(key for key in keys if key != "0") == sorted(step.options), (step.prompt, language)


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_short_enough_to_be_heard(name: str) -> None:
    for number, article in LINES[name].articles.items():
        assert len(article.text["it"].split()) <= 40, number


def test_every_office_a_postcode_can_lead_to_has_a_name() -> None:
    prompts = LINES["lavoro"].prompts
    territory = import_module("ivr_plugins.lavoro.functions")._TERRITORY
    provinces = {*territory["prefixes"].values(), *territory["thirds"].values()}
    assert {f"provincia.{code}" for code in provinces} <= core_texts().keys()
    assert {f"ente.{body}" for body in territory["autonomous"]} == {key for key in prompts if key.startswith("ente.")}


SAMPLE = {
    "date": "24112026",
    "cap": "00187",
    "age": "70",
    "partita_iva": "00743110157",
    "codice_comunicazione": "1300112000123456",
}


def ways(name: str) -> dict[str, str]:
    """How each step of a line is keyed from its start, through menus and asks."""
    steps = LINES[name].tree.steps
    keyed = {LINES[name].tree.start: ""}
    waiting = [LINES[name].tree.start]
    while waiting:
        here = waiting.pop(0)
        step = steps[here]
        for path, target in step.targets():
            there = getattr(target, "step", None)
            key = path[-1] if isinstance(step, Menu) else SAMPLE[step.input] + "#" if isinstance(step, Ask) else ""
            if there and there not in keyed and "otherwise" not in path and step.kind != "do":
                keyed[there] = f"{keyed[here]} {key}".strip()
                waiting.append(there)
    return keyed


@pytest.mark.parametrize(
    ("name", "step", "keys"),
    [
        (name, step, keys)
        for name in THEMES
        for step, keys in ways(name).items()
        if isinstance(LINES[name].tree.steps[step], Answer)
    ],
)
def test_every_answer_is_heard_whole_by_a_caller_who_keys_their_way_to_it(name: str, step: str, keys: str) -> None:
    played = play(name, keys)
    answer = LINES[name].tree.steps[step]
    assert isinstance(answer, Answer)
    assert {f"article.{article}" for article in answer.article or ()} & {*answers(played)} or answer.prompt in answers(played)
    assert played.of(Diverted) == []
    assert played.of(PromptMissing) == []


# Line, keys, the last answer or result heard ("" for none), the queue entered ("" for none).
CALLS = [
    ("centralino", "1 1 1 ~ ~", "article.L01", ""),
    ("centralino", "2 1 2 70# ~ ~", "carta.settanta", ""),
    ("centralino", "3 1 1 25112026 0", "", "co"),  # due today
    ("centralino", "4 2 ~ ~", "article.T03", ""),
    ("centralino", "0", "", "lavoro"),
    ("lavoro", "1 2 24112026 ~ ~", "revoca.aperta", ""),
    ("lavoro", "1 2 18112026", "", "lavoro"),  # one day left
    ("lavoro", "1 2 01032012 ~ ~", "revoca.scaduta", ""),
    ("lavoro", "2 2 24112026 ~ ~", "impugnazione.aperta", ""),
    ("lavoro", "2 2 25092026", "", "lavoro"),
    ("lavoro", "2 2 01032012 ~ ~", "impugnazione.scaduta", ""),
    ("lavoro", "2 4 24112026 ~ ~", "naspi.aperta", ""),
    ("lavoro", "2 4 17092026", "", "lavoro"),
    ("lavoro", "2 4 01032012 ~ ~", "naspi.scaduta", ""),
    ("lavoro", "3 3 00187 ~ ~", "ufficio.statale", ""),
    ("lavoro", "3 3 28100 ~ ~", "ufficio.statale", ""),  # Novara, whose letters YAML may take for "no"
    ("lavoro", "3 3 90133 ~ ~", "ufficio.autonomo", ""),
    ("lavoro", "3 3 38122 ~ ~", "ufficio.autonomo", ""),
    ("lavoro", "3 3 33100", "", "lavoro"),  # Udine or Pordenone
    ("lavoro", "3 3 00000 99999 00005", "", "lavoro"),  # three that are no postcode
    ("lavoro", "1 4", "article.L04", "lavoro"),
    ("lavoro", "4 2", "article.L15", "lavoro"),
    ("sociale", "1 2 2# ~ ~", "carta.bambino", ""),
    ("sociale", "1 2 30# ~ ~", "carta.no", ""),
    ("sociale", "1 2 65# ~ ~", "carta.anziano", ""),
    ("sociale", "1 2 101 ~ ~", "carta.settanta", ""),
    ("sociale", "4 1", "article.S16", ""),
    ("sociale", "4 2", "article.S13", "sociale"),
    ("sociale", "5 2 00743110157", "article.S15", "sociale"),
    ("sociale", "5 2 #", "article.S15", "sociale"),
    ("comunicazioni_obbligatorie", "1 1 19032012 ~ ~", "assunzione.passata", ""),
    ("comunicazioni_obbligatorie", "1 1 01122026 ~ ~", "assunzione.aperta", ""),
    ("comunicazioni_obbligatorie", "1 2 13122011 ~ ~", "termine.passato", ""),
    ("comunicazioni_obbligatorie", "1 2 29092027 ~ ~", "termine.aperto", ""),
    ("comunicazioni_obbligatorie", "1 2 19112026", "", "co"),
    ("comunicazioni_obbligatorie", "1 3 31012012 ~ ~", "termine.passato", ""),
    ("comunicazioni_obbligatorie", "1 3 24112026 ~ ~", "termine.aperto", ""),
    ("comunicazioni_obbligatorie", "2 4 1300112000123456 1", "", "co"),
    ("comunicazioni_obbligatorie", "2 4 1300112000123457 2 1300112000123456 1", "", "co"),
    ("comunicazioni_obbligatorie", "4 3 00743110157", "article.C16", "co"),
    ("comunicazioni_obbligatorie", "4 4 0", "article.C14", "co"),
    ("tfr_cliclavoro", "1 24112026 ~ ~", "scelta.sessanta.giorni", ""),
    ("tfr_cliclavoro", "1 01072026 ~ ~", "scelta.automatica", ""),
    ("tfr_cliclavoro", "1 30062026 ~ ~", "scelta.sei.mesi", ""),
    ("tfr_cliclavoro", "1 01032012 ~ ~", "scelta.passata", ""),
    ("tfr_cliclavoro", "1 31122006 ~ ~", "article.T03", ""),
    ("tfr_cliclavoro", "5 3", "article.T09", "tfr"),
]


@pytest.mark.parametrize(("line", "keys", "answer", "queue"), CALLS)
def test_a_call(line: str, keys: str, answer: str, queue: str) -> None:
    played = play(line, keys)
    assert (answers(played) or [""])[-1] == answer
    assert [event.queue for event in played.of(QueueEntered)] == ([queue] if queue else [])
    assert queue or played.cause is Cause.GOODBYE
    assert [event for event in played.of(FunctionCalled) if event.error] == []
    assert played.of(PromptMissing) == []


def test_every_outcome_of_every_function_was_played() -> None:
    seen = {(event.function, event.outcome) for line, keys, *_ in CALLS for event in play(line, keys).of(FunctionCalled)}
    listed = {
        (step.function, label)  # type: ignore[attr-defined]
        for line in LINES.values()
        for step in line.tree.steps.values()
        if step.kind == "do"
        for label in step.outcomes  # type: ignore[attr-defined]
    }
    # The 20th is today only on a 20th, and NOON is not one.
    assert listed - seen == {("termine.venti", "today")}


def test_what_was_keyed_reaches_the_operator() -> None:
    progress = play("comunicazioni_obbligatorie", "2 4 1300112000123456 1").progress
    assert progress.inputs == {"codice": "1300112000123456"}
    assert progress.facts == {"codice_comunicazione": "1300112000123456", "nodo": "Piemonte"}


def test_a_silent_caller_who_has_their_answer_is_let_go_and_not_queued() -> None:
    played = play("lavoro", "1 1 ~ ~")
    assert played.heard[-1] == "goodbye"
    assert played.of(QueueEntered) == []


def test_a_foreign_minor_alone_comes_before_others_in_the_queue() -> None:
    assert [event.priority for event in play("sociale", "4 2").of(QueueEntered)] == [10]
    assert [event.priority for event in play("sociale", "0").of(QueueEntered)] == [0]
