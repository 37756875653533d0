"""From what was heard to what a step expects."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from ivr_engine.dialogue import understanding
from ivr_engine.dialogue.model import Action
from ivr_engine.dialogue.understanding import Band, Bands, choice, day, digits, place, sound_alike, spelled, topic, yes_no
from ivr_engine.hearing import Guess

TODAY = date(2026, 11, 25)
MENU = {
    "1": ["lavoro", "dimissioni", "licenziamento", "stipendio"],
    "2": ["sociale", "carta acquisti", "disabilità", "famiglia"],
    "3": ["comunicazioni obbligatorie", "unilav", "assunzione"],
    "4": ["tfr", "cliclavoro", "fondo pensione"],
    "5": ["ministero", "uffici", "direzione"],
}


def heard(*texts: str, confidence: float = 0.9) -> list[Guess]:
    return [Guess(text, confidence) for text in texts]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Dimissioni.", "1"),
        ("Vorrei dare le dimissioni, per favore", "1"),
        ("la carta qui stie", "2"),
        ("comunicazioni o beligatore", "3"),
        ("uni lav", "3"),
        ("ti effe erre", "4"),
        ("T.F.R.", "4"),
        ("il TFR", "4"),
        ("clic lavoro", "4"),
        ("un fondo pensioni", "4"),
        ("il Ministero", "5"),
    ],
)
def test_a_choice_is_taken_in_whatever_it_is_wrapped_and_however_it_is_written(text: str, value: str) -> None:
    said = choice(heard(text), MENU, "it")
    assert (said.band, said.value) == (Band.TAKE, value)


@pytest.mark.parametrize(
    "text", ["", "...", "grazie", "oggi piove molto a Milano", "Sottotitoli a cura di QTSS", "boh", "la la la"]
)
def test_what_is_no_choice_is_asked_again(text: str) -> None:
    assert choice(heard(text), MENU, "it").band is Band.AGAIN


def test_only_noise_is_asked_again() -> None:
    for function in (choice((), MENU, "it"), yes_no((), "it"), digits((), (5, 5), "it"), day((), TODAY, "it"), place((), "it")):
        assert function.band is Band.AGAIN


def test_two_options_in_one_breath_are_confirmed_never_guessed() -> None:
    said = choice(heard("le dimissioni o il TFR"), MENU, "it")
    assert said.band is not Band.TAKE
    close = choice(heard("contratti"), {"1": ["contratto a"], "2": ["contratto o"]}, "it")
    assert close.band is not Band.TAKE


def test_a_phrase_within_a_longer_one_is_no_rival() -> None:
    said = choice(heard("il congedo parentale"), {"1": ["congedo"], "2": ["congedo parentale"]}, "it")
    assert (said.band, said.value) == (Band.TAKE, "2")


def test_a_doubtful_recogniser_is_confirmed_where_a_sure_one_is_taken() -> None:
    sure, doubtful = choice(heard("unilaf", confidence=1.0), MENU, "it"), choice(heard("unilaf", confidence=0.0), MENU, "it")
    assert sure.value == doubtful.value == "3"
    assert sure.score > doubtful.score
    assert (sure.band, doubtful.band) == (Band.TAKE, Band.CONFIRM)
    plain = choice(heard("dimissioni", confidence=0.49), {"1": ["dimissioni"]}, "it")
    assert (plain.band, plain.value) == (Band.CONFIRM, "1"), "it is written as it should be, but was hardly heard"


def test_a_later_guess_helps_when_the_first_is_nonsense() -> None:
    assert choice(heard("operaio ne", "stipendio"), MENU, "it").value == "1"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("operatore", Action.OPERATOR),
        ("vorrei parlare con un operatore", Action.OPERATOR),
        ("può ripetere?", Action.REPEAT),
        ("non ho capito", Action.REPEAT),
        ("torna indietro", Action.BACK),
        ("aiuto", Action.HELP),
    ],
)
def test_commands_are_understood_at_every_step(text: str, command: Action) -> None:
    guesses = heard(text)
    for said in (
        choice(guesses, MENU, "it"),
        yes_no(guesses, "it"),
        digits(guesses, (5, 5), "it"),
        day(guesses, TODAY, "it"),
        place(guesses, "it"),
        spelled(guesses, (2, 16), "it"),
        topic(guesses, {"a": ["carta acquisti"]}, "it"),
    ):
        assert (said.band, said.command, said.value) == (Band.TAKE, command, "")


def test_an_option_goes_before_the_command_of_the_same_words() -> None:
    said = choice(heard("aiuto"), {"1": ["pericolo", "aiuto"], "2": ["minori"]}, "it")
    assert (said.value, said.command) == ("1", None)


@pytest.mark.parametrize("text", ["è urgente", "il mio avvocato dice di chiamare", "un infortunio grave", "abbiamo un'ispezione"])
def test_words_of_danger_lead_to_an_operator(text: str) -> None:
    said = choice(heard(text), MENU, "it")
    assert said.command is Action.OPERATOR
    assert said.danger


def test_a_word_of_danger_that_is_a_choice_is_one_and_is_marked() -> None:
    said = choice(heard("un verbale"), {"1": ["verbale", "ispezione"], "2": ["scadenze"]}, "it")
    assert (said.band, said.value, said.command, said.danger) == (Band.TAKE, "1", None, "verbale")


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("Sì.", "it", "yes"),
        ("sì certo", "it", "yes"),
        ("va bene", "it", "yes"),
        ("è giusto", "it", "yes"),
        ("No, grazie", "it", "no"),
        ("non è giusto", "it", "no"),
        ("certo che no", "it", "no"),
        ("Yes, please", "en", "yes"),
        ("That's not right", "en", "no"),
    ],
)
def test_yes_and_no(text: str, language: str, value: str) -> None:
    said = yes_no(heard(text), language)
    assert (said.band, said.value) == (Band.TAKE, value)


@pytest.mark.parametrize("text", ["see", "boh", "non lo so", "forse"])
def test_neither_yes_nor_no(text: str) -> None:
    assert yes_no(heard(text), "it").band is not Band.TAKE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zero zero uno ottantacinque", "00185"),
        ("il CAP è zero zero uno otto cinque", "00185"),
        ("00.187", "00187"),
        ("0 0 1 8 5", "00185"),
        ("80.126", "80126"),
        ("ottantamilacentoventisei", "80126"),
        ("doppio zero uno otto sette", "00187"),
        ("uno due tre Tinguhe sei", "12356"),
        ("novanta uno zero due", "90102"),
        ("novanta uno zero uno due", "91012"),
        ("33 1 6 2 33 1 6 2 33", "33162"),
        ("1 2 3 4 5 6 7 8 9 0", ""),
    ],
)
def test_digits_in_any_grouping(text: str, value: str) -> None:
    assert digits(heard(text), (5, 5), "it").value == value


def test_what_cannot_be_such_a_code_is_none() -> None:
    assert digits(heard("uno due tre"), (5, 5), "it").band is Band.AGAIN
    assert digits(heard("uno due tre quattro cinque"), (5, 5), "it", accept=lambda _: False).band is Band.AGAIN
    assert digits(heard("zero " * 15), (5, 5), "it").band is Band.AGAIN  # who knows how many were said


def test_digits_in_english() -> None:
    assert digits(heard("oh one double two five"), (5, 5), "en").value == "01225"


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_code_said_in_any_groups_is_read_back(data: st.DataObject) -> None:
    code = data.draw(st.text("0123456789", min_size=4, max_size=16))
    said, rest = [], code
    while rest:
        size = data.draw(st.integers(1, 2)) if len(rest) > 1 and rest[0] != "0" else 1
        said.append(num2words(int(rest[:size]), lang="it"))
        rest = rest[size:]
    understood = digits(heard(", ".join(said)), (len(code), len(code)), "it")
    assert code in {understood.value, understood.runner_up}


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("il tredici dicembre duemilaundici", "it", "2011-12-13"),
        ("13/12/2011", "it", "2011-12-13"),
        ("tredici dodici duemilaundici", "it", "2011-12-13"),
        ("13122011", "it", "2011-12-13"),
        ("il primo maggio del duemila venti", "it", "2020-05-01"),
        ("il 5 settembra dell'undici", "it", "2011-09-05"),
        ("22 luggio 2009", "it", "2009-07-22"),
        ("sette settembre mille novecento settanta otto", "it", "1978-09-07"),
        ("venti otto giugno duemila", "it", "2000-06-28"),
        ("venti, uno, millenovecentosessanta", "it", "1960-01-20"),
        ("ieri", "it", "2026-11-24"),
        ("l'altro ieri", "it", "2026-11-23"),
        ("oggi", "it", "2026-11-25"),
        ("tre giorni fa", "it", "2026-11-22"),
        ("due settimane fa", "it", "2026-11-11"),
        ("fra due giorni", "it", "2026-11-27"),
        ("March 3rd 2020", "en", "2020-03-03"),
        ("the third of march twenty twenty", "en", "2020-03-03"),
        ("yesterday", "en", "2026-11-24"),
    ],
)
def test_dates(text: str, language: str, value: str) -> None:
    assert day(heard(text), TODAY, language).value == value


@pytest.mark.parametrize("text", ["7 settembre 1900 andato", "7 settembre 1900 88", "7 settembre 1900-88."])
def test_a_year_with_more_behind_it_is_confirmed(text: str) -> None:
    assert day(heard(text), TODAY, "it").band is not Band.TAKE
    assert day(heard("7 settembre 1978"), TODAY, "it").band is Band.TAKE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3 marzo 1989-83", "1983-03-03"),
        ("14 febbraio 1950-1958", "1958-02-14"),
        ("22 luglio 2009 22. 2009", "2009-07-22"),
        ("27 luglio 1992 27 luglio 1992", "1992-07-27"),
        ("5 luglio 1.958", "1958-07-05"),
        ("se dici aprile due mila quattro", "2004-04-16"),
        ("un dieci ottobre duemila venti due", "2022-10-11"),
        ("dieciam nove novembre mile novecentu sessanta sei", "1966-11-19"),
        ("tre dicembre due mila undici", "2011-12-03"),
        ("sei dicembre 2011", "2011-12-06"),
    ],
)
def test_a_recogniser_that_corrects_its_year_or_takes_words_apart(text: str, value: str) -> None:
    assert day(heard(text), TODAY, "it").value == value


def test_what_was_heard_in_words_counts_for_more_than_a_likely_date_in_figures() -> None:
    words, figures = "quindici dicembre mile novecento sessanta tre", "15 dicembre 1993"
    said = day((Guess(figures, 1.0), Guess(words, 1.0)), TODAY, "it")
    assert (said.band, said.value, said.runner_up) == (Band.CONFIRM, "1963-12-15", "1993-12-15")
    said = day((Guess("15 dicembre 1963", 1.0), Guess(words, 1.0)), TODAY, "it")
    assert (said.band, said.value) == (Band.TAKE, "1963-12-15")
    for alone in (words, figures):
        assert day((Guess(alone, 1.0),), TODAY, "it").band is Band.TAKE, "the other recogniser has not spoken"
    said = day((Guess(figures, 1.0), Guess("indietro tutta", 0.4)), TODAY, "it")
    assert (said.band, said.value) == (Band.CONFIRM, "1993-12-15"), "half of it was not understood"


def test_a_date_without_its_year_is_confirmed() -> None:
    said = day(heard("13 dicembre"), TODAY, "it")
    assert (said.band, said.value, said.runner_up) == (Band.CONFIRM, "2026-12-13", "2025-12-13")


@pytest.mark.parametrize("text", ["trentuno febbraio 2011", "32/01/2011", "dopo", "il tredici dicembre millequattro"])
def test_no_such_day(text: str) -> None:
    assert day(heard(text), TODAY, "it").value == ""


@settings(max_examples=40, deadline=None)
@given(st.dates(date(1950, 1, 1), date(2026, 12, 31)))
def test_every_date_said_in_words_is_understood(when: date) -> None:
    months = understanding.words("it").months
    text = f"{num2words(when.day, lang='it')} {months[when.month - 1]} {num2words(when.year, lang='it')}"
    assert day(heard(text), TODAY, "it").value == when.isoformat()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Roma", "RM"),
        ("la provincia di Forlì", "FC"),
        ("Lecce", "LE"),
        ("Lecco", "LC"),
        ("erre emme", "RM"),
        ("R M", "RM"),
        ("Busto Arsizio", "VA"),
        ("Vibo Valencia", "VV"),
        ("Kuneo", "CN"),
    ],
)
def test_places(text: str, value: str) -> None:
    said = place(heard(text), "it")
    assert (said.band, said.value) == (Band.TAKE, value)


def test_a_name_of_two_provinces_is_confirmed_with_both() -> None:
    said = place(heard("Reggio"), "it")
    assert said.band is Band.CONFIRM
    assert {said.value, said.runner_up} == {"RC", "RE"}


def test_every_province_is_understood_by_the_name_the_prompts_say() -> None:
    room = Path(understanding.__file__).parents[1]
    provinces = yaml.safe_load((room / "provinces.yaml").read_text(encoding="utf-8"))
    core = yaml.safe_load((room.parent / "speech" / "core.yaml").read_text(encoding="utf-8"))
    assert set(understanding.names()) == set(provinces)
    for province in provinces:
        for language in ("it", "en"):
            name = core[f"provincia.{province}"][language]
            assert place(heard(name), language).value == province, name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A come Ancona, B come Bari", "AB"),
        ("a come ancora, bi come bari", "AB"),
        ("Ancona Bari Como", "ABC"),
        ("doppia esse", "SS"),
        ("RSSMRA80A01H501Z", "RSSMRA80A01H501Z"),
        ("erre esse esse emme erre a ottanta a zero uno acca cinquecento uno zeta", "RSSMRA80A01H501Z"),
    ],
)
def test_spelled_letters(text: str, value: str) -> None:
    assert spelled(heard(text), (1, 16), "it").value == value


EXAMPLES = {
    "dimissioni": ["come do le dimissioni", "devo inviare le dimissioni telematiche"],
    "naspi": ["ho perso il lavoro e voglio la disoccupazione", "come chiedo la naspi"],
    "stipendio": ["il datore non mi paga", "non mi pagano lo stipendio da due mesi"],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("devo dare le dimissioni", "dimissioni"),
        ("il mio capo non mi ha pagato", "stipendio"),
        ("quando arriva la disoccupazione", "naspi"),
    ],
)
def test_an_open_question_finds_its_topic(text: str, value: str) -> None:
    said = topic(heard(text), EXAMPLES, "it")
    assert said.value == value
    assert said.band is not Band.AGAIN


@pytest.mark.parametrize("text", ["che tempo fa domani", "quanto costa il biglietto del treno", "buongiorno"])
def test_none_of_these(text: str) -> None:
    assert topic(heard(text), EXAMPLES, "it").band is Band.AGAIN


def test_the_articles_search_may_tip_the_scales() -> None:
    without = topic(heard("indennità"), EXAMPLES, "it")
    asked: list[str] = []

    def search(text: str) -> list[tuple[str, float]]:
        asked.append(text)
        return [("naspi", 1.0), ("unknown", 1.0)]

    with_it = topic(heard("la disoccupazione agricola"), EXAMPLES, "it", search)
    assert without.band is Band.AGAIN
    assert with_it.value == "naspi"
    assert with_it.score > topic(heard("la disoccupazione agricola"), EXAMPLES, "it").score
    assert asked == ["la disoccupazione agricola"]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80), st.floats(0, 1), st.sampled_from(["it", "en", "ko", "xx"]))
def test_whatever_is_heard_makes_no_error_and_keeps_the_bands(text: str, confidence: float, language: str) -> None:
    guesses = [Guess(text, confidence)]
    for said in (
        choice(guesses, MENU, language),
        yes_no(guesses, language),
        digits(guesses, (5, 5), language),
        day(guesses, TODAY, language),
        place(guesses, language),
        spelled(guesses, (2, 16), language),
        topic(guesses, EXAMPLES, language),
    ):
        assert 0 <= said.score <= 1
        assert said.band is Band.AGAIN or said.value or said.command
        assert said.band is not Band.AGAIN or not said.value


def test_bands_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="confirm <= take"):
        Bands(take=0.4, confirm=0.5)


def test_sounds_alike() -> None:
    assert sound_alike("contratto", "contratti", "it") > 0.75
    assert sound_alike("carta acquisti", "la carta qui stie", "it") > 0.5
    assert sound_alike("dimissioni", "licenziamento", "it") < 0.2
    assert sound_alike("노동", "상담원", "ko") < sound_alike("노동", "노동을", "ko")


def test_what_is_listened_for() -> None:
    assert understanding.expected("open", "it") == ()
    assert {"colf", "operatore"} <= set(understanding.expected("phrases", "it", ["colf"]))
    assert {"zero", "ripeti"} <= set(understanding.expected("digits", "it"))
    assert {"sì", "no"} <= set(understanding.expected("yes_no", "it"))
    assert {"Roma", "Busto Arsizio"} <= set(understanding.expected("place", "it"))
    assert {"dicembre", "ieri"} <= set(understanding.expected("date", "it"))
    assert {"acca", "ancona"} <= set(understanding.expected("spelled", "it"))


def test_a_choice_without_any_confidence_is_asked_about_and_a_command_is_none() -> None:
    unheard = Guess("trasloco", 0.9)
    for guesses in ([unheard, Guess("dimissioni", 0.0)], [Guess("dimissioni", 0.0)]):
        said = choice(guesses, {"1": ["dimissioni"], "2": ["carta acquisti"]}, "it")
        assert (said.band, said.value) == (Band.CONFIRM, "1")
    assert choice([unheard, Guess("operatore", 0.0)], {"1": ["dimissioni"]}, "it").command is None
