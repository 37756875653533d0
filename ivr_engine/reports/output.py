"""A report on a terminal, as CSV, as a workbook, as JSON; reports/pdf.py prints it on paper."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from tabulate import tabulate

from ivr_engine.clock import rome
from ivr_engine.reports.charts import svg
from ivr_engine.reports.pdf import as_pdf
from ivr_engine.reports.texts import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.reports.model import Cell, Report

FORMATS = ("table", "csv", "xlsx", "pdf", "json", "svg")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
    "svg": "image/svg+xml",
}
_FORMULA = tuple("=+-@\t\r")


def written(report: Report, form: str) -> bytes:
    """The report in one of FORMATS; a text ends with a line feed."""
    return _WRITERS[form](report)


def made(report: Report) -> str:
    """When it was made, in words."""
    return say(report.language, "print.made", at=f"{rome(report.at):%d/%m/%Y %H:%M}")


def _table(report: Report) -> bytes:
    parts = [report.title, ""]
    for alarm in report.alarms:
        parts += [f"{say(report.language, 'print.alarm')}: {alarm}", ""]
    for table in report.tables:
        align = ["right" if all(row[place].is_number for row in table.rows) else "left" for place in range(len(table.columns))]
        rows = [[cell.text for cell in row] for row in table.rows]
        printed = tabulate(rows, table.columns, disable_numparse=True, colalign=align if rows else None, maxcolwidths=60)
        parts += [table.title, printed, *table.notes, ""]
    return "\n".join([*parts, *report.notes, made(report), ""]).encode()


def _csv(report: Report) -> bytes:
    """As Italian spreadsheets read it: semicolons, decimal commas, a byte order mark; one table below the other."""
    file = io.StringIO()
    table = csv.writer(file, delimiter=";", lineterminator="\r\n")
    for alarm in report.alarms:
        table.writerow((alarm,))
    for number, one in enumerate(report.tables):
        if number:
            table.writerow(())
        table.writerow((one.title,))
        table.writerow(one.columns)
        table.writerows([_harmless(cell) for cell in row] for row in one.rows)
        table.writerows((note,) for note in one.notes)
    table.writerow(())
    table.writerows((note,) for note in (*report.notes, made(report)))
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def _harmless(cell: Cell) -> str:
    """A spreadsheet must not take a text for a formula."""
    risky = isinstance(cell.value, str) and len(cell.text) > 1 and cell.text.startswith(_FORMULA)
    return f"'{cell.text}" if risky else cell.text


def _xlsx(report: Report) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    book.remove(book.active)
    for table in report.tables:
        sheet = book.create_sheet(table.key[:31])
        sheet.append([table.title])
        sheet["A1"].font = Font(bold=True, size=13)
        sheet.append([])
        sheet.append(list(table.columns))
        for cell in sheet[3]:
            cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
        for row_number, row in enumerate(table.rows, 4):
            for place, one in enumerate(row, 1):
                cell = sheet.cell(row_number, place)
                if isinstance(one.value, str) and one.value:
                    cell.value, cell.data_type = one.value, "s"  # never a formula
                elif one.value != "":
                    cell.value, cell.number_format = one.value, _number_format(one)
                cell.font = Font(bold=table.total and row_number == len(table.rows) + 3)
        for note in (*report.alarms, *table.notes, *report.notes, made(report)):
            sheet.append([note])
        for place, column in enumerate(table.columns):
            widest = max([12, *(len(row[place].text) for row in table.rows)])
            sheet.column_dimensions[sheet.cell(3, place + 1).column_letter].width = min(60, max(widest + 2, len(column) / 2))
        sheet.freeze_panes = "B4"
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _number_format(cell: Cell) -> str:
    _whole, comma, decimals = cell.text.partition(",")
    digits = sum(character.isdigit() for character in decimals)
    unit = "".join(character for character in cell.text if character not in "0123456789,-")
    return ("0." + "0" * digits if comma else "0") + (f'"{unit}"' if unit else "")


def _json(report: Report) -> bytes:
    document = {
        "report": report.kind,
        "title": report.title,
        "language": report.language,
        "made": rome(report.at).isoformat(timespec="seconds"),
        "asked": dict(report.asked),
        "alarms": report.alarms,
        "tables": [
            {
                "key": table.key,
                "title": table.title,
                "columns": table.columns,
                "rows": [[{"value": cell.value, "text": cell.text, "contacts": cell.link} for cell in row] for row in table.rows],
                "notes": table.notes,
            }
            for table in report.tables
        ],
        "notes": report.notes,
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _svg(report: Report) -> bytes:
    """Its charts, one below the other."""
    charts = [svg(table.chart) for table in report.tables if table.chart is not None]
    parts = [f'<g transform="translate(0 {320 * number})">{chart}</g>' for number, chart in enumerate(charts)]
    nested = "".join(parts).replace("<svg ", '<svg width="900" height="300" ')
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 {320 * max(1, len(charts))}">{nested}</svg>\n'.encode()


_WRITERS: dict[str, Callable[[Report], bytes]] = {
    "table": _table,
    "csv": _csv,
    "xlsx": _xlsx,
    "pdf": as_pdf,
    "json": _json,
    "svg": _svg,
}
