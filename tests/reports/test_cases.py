"""The cases report: by state and age, and behind each number as many cases as it says."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from ivr_engine.clock import ROME
from ivr_engine.console.pages.cases import _wanted
from ivr_engine.console.visit import Fields
from ivr_engine.errors import IvrError
from ivr_engine.records import case_search
from ivr_engine.records.cases import FINISHED, CaseState, Level
from ivr_engine.records.journal import milliseconds
from ivr_engine.reports.cases import cases
from ivr_engine.reports.period import Period

if TYPE_CHECKING:
    from .conftest import Year

NOW = datetime(2026, 6, 1, 12, tzinfo=ROME).timestamp()
DAY = 86_400
AGES = {0: 0, 1: 0, 2: 2, 7: 2, 8: 8, 30: 8, 31: 31, 90: 31, 91: 91, 140: 91}
"""Days old: the age of the report."""


@pytest.fixture
def office(year: Year) -> Year:
    """In each state two cases of each age, one past its deadline; one line is no more."""
    serial = 0
    for state in CaseState:
        for days in AGES:
            for line, late in (("lavoro", -1), ("scomparsa", 1)):
                serial += 1
                opened = NOW - days * DAY - (400 * DAY if state in FINISHED else 0)
                year.connection.execute(
                    "INSERT INTO cases (year, serial, number, line, state, level, opened, updated, deadline)"
                    " VALUES (2026, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        serial,
                        f"2026-{serial:06d}",
                        line,
                        state,
                        Level.BACK_OFFICE,
                        milliseconds(opened),
                        milliseconds(opened + days * DAY if state in FINISHED else NOW - 60),
                        milliseconds(NOW + late),
                    ),
                )
    return year


def behind(year: Year, link: str) -> int:
    path, query = urlsplit(link).path, Fields(parse_qs(urlsplit(link).query))
    assert path == "/cases"
    wanted, found, after = _wanted(query, "op1", NOW), 0, ""
    while True:
        page, after = case_search.search(year.connection, wanted, after)
        found += len(page)
        if not after:
            return found


@pytest.mark.parametrize("period", [Period(2026), Period(2026, 5), Period(2025)])
@pytest.mark.parametrize("line", ["", "lavoro"])
def test_behind_every_number_are_as_many_cases_as_it_says(office: Year, period: Period, line: str) -> None:
    (table,) = cases(office.connection, period, NOW, line=line).tables
    counted = 0
    for row in table.rows:
        for cell in row[2:]:
            assert behind(office, cell.link) == cell.value, (row[0].text, row[1].text, cell.link)
            counted += bool(cell.value)
    assert counted > 5


def test_ages_are_counted_to_the_day(office: Year) -> None:
    (table,) = cases(office.connection, Period(2026), NOW, line="lavoro").tables
    rows = {row[1].text: [cell.value for cell in row[2:]] for row in table.rows}
    assert rows["aperta"] == [2, 2, 2, 2, 2, 10, 10]
    (table,) = cases(office.connection, Period(2025), NOW, line="lavoro").tables
    finished = {row[1].text: [cell.value for cell in row[2:]] for row in table.rows}
    assert finished["chiusa"][-1] == 0, "what is finished is not late"
    assert sum(finished["chiusa"][:5]) == finished["chiusa"][5] == 9, "all but the one opened in 2024"


def test_a_period_there_is_not(office: Year) -> None:
    with pytest.raises(IvrError, match="no month 13"):
        _wanted(Fields({"year": ["2026"], "month": ["13"]}), "op1", NOW)
    assert behind(office, "/cases?age=999") == behind(office, "/cases?age=91") > 0
