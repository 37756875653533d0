"""The same report wherever it is written, read back by other programs."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import openpyxl
import pytest

from ivr_engine.config import ReportsSection
from ivr_engine.events import Outcome
from ivr_engine.reports.making import make
from ivr_engine.reports.model import Report, Table, count, text
from ivr_engine.reports.output import written
from ivr_engine.reports.period import Period

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Year

AT = 1_790_000_000.0


@pytest.fixture(params=["ministry", "service", "cases"])
def report(year: Year, request: pytest.FixtureRequest) -> Report:
    """Each kind, of a year with something in it."""
    for number in range(7):
        year.add(f"2026-0{number + 1}-04 10:00", "comunicazioni_obbligatorie", Outcome.ANSWERED, article="CO1")
        year.add(f"2026-0{number + 1}-04 10:00", "lavoro", list(Outcome)[number])
    return make(year.connection, request.param, Period(2026), ReportsSection(), AT)


def cells(report: Report) -> list[str]:
    return [cell.text for table in report.tables for row in table.rows for cell in row if cell.text]


def test_a_workbook_has_the_same_numbers(report: Report) -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(report, "xlsx")))
    assert book.sheetnames == [table.key for table in report.tables]
    for table in report.tables:
        sheet = book[table.key]
        assert sheet["A1"].value == table.title
        assert tuple(cell.value for cell in sheet[3]) == table.columns
        for row, found in zip(table.rows, sheet.iter_rows(min_row=4, max_col=len(table.columns)), strict=False):
            assert [cell.value or None for cell in row] == [cell.value or None for cell in found]
            for cell, there in zip(row, found, strict=True):
                if cell.value not in ("", None):
                    assert there.data_type == ("n" if cell.is_number else "s")
                if cell.text.endswith("%"):
                    assert there.number_format.endswith('"%"')


def test_paper_has_the_same_words_on_a4(report: Report, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        lacking = "there is no pdftotext: tests/reports/install.sh installs it"
        (pytest.fail if os.environ.get("IVR_REQUIRE_PDFTOTEXT") == "1" else pytest.skip)(lacking)
    file = tmp_path / "report.pdf"
    file.write_bytes(written(report, "pdf"))
    printed = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, timeout=30, check=True).stdout
    for table in report.tables:
        assert table.title.replace("’", "'") in printed
        for row in table.rows:
            numbers = [cell.text for cell in row if cell.is_number]
            assert not numbers or any(
                line.split()[-len(numbers) :] == numbers or all(number in line for number in numbers)
                for line in printed.splitlines()
            )
    facts = subprocess.run(["pdfinfo", file], capture_output=True, text=True, timeout=30, check=True).stdout
    assert "(A4)" in facts


def test_a_spreadsheet_takes_the_csv_and_json_has_it_all(report: Report) -> None:
    content = written(report, "csv").decode("utf-8-sig")
    found = [cell for row in csv.reader(io.StringIO(content), delimiter=";") for cell in row]
    assert [text for text in cells(report) if text not in found] == []
    document = json.loads(written(report, "json"))
    assert [cell["text"] for table in document["tables"] for row in table["rows"] for cell in row if cell["text"]] == cells(
        report
    )
    assert document["asked"] == {"year": 2026}


def test_the_terminal_shows_it_and_charts_are_drawn(report: Report) -> None:
    printed = written(report, "table").decode()
    assert all(table.title in printed for table in report.tables)
    bars = sum(len(table.chart.bars) * len(table.chart.series) for table in report.tables if table.chart)
    drawn = ElementTree.fromstring(written(report, "svg"))
    namespace = "{http://www.w3.org/2000/svg}"
    assert sum(rect.find(f"{namespace}title") is not None for rect in drawn.iter(f"{namespace}rect")) == bars
    assert (bars > 0) == (report.kind != "cases")


def test_a_formula_of_a_caller_stays_a_text() -> None:
    table = Table("t", "T", ("a", "b"), ((text("=1+1"), count(-1)),))
    report = Report("service", "R", "it", AT, {}, (table,))
    assert "'=1+1;-1" in written(report, "csv").decode()
    sheet = openpyxl.load_workbook(io.BytesIO(written(report, "xlsx")))["t"]
    assert (sheet["A4"].value, sheet["A4"].data_type) == ("=1+1", "s")
