"""Every figure of the service report by hand, and the contacts behind it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from ivr_engine.clock import ROME
from ivr_engine.config import ReportsSection, TermSection
from ivr_engine.console.pages.reports import _wanted
from ivr_engine.console.visit import Fields
from ivr_engine.errors import IvrError
from ivr_engine.events import Outcome
from ivr_engine.records import figure_queries, staff_time
from ivr_engine.reports.making import make
from ivr_engine.reports.period import Period
from ivr_engine.reports.service import service

if TYPE_CHECKING:
    from ivr_engine.reports.model import Report, Table

    from .conftest import Year

AT = 1_790_000_000.0
MAY = Period(2026, 5)


def table(report: Report, key: str) -> Table:
    return next(table for table in report.tables if table.key == key)


def values(report: Report) -> list[str]:
    return [row[1].text for row in table(report, "figures").rows]


@pytest.fixture
def may(year: Year) -> Year:
    """Queued: 4 answered (10, 20, 21, 61 s), 2 abandoned (5, 30 s), 2 timed out; served by IVR: 2; 1 e-mail, 1 call in June."""
    for place, wait in enumerate((10, 20, 21, 61)):
        year.add(
            f"2026-05-04 1{place}:10", "lavoro", Outcome.ANSWERED, wait=wait, talk=100, key=f"a{place}", transferred=not place
        )
    for wait in (5, 30):
        year.add("2026-05-05 10:40", "lavoro", Outcome.ABANDONED_QUEUE, wait=wait)
    year.add("2026-05-31 23:59:59", "lavoro", Outcome.TIMED_OUT, wait=300)
    year.add("2026-05-05 10:40", "sociale", Outcome.TIMED_OUT, wait=300, key="a1")
    for key in ("s1", "s2"):
        year.add("2026-05-06 10:00", "lavoro", Outcome.SERVED_BY_IVR, article="L01", key=key)
    year.add("2026-05-06 10:00", "lavoro", Outcome.ANSWERED, medium="email")
    year.add("2026-06-01 00:00", "lavoro", Outcome.ANSWERED, key="a0")
    return year


def test_every_figure_is_what_its_formula_says(may: Year) -> None:
    report = service(may.connection, MAY, ReportsSection(), AT)
    assert values(report) == [
        "25,00%",  # 2 of 8 within 20 s
        "50,00%",
        "28,57%",  # 2 of 7
        "50,00%",  # (2 + 1) of (4 + 2)
        "28,0 s",
        "25,00%",
        "14,29%",  # 1 of 7
        "100,0 s",
        "100,0 s",
        "-",
        "25,00%",
        "100,00%",
        "20,00%",  # 2 of 10
        "28,57%",  # 2 of the 7 whose number is known
    ]
    assert "occupazione" in report.notes[1]
    assert "Posta" not in str(report)


def test_one_line_alone_says_where_calls_count_that_were_sent_on(may: Year) -> None:
    notes = [service(may.connection, MAY, ReportsSection(), AT, line=line, language="en").notes for line in ("", "lavoro")]
    assert [any("sent on" in note for note in each) for each in notes] == [False, True]


def test_one_line_alone(may: Year) -> None:
    report = service(may.connection, MAY, ReportsSection(), AT, line="sociale")
    assert table(report, "outcomes").rows[-1][1].value == 1


def test_coming_back_on_the_subject_undoes_a_resolution_and_a_containment(may: Year) -> None:
    may.add("2026-05-08 09:59", "lavoro", Outcome.ABANDONED_IVR, article="L02", key="s1")  # about something else
    may.add("2026-05-08 09:59", "lavoro", Outcome.ABANDONED_IVR, key="s2")  # within 48 hours, no answer heard
    may.add("2026-05-11 11:10", "lavoro", Outcome.ABANDONED_IVR, key="a1")  # at the seventh day's very end
    may.add("2026-05-11 12:11", "lavoro", Outcome.ABANDONED_IVR, key="a2")  # a minute after it
    assert values(service(may.connection, MAY, ReportsSection(), AT))[11:] == ["75,00%", "14,29%", "9,09%"]


def test_who_called_again_is_found_in_the_indexes_alone(may: Year) -> None:
    asked: list[str] = []
    may.connection.set_trace_callback(asked.append)
    figure_queries.repeats(may.connection, 0, 1, 1.0, Outcome.ANSWERED)
    figure_queries.known_callers(may.connection, 0, 1)
    may.connection.set_trace_callback(None)
    steps = [row["detail"] for query in asked for row in may.connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    searches = [step for step in steps if "SEARCH" in step or "SCAN" in step]
    assert len(searches) == 3
    assert all("USING COVERING INDEX" in step for step in searches), steps


def test_operators_time_gives_occupancy_and_handling_time(may: Year) -> None:
    nine = datetime(2026, 5, 4, 9, 50, tzinfo=ROME).timestamp()
    for queues, state, minutes in ((("lavoro",), "busy", 30), (("lavoro", "co"), "wrap_up", 10), (("co",), "ready", 40)):
        staff_time.add(may.connection, queues, state, nine, nine + minutes * 60)
    figures_ = values(service(may.connection, MAY, ReportsSection(), AT))
    assert (figures_[7], figures_[9]) == ("250,0 s", "50,00%")
    figures_ = values(service(may.connection, MAY, ReportsSection(), AT, queues=frozenset({"lavoro"})))
    assert (figures_[7], figures_[9]) == ("250,0 s", "100,00%")
    gone = values(make(may.connection, "service", MAY, ReportsSection(), AT, line="lavoro"))
    assert (gone[7], gone[9]) == (gone[8], "-"), "of a line that is gone nobody's time is known: not everybody's"
    halves = may.connection.execute("SELECT ms FROM staff_time WHERE state = 'busy' ORDER BY half").fetchall()
    assert [row["ms"] for row in halves] == [600_000, 1_200_000]


def behind(year: Year, link: str) -> int:
    wanted = _wanted(Fields(parse_qs(urlsplit(link).query)))
    count, contacts = figure_queries.behind(year.connection, wanted, 50)
    assert len(contacts) == count
    return count


@pytest.mark.parametrize(("period", "line"), [(MAY, ""), (Period(2026), ""), (MAY, "lavoro"), (MAY, "sociale")])
def test_behind_every_figure_are_as_many_contacts_as_it_says(may: Year, period: Period, line: str) -> None:
    may.add("2026-05-08 09:59", "lavoro", Outcome.SERVED_BY_IVR, article="L01", key="s1")  # s1 comes back
    may.add("2026-05-08 10:01", "lavoro", Outcome.ANSWERED, key="a1")  # and a1
    may.add("2026-05-09 10:01", "lavoro", Outcome.ABANDONED_IVR, article="L02")
    terms = {name: TermSection(at_least=99.0, penalty=1.0) for name in ("fcr", "true_containment", "sl_with_abandoned")}
    report = service(may.connection, period, ReportsSection(contract=terms), AT, line=line)
    found = set()
    for each in report.tables:
        for row in each.rows:
            for cell, column in zip(row, each.columns, strict=True):
                if cell.link and isinstance(cell.value, int):
                    assert behind(may, cell.link) == cell.value, (each.key, column, row[0].text)
                    found.add((each.key, column))
    columns = ("Contatti", "In coda", "Con risposta", "Abbandonate") if period.month else ()
    half = {("by_half_hour", column) for column in columns}
    items = {("steps", "Abbandonate lì"), ("steps", "Finite lì")}
    items |= {("articles", "Ascoltata in"), ("articles", "di cui servite da IVR")} if line != "sociale" else set()
    assert found >= {("outcomes", "Contatti")} | half | items, found
    sheet = {row[0].text: row for row in table(report, "figures").rows}
    linked = [name for name, row in sheet.items() if row[1].link]
    assert len(linked) == len(sheet) - 1  # all but occupancy, which is operators' time
    for name in linked:
        timed = name in {"Attesa media prima della risposta", "Tempo medio di gestione", "Conversazione media"}
        assert behind(may, sheet[name][1].link) == sheet[name][3 if timed else 2].value, name
    assert all(row[3].link for row in table(report, "contract").rows[:-1])


def test_half_hours_and_days(may: Year) -> None:
    report = service(may.connection, MAY, ReportsSection(), AT)
    by_half = {row[0].text: row[1].value for row in table(report, "by_half_hour").rows}
    assert by_half == {"10:00": 3, "10:30": 3, "11:00": 1, "12:00": 1, "13:00": 1, "23:30": 1}
    by_day = [row[1].value for row in table(report, "by_day").rows]
    assert (len(by_day), by_day[3], by_day[30]) == (31, 4, 1)


@pytest.mark.parametrize(("month", "before", "after"), [(3, "2026-03-28", "2026-03-30"), (10, "2026-10-24", "2026-10-26")])
def test_half_hours_are_the_wall_clocks_on_both_sides_of_its_change(may: Year, month: int, before: str, after: str) -> None:
    for day in (before, after):
        for time in ("00:10", "09:40", "23:50"):
            may.add(f"{day} {time}", "lavoro", Outcome.SERVED_BY_IVR)
    report = service(may.connection, Period(2026, month), ReportsSection(), AT)
    rows = table(report, "by_half_hour").rows
    assert {row[0].text: row[1].value for row in rows} == {"00:00": 2, "09:30": 2, "23:30": 2}
    assert [behind(may, row[1].link) for row in rows] == [2, 2, 2]


def test_the_penalties_of_a_contract(may: Year) -> None:
    terms = {
        "sl_offered": TermSection(at_least=80.0, penalty=500.0),
        "asa": TermSection(at_most=27.5, penalty=0.25),
        "abandon_rate": TermSection(at_most=25.0, penalty=1000.0),
        "occupancy": TermSection(at_most=80.0, penalty=1000.0),
    }
    report = service(may.connection, MAY, ReportsSection(contract=terms), AT)
    rows = [[cell.text for cell in row[2:]] for row in table(report, "contract").rows]
    assert rows == [
        ["almeno 80", "25,00%", "55", "27500,00"],
        ["al massimo 27,5", "28,00 s", "1", "0,25"],
        ["al massimo 25", "25,00%", "0", "0,00"],
        ["al massimo 80", "-", "0", "0,00"],
        ["", "", "", "27500,25"],
    ]
    assert table(report, "contract").notes == ()
    under_way = datetime(2026, 5, 31, 23, 59, tzinfo=ROME).timestamp()
    early = service(may.connection, MAY, ReportsSection(contract=terms), under_way)
    assert table(early, "contract").notes == ("2026-05 non è finito: le sue penali, e il totale, sono provvisori.",)
    with pytest.raises(IvrError, match="no figure"):
        service(may.connection, MAY, ReportsSection(contract={"speed": TermSection()}), AT)


def test_where_callers_leave_and_what_they_hear(may: Year) -> None:
    may.add("2026-05-08 09:59", "lavoro", Outcome.ABANDONED_IVR, article="L01")
    report = service(may.connection, MAY, ReportsSection(), AT)
    assert [cell.text for cell in table(report, "steps").rows[0]] == ["lavoro", "menu", "1", "10"]
    assert [[cell.text for cell in row] for row in table(report, "articles").rows] == [["lavoro", "L01", "3", "2", "66,67%"]]


def test_a_table_that_ends_because_it_is_long_says_so(year: Year) -> None:
    def notes() -> tuple[str, ...]:
        return table(service(year.connection, MAY, ReportsSection(), AT), "articles").notes

    for number in range(40):
        year.add("2026-05-08 09:59", "lavoro", Outcome.SERVED_BY_IVR, article=f"L{number:02}")
    assert notes() == ()
    year.add("2026-05-08 09:59", "lavoro", Outcome.SERVED_BY_IVR, article="L40")
    assert notes() == ("Le prime 40 righe di 41.",)
