"""Texts as voices are given them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from ivr_engine.speech.normal import spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Le dimissioni, 1. L'operatore, 0.", "Le dimissioni, uno. L'operatore, zero."),
        ("entro il 18/12/2025", "entro il diciotto dicembre duemilaventicinque"),
        ("dal 1.5.2026", "dal primo maggio duemilaventisei"),
        ("il 31/02", "il trentuno/zero due"),
        ("dalle 9:00 alle 14:30", "dalle nove alle quattordici e trenta"),
        ("€ 1.250,50", "milleduecentocinquanta euro e cinquanta centesimi"),
        ("1,00 € o 35 euro", "un euro o trentacinque euro"),
        ("il numero 800 196 196", "il numero otto zero zero, uno nove sei, uno nove sei"),
        ("il CAP 00187", "il cap zero zero uno otto sette"),
        ("la pratica 2025001234", "la pratica due zero due cinque zero zero uno due tre quattro"),
        ("la 3ª volta, il 2° mese", "la terza volta, il secondo mese"),
        ("il 20% di 12.000", "il venti per cento di dodicimila"),
        ("la NASpI, l'INPS, il TFR", "la naspi, l'inps, il ti effe erre"),
        ("il modello A1", "il modello A1"),
    ],
)
def test_italian(written: str, said: str) -> None:
    assert spoken("it", written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("by 18/12/2025 at 9:30", "by the eighteenth of December twenty twenty-five at nine and thirty"),
        ("€1,250.50", "one thousand, two hundred and fifty euro and fifty cents"),
        ("the 2nd of 604", "the second of six hundred and four"),
        ("call 06 4683 4100", "call zero six, four six eight three, four one zero zero"),
    ],
)
def test_english(written: str, said: str) -> None:
    assert spoken("en", written) == said


@given(st.integers(0, 999_999), st.sampled_from(["it", "en"]))
def test_a_number_is_said_as_one(number: int, language: str) -> None:
    assert spoken(language, f"({number})") == f"({num2words(number, lang=language)})"


@given(st.from_regex(r"0[0-9]{1,14}|[1-9][0-9]{6,15}", fullmatch=True))
def test_a_code_is_said_digit_by_digit(code: str) -> None:
    assert spoken("it", code) == " ".join(num2words(int(digit), lang="it") for digit in code)


@given(st.dates(), st.times(), st.integers(0, 99_999_999), st.sampled_from(["it", "en"]))
def test_no_digit_is_left_and_nothing_changes_the_second_time(day, time, cents, language) -> None:
    day = f"{day.day}/{day.month}/{day.year:04}"
    text = f"{day}, {time:%H:%M}, € {cents // 100},{cents % 100:02}, 7%"
    said = spoken(language, text)
    assert not re.search(r"\d|€|%", said)
    assert spoken(language, said) == said
