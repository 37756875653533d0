"""A text as a voice is given it: dates, times, amounts, telephone numbers, codes, numbers in words; acronyms as they are said."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from num2words import num2words

from ivr_engine.speech.units import unit_texts

_LONGEST_NUMBER = 6  # digits: more are a code, and said one by one
_Rule = tuple[re.Pattern[str], Callable[[str, re.Match[str]], str]]


def spoken(language: str, text: str) -> str:
    """The text with nothing in it that a voice could read in two ways. Languages: it, en. What cannot be read stays as it is."""
    for pattern, rule in _RULES:
        text = pattern.sub(lambda match, rule=rule: rule(language, match), text)  # type: ignore[misc]
    for written, said in _pronunciations(language):
        text = written.sub(said, text)
    return text


@cache
def _pronunciations(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    words = yaml.safe_load(Path(__file__).with_name("pronunciation.yaml").read_text(encoding="utf-8"))
    return tuple((re.compile(rf"\b{re.escape(written)}\b"), said) for written, said in words.get(language, {}).items())


def _number(language: str, digits: str) -> str:
    """A number in words; a code, digit by digit, when it is long or begins with a zero."""
    if len(digits) > _LONGEST_NUMBER or (len(digits) > 1 and digits.startswith("0")):
        return _digits(language, digits)
    return str(num2words(int(digits), lang=language))


def _digits(language: str, digits: str) -> str:
    return " ".join(num2words(int(digit), lang=language) for digit in digits)


def _word(language: str, name: str) -> str:
    return unit_texts(language)[f"units/words/{name}"]


def _date(language: str, match: re.Match[str]) -> str:
    day, month, year = (int(match[name]) for name in ("day", "month", "year"))
    try:
        date(year, month, day)
    except ValueError:
        return match[0]
    words = unit_texts(language)
    said_year = num2words(year, lang=language, to="year")
    return f"{words[f'units/days/{day}']} {words[f'units/months/{month}']} {said_year}"


def _time(language: str, match: re.Match[str]) -> str:
    hours, minutes = int(match["hours"]), int(match["minutes"])
    said = num2words(hours, lang=language)
    return f"{said} {_word(language, 'and')} {num2words(minutes, lang=language)}" if minutes else str(said)


def _euro(language: str, match: re.Match[str]) -> str:
    whole, cents = match["whole"].replace(".", "").replace(",", ""), match["cents"]
    number = "un" if language == "it" and int(whole) == 1 else num2words(int(whole), lang=language)
    said = f"{number} {_word(language, 'euro')}"
    if cents and int(cents):
        said += f" {_word(language, 'and')} {num2words(int(cents), lang=language)} {_word(language, 'cents')}"
    return said


def _phone(language: str, match: re.Match[str]) -> str:
    """Groups as they are written, a pause between them."""
    return ", ".join(_digits(language, group) for group in re.findall(r"\d+", match[0]))


def _ordinal(language: str, match: re.Match[str]) -> str:
    said = str(num2words(int(match["number"]), lang=language, to="ordinal"))
    return f"{said[:-1]}a" if match["mark"] == "ª" and language == "it" else said


def _percent(language: str, match: re.Match[str]) -> str:
    return f"{_number(language, match['number'])} {'per cento' if language == 'it' else 'per cent'}"


# In this order: what looks like a number only because nothing longer fits comes last.
_RULES: tuple[_Rule, ...] = (
    (re.compile(r"\b(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})\b"), _date),
    (re.compile(r"\b(?P<hours>[01]?\d|2[0-3]):(?P<minutes>[0-5]\d)\b"), _time),
    (re.compile(r"€\s?(?P<whole>\d{1,3}(?:[.,]\d{3})+|\d{1,6})(?:[.,](?P<cents>\d{2}))?(?!\d)"), _euro),
    (re.compile(r"(?<!\d)(?P<whole>\d{1,3}(?:[.,]\d{3})+|\d{1,6})(?:[.,](?P<cents>\d{2}))?\s?(?:€|euro\b)"), _euro),
    (re.compile(r"(?<!\d)\+?\d{2,4}(?:[ ]\d{2,4}){2,5}(?!\d)"), _phone),
    (re.compile(r"(?<!\d)(?P<number>\d{1,3})\s?(?P<mark>[°ºª])"), _ordinal),
    (re.compile(r"(?<!\d)(?P<number>\d{1,3})(?:st|nd|rd|th)(?P<mark>)\b"), _ordinal),
    (re.compile(r"(?<!\d)(?P<number>\d{1,6})\s?%"), _percent),
    (re.compile(r"(?<![\w])\d{1,3}(?:\.\d{3})+(?!\d)"), lambda language, match: _number(language, match[0].replace(".", ""))),
    (re.compile(r"(?<![^\W\d])\d+(?![^\W\d])"), lambda language, match: _number(language, match[0])),
)
