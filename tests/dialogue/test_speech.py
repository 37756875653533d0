"""Callers who say it: bands, confirmation, fallbacks to keys and then to an operator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ivr_engine.dialogue.runner import Runner
from ivr_engine.events import InputTaken, PrivateNoted, SpeechHeard
from ivr_engine.speech.catalogue import Catalogue
from ivr_engine.testing import FakeCall, play_line
from ivr_engine.testing.rehearsal import house_of, run

if TYPE_CHECKING:
    from .conftest import Made

MENU = """
menu:
  menu:
    prompt: scelta
    options:
      "1": {step: uno, phrases: {it: [dimissioni, licenziamento], en: [resignation]}}
      "2": {step: due, phrases: {it: [carta acquisti], en: [card]}}
uno: {goodbye: {prompt: bye}}
due: {goodbye: {prompt: bye}}
"""


def results(played: object) -> list[str]:
    return [event.result for event in played.of(SpeechHeard)]  # type: ignore[attr-defined]


def test_what_is_said_plainly_is_taken(line_of: Made) -> None:
    played = play_line(line_of(MENU), '"vorrei informazioni sulle dimissioni"')
    assert played.steps == ["menu", "uno"]
    assert results(played) == ["said"]
    assert [(event.result, event.value) for event in played.of(InputTaken)] == [("match", "1")]
    assert played.progress.path[0] == ("made", "menu", "1")
    assert [e.value for e in played.of(PrivateNoted) if e.name == "said.menu"] == ["vorrei informazioni sulle dimissioni"]
    assert played.progress.said == ["vorrei informazioni sulle dimissioni"]


def test_nobody_finds_words_in_the_journal(line_of: Made) -> None:
    played = play_line(line_of(MENU), '"dimissioni"')
    assert not [event for event in played.events if not isinstance(event, PrivateNoted) and "dimissioni" in repr(event)]


def test_speech_cuts_into_the_prompt(line_of: Made) -> None:
    played = play_line(line_of(MENU), '<"carta acquisti"')
    assert played.steps == ["menu", "due"]
    (_hint,) = [event for event in played.events if getattr(event, "prompt", "") == "speech.hint"]
    assert _hint.heard_ms == 500 < _hint.length_ms


def test_what_was_half_heard_is_read_back(line_of: Made) -> None:
    played = play_line(line_of(MENU), '"dimissioni"@0.0 1')
    assert played.steps == ["menu", "uno"]
    assert results(played) == ["unsure", "confirmed"]
    assert played.heard[-3:] == ["said.menu.1", "speech.said", "bye"]


@pytest.mark.parametrize("answer", ["2", '"no"'])
def test_what_was_wrong_is_asked_again(line_of: Made, answer: str) -> None:
    played = play_line(line_of(MENU), f'"dimissioni"@0.0 {answer} "carta acquisti"')
    assert played.steps == ["menu", "due"]
    assert results(played) == ["unsure", "corrected", "said"]
    assert "speech.low" in played.heard


@pytest.mark.parametrize(("answers", "steps", "found"), [
    ("2 1", ["menu", "due"], ["unsure", "corrected", "confirmed"]),
    ('"no" "sì"', ["menu", "due"], ["unsure", "corrected", "confirmed"]),
    ('2 2 "permesso"@0.0 7', ["menu", "operator"], ["unsure", "corrected", "corrected"]),
])  # fmt: skip
def test_of_two_that_are_as_likely_the_other_is_offered_after_a_no(
    line_of: Made, answers: str, steps: list[str], found: list[str]
) -> None:
    close = MENU.replace("dimissioni, licenziamento", "permesso lavoro").replace("carta acquisti", "permesso lavori")
    played = play_line(line_of(close), f'"permesso lavoro" {answers}')
    assert played.steps == steps
    assert results(played)[: len(found)] == found


def test_yes_may_be_said(line_of: Made) -> None:
    assert play_line(line_of(MENU), '"dimissioni"@0.0 "sì"').steps == ["menu", "uno"]


def test_two_turns_in_vain_leave_keys_and_a_third_the_operator(line_of: Made) -> None:
    played = play_line(line_of(MENU), '"bicicletta" "fontana" 7')
    assert results(played) == ["low", "low"]
    assert played.heard.index("speech.low") < played.heard.index("speech.keys")
    assert played.steps == ["menu", "operator"]
    assert play_line(line_of(MENU), '"bicicletta" "fontana" 2').steps == ["menu", "due"]


def test_a_noise_is_no_silence(line_of: Made) -> None:
    played = play_line(line_of(MENU), '"" "dimissioni"')
    assert results(played) == ["noise", "said"]
    assert [event.result for event in played.of(InputTaken)] == ["nomatch", "match"]


def test_an_operator_may_be_asked_for(line_of: Made) -> None:
    played = play_line(line_of(MENU), '"mi passi un operatore"')
    assert played.steps == ["menu", "operator"]
    assert results(played) == ["command"]


def test_danger_is_a_persons_matter(line_of: Made) -> None:
    assert play_line(line_of(MENU), '"mio marito è in ospedale"').steps == ["menu", "operator"]


@pytest.mark.parametrize("why", ["busy", "missing", "unreachable", "died"])
def test_where_nobody_listens_keys_work_and_it_is_said_to_nobody(line_of: Made, why: str) -> None:
    played = play_line(line_of(MENU), '2 "x"', deaf=why)  # type: ignore[arg-type]
    assert played.steps == ["menu", "due"]
    assert results(played) == [why]
    assert played.heard == ["scelta", "bye"]


@pytest.mark.parametrize("head", ["speech: false", ""])
def test_a_line_or_a_step_may_take_keys_alone(line_of: Made, head: str) -> None:
    steps = MENU if head else MENU.replace("prompt: scelta", "prompt: scelta\n    speech: false")
    played = play_line(line_of(steps, head=head), '"dimissioni" 2')
    assert played.steps == ["menu", "due"]
    assert results(played) == []
    assert "speech.hint" not in played.heard


def test_a_step_has_its_own_bands(line_of: Made) -> None:
    strict = MENU.replace("prompt: scelta", "prompt: scelta\n    speech: {take: 1, confirm: 0.2}")
    assert results(play_line(line_of(strict), '"dimissioni"@0.9 1')) == ["unsure", "confirmed"]


ASK = """
quale: {ask: {prompt: quale, input: INPUT, then: vero}}
vero: {confirm: {prompt: quale, then: fine, again: quale}}
fine: {goodbye: {prompt: bye}}
"""


@pytest.mark.parametrize(
    ("validator", "said", "value"),
    [
        ("cap", "zero zero uno ottantacinque", "00185"),
        ("provincia", "Ancona", "AN"),
        ("yes_no", "sì", "yes"),
        ("age", "trentadue", "32"),
        ("partita_iva", "00743110157", "00743110157"),
    ],
)
def test_values_are_said_and_confirmed_by_voice(line_of: Made, validator: str, said: str, value: str) -> None:
    played = play_line(line_of(ASK.replace("INPUT", validator)), f'"{said}"@1.0 "sì"')
    assert played.progress.inputs == {"quale": value}
    assert played.steps == ["quale", "vero", "fine"]


def test_a_spoken_date_is_read_back_however_sure_it_seems(line_of: Made) -> None:
    line = line_of("quale: {ask: {prompt: quale, input: date, then: fine}}\nfine: {goodbye: {prompt: bye}}")
    played = play_line(line, '"il tredici dicembre duemilaundici"@1.0 "no" "il dodici dicembre duemilaundici"@1.0 "sì"')
    assert results(played) == ["unsure", "corrected", "unsure", "confirmed"]
    assert played.heard.count("speech.date") == 2
    assert played.progress.inputs == {"quale": "2011-12-12"}
    assert results(play_line(line, '"operatore"@1.0')) == ["command"]


def test_a_spoken_code_with_a_wrong_check_digit_is_not_understood(line_of: Made) -> None:
    played = play_line(line_of(ASK.replace("INPUT", "partita_iva")), '"00743110158" 00743110157 1')
    assert results(played)[0] == "low"
    assert played.progress.inputs == {"quale": "00743110157"}


def test_a_spoken_value_is_bounded_like_a_keyed_one(line_of: Made) -> None:
    steps = ASK.replace("INPUT", "age, latest: 30")
    played = play_line(line_of(steps), '"trentadue" "ventotto" "sì"')
    assert played.progress.inputs == {"quale": "28"}
    assert "ask.too_late" in played.heard


def test_half_heard_digits_are_read_back(line_of: Made) -> None:
    played = play_line(line_of(ASK.replace("INPUT", "cap")), '"zero zero uno ottantacinque"@0.1 1 1')
    assert results(played)[:2] == ["unsure", "confirmed"]
    assert "speech.digits" in played.heard
    assert any("zero" in said and said.startswith("speech.digits") for said in played.story)


def test_digits_may_be_keyed_where_they_may_be_said(line_of: Made) -> None:
    played = play_line(line_of(ASK.replace("INPUT", "cap")), '00185 1 "x"')
    assert played.progress.inputs == {"quale": "00185"}


class Kept(list[tuple[str, str, bytes]]):
    def keep(self, contact: str, step: str, audio: bytes) -> None:
        self.append((contact, step, audio))


@pytest.mark.parametrize("head", ["keep_utterances: true", ""])
def test_sound_is_kept_only_where_the_line_says_so(line_of: Made, head: str) -> None:
    line, call, kept = line_of(MENU, head=head), FakeCall('"dimissioni"'), Kept()
    house = replace(house_of(Catalogue({"made": line.texts()}), call.clock), utterances=kept)
    run(Runner(call=call, contact="C1", journal=Journal(), line=line, lines={}, house=house).run())
    assert kept == ([("C1", "menu", b"dimissioni")] if head else [])


class Journal:
    def record(self, event: object) -> None:
        """Not of interest here."""


OPEN = """
motivo:
  open:
    prompt: perche
    topics:
      tfr: {to: fine, name: {it: Fondo pensione, en: Pensions}, examples: {it: [come funziona il fondo pensione, il tfr]}}
      carta: {to: due, name: {it: Carta acquisti, en: Card}, examples: {it: [vorrei la carta acquisti]}, articles: [L01]}
    otherwise: menu
menu: {menu: {prompt: scelta, options: {"1": fine, "2": due}}}
fine: {goodbye: {prompt: bye}}
due: {goodbye: {prompt: bye}}
"""


def test_an_open_question_leads_to_what_was_meant(line_of: Made) -> None:
    played = play_line(line_of(OPEN), '"vorrei sapere come funziona il fondo pensione"')
    assert played.steps == ["motivo", "fine"]
    assert [(event.result, event.value) for event in played.of(InputTaken)] == [("match", "tfr")]
    assert played.progress.path[0] == ("made", "motivo", "tfr")
    assert "speech.hint" not in played.heard


def test_a_topic_half_meant_is_read_back(line_of: Made) -> None:
    played = play_line(line_of(OPEN.replace("perche", "perche\n    speech: {take: 1, confirm: 0.1}")), '"la carta acquisti" 1')
    assert played.steps == ["motivo", "due"]
    assert "said.motivo.carta" in played.heard


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        ('2 "x"', ["motivo", "menu", "due"]),  # the key is the menu's
        ('<1 "x"', ["motivo", "menu", "fine"]),
        ('0 "x"', ["motivo", "menu", "operator"]),
        ('~ 2 "x"', ["motivo", "menu", "due"]),
        ('"pioverà domani" "forse nevica" 2', ["motivo", "menu", "due"]),
        ('"un operatore"', ["motivo", "operator"]),
    ],
)
def test_none_of_the_topics_is_the_menus_matter(line_of: Made, said: str, steps: list[str]) -> None:
    assert play_line(line_of(OPEN), said).steps == steps


def test_an_open_question_is_not_heard_where_nobody_listens(line_of: Made) -> None:
    for script, deaf in (("2", ""), ('2 "x"', "busy")):
        played = play_line(line_of(OPEN), script, deaf=deaf)  # type: ignore[arg-type]
        assert played.steps == ["motivo", "menu", "due"]
        assert played.heard == ["scelta", "bye"]


def test_a_site_without_the_new_sounds_serves_its_menus_all_the_same(line_of: Made) -> None:
    played = play_line(line_of(MENU), '~ "dimissioni"', missing=("ivr/core/speech.hint",))
    assert played.steps == ["menu", "uno"]
    assert "speech.hint" not in played.heard
