"""A day: "il tredici dicembre duemilaundici", "13/12/2011", "ieri", "tre giorni fa"."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from ivr_engine.dialogue.understanding.digits import GROUPED, in_figures
from ivr_engine.dialogue.understanding.folding import alike, sounds, split
from ivr_engine.dialogue.understanding.matching import or_command
from ivr_engine.dialogue.understanding.result import NOTHING, Band, Bands, Understood
from ivr_engine.dialogue.understanding.words import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ivr_engine.hearing import Guess

DATE = Bands(take=0.9, confirm=0.5, margin=0.05)

_YEARS_AHEAD = 5
_MONTH = 0.5
"""How alike a word must sound to a month's name."""
_WITHOUT_YEAR = 0.8
_LATER = 0.95
_MORE = 0.85
_CUT = 0.6
_MONTH_SHARE = 0.2
_TEEN = 0.75
_IN_FIGURES = 0.95
_FIGURES = re.compile(r"\b(\d{1,2})\s*[/.\- ]\s*(\d{1,2})\s*[/.\- ]\s*(\d{4}|\d{2})\b")
_RUN = re.compile(r"\b(\d{2})(\d{2})(\d{4})\b")


def day(
    guesses: Sequence[Guess],
    today: date,
    language: str,
    bands: Bands = DATE,
) -> Understood:
    """The value is YYYY-MM-DD, from 1900 to five years from today. A date said without its year is the nearest such day, the next
    nearest is its runner-up, and it is confirmed.

    A recogniser that writes figures has chosen a likely date; one held to number words has written down what it heard. Where both
    were heard, words count for more, and what only one of them says is confirmed."""
    found: dict[date, float] = {}
    ways: dict[date, set[bool]] = {}
    for place, guess in enumerate(guesses):
        in_words = _in_words(guess)
        for when, plain in _readings(guess.text, today, language):
            if 1900 <= when.year <= today.year + _YEARS_AHEAD:
                worth = plain * (0.75 + 0.25 * guess.confidence) * (_LATER ** (0 if in_words else place))
                found[when] = max(found.get(when, 0.0), worth * (1.0 if in_words else _IN_FIGURES))
                ways.setdefault(when, set()).add(in_words)
    ranked = sorted(found.items(), key=lambda item: (-item[1], abs(item[0] - today)))
    if not ranked or ranked[0][1] < bands.confirm:
        return or_command(NOTHING, guesses, language)
    (when, score), *others = ranked
    second, behind = others[0] if others else (None, 0.0)
    band = bands.of(score, behind)
    if band is Band.TAKE and ways[when] != {_in_words(guess) for guess in guesses}:
        band = Band.CONFIRM
    return or_command(Understood(band, when.isoformat(), score, second.isoformat() if second else ""), guesses, language)


def _in_words(guess: Guess) -> bool:
    return not any(map(str.isdigit, guess.text))


def _readings(text: str, today: date, language: str) -> Iterator[tuple[date, float]]:
    yield from _relative(text, today, language)
    for found in (*_FIGURES.finditer(text), *_RUN.finditer(text)):
        yield from _day(int(found[1]), int(found[2]), found[3], today, 1.0)
    said = _rejoined(split(GROUPED.sub("", text)), language)
    written, share = in_figures(" ".join(said), language)
    parts = ["1" if part in words(language).first else part for part in split(written)]
    # Of "sei agosto mille novecento sessanta cinque" all but the month are numbers; what only resembles one makes it doubtful.
    sure = 1.0 if re.search(r"\d", text) else min(1.0, share + _MONTH_SHARE)
    for when, plain in _with_month(_with_units(parts), today, language):
        yield when, plain * sure
    for found in _FIGURES.finditer(" ".join(parts)):
        yield from _day(int(found[1]), int(found[2]), found[3], today, 0.95)
    if run := re.fullmatch(r"(\d\d)(\d\d)(\d{4})", "".join(re.findall(r"\d", written))):
        yield from _day(int(run[1]), int(run[2]), run[3], today, 0.9 * share)


def _rejoined(said: list[str], language: str) -> list[str]:
    """A number from eleven to nineteen that a recogniser took for two words as one: "se dici", "un dieci", "dieciam nove"."""
    whole: list[str] = []
    place = 0
    while place < len(said):
        heard = sounds(said[place : place + 2], language)
        near, name = max(((alike(heard, its), name) for name, its in _teens(language)), default=(0.0, ""))
        joined = near >= _TEEN and place + 1 < len(said) and said[place] != name
        whole.append(name if joined else said[place])
        place += 2 if joined else 1
    return whole


@cache
def _teens(language: str) -> tuple[tuple[str, tuple[str, str]], ...]:
    figures = ((name, in_figures(name, language)[0]) for name in words(language).numbers)
    return tuple((name, sounds([name], language)) for name, figure in figures if re.fullmatch("1[1-9]", figure))


def _relative(text: str, today: date, language: str) -> Iterator[tuple[date, float]]:
    known = words(language)
    said = " ".join(split(text))
    for name in sorted(known.days, key=len, reverse=True):
        if re.search(rf"\b{re.escape(' '.join(split(name)))}\b", said):
            yield today + timedelta(days=known.days[name]), 1.0
            break
    units = "|".join(known.units)
    written = in_figures(said, language)[0]
    for count, unit, *_ in re.findall(rf"\b(\d{{1,3}}) ({units}) (?:{'|'.join(known.ago)})\b", written) if units else ():
        yield today - timedelta(days=int(count) * known.units[unit]), 1.0
    for count, unit in re.findall(rf"\b(?:{'|'.join(known.ahead)}) (\d{{1,3}}) ({units})\b", written) if units else ():
        yield today + timedelta(days=int(count) * known.units[unit]), 1.0


def _with_month(parts: list[str], today: date, language: str) -> Iterator[tuple[date, float]]:
    months = words(language).months
    for place, word in enumerate(parts):
        if word.isdigit() or len(word) < 3:
            continue
        heard = sounds([word], language)
        near, month = max(
            ((alike(heard, sounds([name], language)), number) for number, name in enumerate(months, 1)), default=(0.0, 0)
        )
        if near < _MONTH:
            continue
        before = [number for number in map(_number, parts[max(0, place - 2) : place]) if 1 <= number <= 31]
        after = [where for where in range(place + 1, min(place + 5, len(parts))) if _number(parts[where]) >= 0]
        if before:
            year, worth = _year(parts[place + 1 :])
            yield from _day(before[-1], month, year, today, near * worth)
        elif after and 1 <= _number(parts[after[0]]) <= 31:
            year, worth = _year(parts[after[0] + 1 :])
            yield from _day(_number(parts[after[0]]), month, year, today, near * worth)


def _with_units(parts: list[str]) -> list[str]:
    """Tens and the unit after them as one number: "sessanta otto", which should be "sessantotto", comes as 60 and 8."""
    joined: list[str] = []
    for part in parts:
        if re.fullmatch("[1-9]", part) and joined and re.fullmatch(r"(\d\d)?[2-9]0", joined[-1]):
            joined[-1] = joined[-1][:-1] + part
        else:
            joined.append(part)
    return joined


def _number(part: str) -> int:
    found = re.match(r"\d+", part)
    return int(found[0]) if found else -1


def _year(parts: list[str]) -> tuple[str, float]:
    """2011, 11, or "twenty eleven" (20, 11); worth less when more follows: "1900 andato" was millenovecentosettanta. A recogniser
    that writes "1989-83" has corrected itself: 1983."""
    places = [place for place, part in enumerate(parts[:4]) if _number(part) >= 0]
    if not places:
        return "", 1.0
    last, figures = places[0], [_number(parts[place]) for place in places]
    year = f"{figures[0]:02}"
    if len(figures) > 1 and figures[0] in {19, 20} and figures[1] < 100:
        last, year = places[1], f"{figures[0]}{figures[1]:02}"
    elif len(figures) == 2 and figures[0] >= 1900 and places[1] == len(parts) - 1:
        return (f"{figures[0] // 100}{figures[1]:02}" if figures[1] < 100 else str(figures[1])), _MORE
    if last == len(parts) - 1:
        return year, 1.0
    return year, _CUT if figures[0] == 1900 else _MORE


def _day(number: int, month: int, year: str, today: date, plain: float) -> Iterator[tuple[date, float]]:
    if len(year) == 2:
        century = today.year // 100 * 100
        near = century + int(year)
        years, worth = [near if near <= today.year + _YEARS_AHEAD else near - 100], 0.97
    elif year:
        years, worth = [int(year)], 1.0
    else:
        years, worth = [today.year - 1, today.year, today.year + 1], _WITHOUT_YEAR
    for one in years:
        try:
            yield date(one, month, number), plain * worth
        except ValueError:
            continue
