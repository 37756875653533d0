"""Numbers, codes and dates are put together from units that say just them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_engine.speech.units import LANGUAGES, YEARS, date_units, digit_units, number_units, unit_texts


def said(language: str, names: tuple[str, ...]) -> str:
    return " ".join(unit_texts(language)[name] for name in names)


@pytest.mark.parametrize(
    ("value", "italian", "english"),
    [
        (0, "zero", "zero"),
        (23, "ventitré", "twenty-three"),
        (100, "cento", "one hundred"),
        (101, "cento uno", "one hundred one"),
        (1000, "mille", "one thousand"),
        (2011, "duemila undici", "two thousand eleven"),
        (100_000, "cento mila", "one hundred thousand"),
        (101_000, "cento unomila", "one hundred one thousand"),
        (123_456, "cento ventitremila quattrocento cinquantasei", "one hundred twenty-three thousand four hundred fifty-six"),
    ],
)
def test_a_number(value: int, italian: str, english: str) -> None:
    names = number_units(value)
    assert (said("it", names), said("en", names)) == (italian, english)


@given(st.integers(0, 999_999))
def test_the_units_of_any_number_add_up_to_it(value: int) -> None:
    thousands = below = 0
    names = number_units(value)
    for name in names:
        _, kind, number = name.split("/")
        below += int(number)
        if kind == "thousands":
            thousands, below = below, 0
    assert thousands * 1000 + below == value
    assert unit_texts("it").keys() >= set(names)


@pytest.mark.parametrize("value", [-1, 1_000_000])
def test_a_number_out_of_range_is_refused(value: int) -> None:
    with pytest.raises(LookupError, match=str(value)):
        number_units(value)


def test_a_code_is_spelled_digit_by_digit() -> None:
    assert said("it", digit_units("00187")) == "zero zero uno otto sette"


@pytest.mark.parametrize("value", ["", "12a", "٣"])
def test_only_digits_can_be_spelled(value: str) -> None:
    with pytest.raises(LookupError):
        digit_units(value)


@pytest.mark.parametrize(
    ("day", "italian", "english"),
    [
        (date(2011, 12, 18), "domenica diciotto dicembre duemilaundici", "Sunday the eighteenth of December twenty eleven"),
        (date(2027, 10, 1), "venerdì primo ottobre duemilaventisette", "Friday the first of October twenty twenty-seven"),
        (
            date(1985, 3, 2),
            "sabato due marzo mille novecento ottantacinque",
            "Saturday the second of March one thousand nine hundred eighty-five",
        ),
    ],
)
def test_a_date(day: date, italian: str, english: str) -> None:
    names = date_units(day)
    assert (said("it", names), said("en", names)) == (italian, english)


def test_languages_have_the_same_units_and_all_years() -> None:
    italian, english = (unit_texts(language) for language in LANGUAGES)
    assert italian.keys() == english.keys()
    assert {f"units/years/{year}" for year in YEARS} <= italian.keys()
    assert all(text.strip() for text in (*italian.values(), *english.values()))
