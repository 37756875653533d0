"""From a prompt's key to the sounds that say it."""

import hashlib
from collections.abc import Mapping
from datetime import date

import pytest

from ivr_engine.errors import Invalid
from ivr_engine.speech.catalogue import Catalogue, core_texts
from ivr_engine.speech.template import KINDS, Slot, parse
from ivr_engine.speech.units import LANGUAGES


def both(text: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, text)


LINE = {
    "menu": both("Uno, 1."),
    "term": both("Entro {day:date}. Grazie."),
    "first": both("{day:date}"),
    "code": both("Codice {code:digits}, anni {age:number}."),
    "place": both("A {where:prompt}, qui."),
    "town.RM": both("Roma"),
    "self": both("Ancora {where:prompt}"),
    "noinput": both("Come dice?"),
    "article.L01": both("Un articolo."),
}


def sound(key: str, text: str, line: str = "x") -> str:
    return f"{line}/{key}.{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def played(key: str, text: str) -> str:
    return f"ivr/{sound(key, text)}"


def files(key: str, values: Mapping[str, date | int | str] | None = None, line: str = "x") -> list[str]:
    return [sound.file for sound in Catalogue({"x": LINE, "y": {}}).utterance(line, key, "it", values or {})]


def test_a_plain_prompt_is_one_sound_named_after_its_key_and_its_words() -> None:
    assert files("menu") == [played("menu", "Uno, 1.")]
    assert files("article.L01") == [played("article.L01", "Un articolo.")]


def test_two_versions_of_a_prompt_are_two_files() -> None:
    other = Catalogue({"x": {"menu": both("Due, 2.")}}).utterance("x", "menu", "it", {})
    assert [each.file for each in other] == [played("menu", "Due, 2.")] != files("menu")


def test_slots_are_filled_between_numbered_texts() -> None:
    days = ["ivr/units/weekdays/1", "ivr/units/days/19", "ivr/units/months/12", "ivr/units/years/2011"]
    assert files("term", {"day": date(2011, 12, 19)}) == [played("term", "Entro"), *days, played("term", ". Grazie.")]
    assert files("first", {"day": "2011-12-19"}) == days


def test_codes_are_spelled_and_numbers_said() -> None:
    code, age = ["ivr/units/digits/0", "ivr/units/digits/7"], ["ivr/units/hundreds/100", "ivr/units/numbers/3"]
    assert files("code", {"code": "07", "age": 103}) == [played("code", "Codice"), *code, played("code", ", anni"), *age]
    assert files("code", {"code": "07", "age": "103"})[-1] == "ivr/units/numbers/3"  # inputs are text


def test_a_value_may_name_another_prompt() -> None:
    assert files("place", {"where": "town.RM"}) == [played("place", "A"), played("town.RM", "Roma"), played("place", ", qui.")]
    assert files("place", {"where": "goodbye"}) == [played("place", "A"), "ivr/core/goodbye", played("place", ", qui.")]


def test_a_lines_own_prompt_comes_before_the_engines() -> None:
    assert files("noinput") == [played("noinput", "Come dice?")]
    assert files("noinput", line="y") == ["ivr/core/noinput"]
    assert files("nomatch") == ["ivr/core/nomatch"]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("nothing", {}),
        ("term", {}),
        ("term", {"day": "domani"}),
        ("term", {"day": 7}),
        ("code", {"code": "a", "age": 1}),
        ("code", {"code": "1", "age": "tanti"}),
        ("code", {"code": "1", "age": -1}),
        ("place", {"where": "nowhere"}),
        ("self", {"where": "self"}),
    ],
)
def test_what_cannot_be_said_is_a_lookup_error(key: str, values: dict[str, date | int | str]) -> None:
    with pytest.raises(LookupError):
        files(key, values)


def test_an_unknown_language_is_a_lookup_error() -> None:
    catalogue = Catalogue({"x": LINE})
    with pytest.raises(LookupError):
        catalogue.utterance("x", "menu", "fr", {})


def test_lengths_are_those_of_the_files_and_estimated_without() -> None:
    lengths = {("it", sound("menu", "Uno, 1.")): 1234}
    catalogue = Catalogue({"x": LINE}, lambda language, name: lengths.get((language, name)))
    assert [sound.ms for sound in catalogue.utterance("x", "menu", "it", {})] == [1234]
    assert [sound.ms for sound in catalogue.utterance("x", "menu", "en", {})] == [65 * len("Uno, 1.")]


def test_sounds_lists_every_file_with_its_text() -> None:
    sounds = Catalogue({"x": LINE}).sounds("it")
    assert {name: text for name, text in sounds.items() if name.startswith("x/")} == {
        sound("menu", "Uno, 1."): "Uno, 1.",
        sound("term", "Entro"): "Entro",
        sound("term", ". Grazie."): ". Grazie.",
        sound("code", "Codice"): "Codice",
        sound("code", ", anni"): ", anni",
        sound("place", "A"): "A",
        sound("place", ", qui."): ", qui.",
        sound("town.RM", "Roma"): "Roma",
        sound("self", "Ancora"): "Ancora",
        sound("noinput", "Come dice?"): "Come dice?",
        sound("article.L01", "Un articolo."): "Un articolo.",
    }
    spoken = {key for key, texts in core_texts().items() if any(isinstance(part, str) for part in parse(texts["it"]))}
    assert {f"core/{key}" for key in spoken} <= sounds.keys()


@pytest.mark.parametrize(
    ("texts", "field", "said"),
    [
        ({"a": {"it": "Entro {day:data}"}}, "a.it", "a slot is written {name:kind}"),
        ({"a": {"it": "Entro {day"}}, "a.it", "a slot is written {name:kind}"),
        ({"a": {"it": " , "}}, "a.it", "nothing to be heard"),
        ({"a": {"fr": "Oui"}}, "a.fr", "language 'fr'"),
        ({"../a": {"it": "Su"}}, "../a.it", "only letters"),
    ],
)
def test_a_prompt_that_cannot_be_spoken_is_named(texts: dict[str, dict[str, str]], field: str, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        Catalogue({"x": texts})
    assert [(problem.file, problem.field) for problem in caught.value.problems] == [("x/prompts.yaml", field)]
    assert said in caught.value.problems[0].message


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        Catalogue({"x": {"a": both("{"), "b": both("}")}})
    assert [problem.field for problem in caught.value.problems] == ["a.it", "a.en", "b.it", "b.en"]


def test_core_has_every_prompt_the_dialogue_takes_by_default_in_both_languages() -> None:
    defaults = {"noinput", "nomatch", "ask.again", "ask.invalid", "operator", "goodbye", "closed", "busy", "no_operators"}
    assert defaults <= core_texts().keys()
    assert all(texts.keys() == set(LANGUAGES) for texts in core_texts().values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_texts_and_slots_in_order(kind: str) -> None:
    assert parse(f"Prima {{a_1.b:{kind}}}, dopo.") == ("Prima", Slot("a_1.b", kind), ", dopo.")
