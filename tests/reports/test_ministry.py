"""The Ministry's tables: what is known of its year 2011 comes out as it printed it.

Of 2011 the totals and some facts of single months are known (tables of the tender for the contact centre); the thirteen rows are
not, so no row is compared whole.
"""

from __future__ import annotations

import sqlite3
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from ivr_engine.config import ReportsSection
from ivr_engine.errors import IvrError
from ivr_engine.events import Outcome
from ivr_engine.records import closings, figures
from ivr_engine.reports import closing
from ivr_engine.reports.ministry import ministry
from ivr_engine.reports.numbers import half_up, percent, share
from ivr_engine.reports.period import Period

if TYPE_CHECKING:
    from ivr_engine.reports.model import Report, Table

    from .conftest import Year

AT = 1_790_000_000.0
CO = "comunicazioni_obbligatorie"


@pytest.mark.parametrize(
    ("part", "whole", "decimals", "printed"),
    [
        (562, 26289, 2, "2,14%"),
        (119, 3741, 1, "3,2%"),
        (119, 3860, 1, "3,1%"),
        (9667, 19268, 2, "50,17%"),
        (9241, 19268, 2, "47,96%"),
        (360, 19268, 2, "1,87%"),
        (47452, 73741, 2, "64,35%"),
        (1, 8, 2, "12,50%"),
        (1, 800, 2, "0,13%"),  # a tie goes up, where half-even would print 0,12
        (0, 7, 1, "0,0%"),
        (7, 7, 1, "100,0%"),
        (0, 0, 1, "-"),
    ],
)
def test_shares_are_printed_as_the_ministry_prints_them(part: int, whole: int, decimals: int, printed: str) -> None:
    assert percent(share(part, whole), decimals) == printed


def test_numbers_below_nought_keep_their_sign() -> None:
    assert [half_up(Fraction(value), 1) for value in ("-1/4", "-1/100", "1/4")] == ["-0,3", "0,0", "0,3"]


def put(year: Year, month: int, line: str, outcome: Outcome, number: int, medium: str = "phone") -> None:
    """`number` contacts at once, in the month's figures."""
    sums = [number if name in ("contacts", "queued") else 0 for name in figures.SUMS]
    marks = ", ".join("?" * (6 + len(sums)))
    year.connection.execute(
        f"INSERT INTO figures VALUES ({marks})", (figures.MONTH, month, line, medium, "", outcome.value, *sums)
    )


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def table(report: Report, key: str) -> Table:
    return next(table for table in report.tables if table.key == key)


def test_the_totals_of_2011_come_out_as_they_were_printed(year: Year) -> None:
    for line, number in (("lavoro", 9667), ("sociale", 9241), ("tfr_cliclavoro", 360)):
        put(year, 201106, line, Outcome.ANSWERED, number)
    put(year, 201106, "lavoro", Outcome.ANSWERED, 7619, "email")
    put(year, 201101, CO, Outcome.ANSWERED, 3741 - 119)
    put(year, 201101, CO, Outcome.ABANDONED_QUEUE, 119)
    put(year, 201111, CO, Outcome.ANSWERED, 26289 - 562 - 3741 + 119 - 7)
    put(year, 201111, CO, Outcome.TIMED_OUT, 7)
    put(year, 201111, CO, Outcome.ABANDONED_QUEUE, 562 - 119)
    put(year, 201111, CO, Outcome.SERVED_BY_IVR, 47452)
    report = ministry(year.connection, Period(2011), ReportsSection(), AT)
    toll_free, mandatory = table(report, "toll_free"), table(report, "mandatory_communications")
    assert toll_free.title == "Riepilogo attività centro di contatto istituzionale"
    assert mandatory.title == "Contatti per supporto Comunicazioni Obbligatorie on line"
    assert texts(toll_free)[-1] == ["TOTALE ANNO", "9667", "9241", "360", "50,17%", "47,96%", "1,87%", "19268", "7619"]
    assert texts(mandatory)[-1] == ["TOTALE GENERALE", "73741", "47452", "26289", "562", "2,14%"]
    assert texts(mandatory)[0] == ["GENNAIO 2011", "3741", "0", "3741", "119", "3,2%"]
    assert [len(one.rows) for one in (toll_free, mandatory)] == [13, 13]
    assert texts(toll_free)[0] == ["GENNAIO", "0", "0", "0", "-", "-", "-", "0", "0"]
    assert [row[0] for row in texts(toll_free)][10:12] == ["NOVEMBRE", "DICEMBRE"]


@pytest.mark.parametrize(
    ("outcome", "accepted", "ivr", "center", "abandoned"),
    [  # docs/outcomes.md, row by row
        (Outcome.ANSWERED, 1, 0, 1, 0),
        (Outcome.SERVED_BY_IVR, 0, 1, 0, 0),
        (Outcome.ABANDONED_QUEUE, 0, 0, 1, 1),
        (Outcome.TIMED_OUT, 0, 0, 1, 0),
        (Outcome.NO_OPERATORS, 0, 0, 1, 0),
        (Outcome.QUEUE_FULL, 0, 0, 1, 0),
        (Outcome.CALLBACK, 0, 0, 1, 0),
        (Outcome.OVERFLOWED, 0, 0, 1, 0),
        (Outcome.TRANSFERRED, 0, 1, 0, 0),
        (Outcome.CLOSED_HOURS, 0, 0, 0, 0),
        (Outcome.ABANDONED_IVR, 0, 0, 0, 0),
    ],
)
def test_each_outcome_goes_to_its_column(
    year: Year, outcome: Outcome, accepted: int, ivr: int, center: int, abandoned: int
) -> None:
    for line in ("centralino", "lavoro", CO):
        year.add("2026-05-04 10:00", line, outcome)
    report = ministry(year.connection, Period(2026, 5), ReportsSection(), AT)
    (first,), (second,) = table(report, "toll_free").rows, table(report, "mandatory_communications").rows
    assert (first[1].value, first[7].value) == (2 * accepted, 2 * accepted)  # the main number's operators are those of LAVORO
    assert [cell.value for cell in second[1:5]] == [ivr + center, ivr, center, abandoned]
    nowhere = sum(int(row[3].value or 0) for row in table(report, "elsewhere").rows)
    assert nowhere + first[7].value + second[1].value == 3  # type: ignore[operator]


def test_a_line_stands_in_one_column_alone(year: Year) -> None:
    year.add("2026-05-04 10:00", "centralino", Outcome.ANSWERED)
    with pytest.raises(IvrError, match="centralino stands in two columns"):
        ministry(year.connection, Period(2026, 5), ReportsSection(sociale=("sociale", "centralino")), AT)


def test_emails_are_never_added_to_calls(year: Year) -> None:
    year.add("2026-05-04 10:00", "sociale", Outcome.ANSWERED, medium="email")
    year.add("2026-05-04 10:00", CO, Outcome.ANSWERED, medium="email")
    report = ministry(year.connection, Period(2026, 5), ReportsSection(), AT)
    assert texts(table(report, "toll_free"))[0][1:] == ["0", "0", "0", "-", "-", "-", "0", "1"]
    assert texts(table(report, "mandatory_communications"))[0][1:] == ["0", "0", "0", "0", "-"]
    assert texts(table(report, "elsewhere")) == [[CO, "e-mail", "risposta di un operatore", "1"]]


def test_a_closed_month_stays_and_corrections_show(year: Year) -> None:
    year.add("2026-05-04 10:00", CO, Outcome.ANSWERED)
    closed = closing.close(year.connection, 2026, 5, ReportsSection(), "anna", AT)
    year.add("2026-05-04 12:00", CO, Outcome.ABANDONED_QUEUE)
    report = ministry(year.connection, Period(2026), ReportsSection(), AT)
    assert texts(table(report, "mandatory_communications"))[4] == ["MAGGIO 2026", "1", "0", "1", "0", "0,0%"]
    assert texts(table(report, "corrections")) == [["MAGGIO 2026", CO, "telefono", "abbandonata in coda", "0", "1"]]
    assert closed.sha256 in report.notes[0]
    assert report.alarms == ()
    for change in ("UPDATE closed_months SET who = 'x'", "DELETE FROM closed_months"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            year.connection.execute(change)
    with pytest.raises(IvrError, match="closed already"):
        closing.close(year.connection, 2026, 5, ReportsSection(), "anna", AT)
    assert figures.differences(year.connection) == 0
    # Who takes the trigger away and writes into it is found out.
    year.connection.execute("DROP TRIGGER closed_months_keep")
    year.connection.execute("UPDATE closed_months SET content = replace(content, 'answered', 'callback')")
    assert ministry(year.connection, Period(2026), ReportsSection(), AT).alarms != ()
    assert not closings.closed(year.connection, 202605, 202605)[202605].sound


def test_a_closed_month_keeps_the_columns_it_had(year: Year) -> None:
    for month in ("05", "06"):
        year.add(f"2026-{month}-04 10:00", "sociale", Outcome.ANSWERED)
    closing.close(year.connection, 2026, 5, ReportsSection(), "anna", AT)
    renamed = ReportsSection(sociale=("politiche_sociali",))
    report = ministry(year.connection, Period(2026), renamed, AT)
    rows = table(report, "toll_free").rows
    assert [rows[month][2].value for month in (4, 5, 12)] == [1, 0, 1], "June goes where the settings say now"
    assert texts(table(report, "elsewhere")) == [["sociale", "telefono", "risposta di un operatore", "1"]]
    # Months that an earlier engine closed have no columns of their own.
    year.connection.execute("DROP TRIGGER closed_months_keep")
    year.connection.execute("UPDATE closed_months SET content = json_remove(content, '$.tables')")
    assert table(ministry(year.connection, Period(2026), ReportsSection(), AT), "toll_free").rows[4][2].value == 1


def test_a_month_is_closed_only_when_it_is_over_and_adds_up(year: Year) -> None:
    year.add("2026-05-04 10:00", CO, Outcome.ANSWERED)
    for wrong, month, at in (("not over", 5, 1_778_000_000.0), ("no contacts of 2026-04", 4, AT), ("no month 13", 13, AT)):
        with pytest.raises(IvrError, match=wrong):
            closing.close(year.connection, 2026, month, ReportsSection(), "anna", at)
    for span in ("month", "day"):
        year.connection.execute("UPDATE figures SET contacts = 2 WHERE span = ?", (span,))
        with pytest.raises(IvrError, match="do not add up"):
            closing.close(year.connection, 2026, 5, ReportsSection(), "anna", AT)
        year.connection.execute("UPDATE figures SET contacts = 1")
    year.connection.execute("UPDATE figures SET contacts = 2 WHERE span = 'day'")
    with pytest.raises(IvrError, match="do not add up"):
        closing.close(year.connection, 2026, 5, ReportsSection(), "anna", AT)
    year.connection.execute("UPDATE contacts SET ended = NULL, outcome = NULL")
    with pytest.raises(IvrError, match="still open"):
        closing.close(year.connection, 2026, 5, ReportsSection(), "anna", AT)
