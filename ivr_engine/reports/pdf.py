"""A report on paper: A4 across, tables with their heads on every page, charts as lines and not as dots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ivr_engine.clock import instant, rome
from ivr_engine.reports.texts import say

if TYPE_CHECKING:
    from ivr_engine.reports.model import Chart, Report, Table

_MARGIN, _WIDTH, _INK, _PALE = 12.0, 273.0, (23, 50, 77), (230, 236, 242)
_COLOURS = ((23, 50, 77), (0, 102, 204), (204, 122, 0))
_CHART_MM = 42.0
_LIKE = str.maketrans({"–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "€": "EUR"})


def as_pdf(report: Report) -> bytes:
    """The file."""
    from fpdf import FPDF
    from fpdf.fonts import FontFace

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font("Helvetica", size=8)
            page = say(report.language, "print.page", page=self.page_no(), pages="{nb}")
            self.cell(0, 6, _plain(f"{report.title}  -  {page}"), align="C")

    paper = Paper("landscape", "mm", "A4")
    paper.set_creation_date(instant(report.at))
    paper.set_title(report.title)
    paper.set_lang(report.language)
    paper.set_margins(_MARGIN, _MARGIN)
    paper.set_auto_page_break(auto=True, margin=16)
    paper.add_page()
    paper.set_text_color(*_INK)
    paper.set_font("Helvetica", style="B", size=16)
    paper.multi_cell(0, 8, _plain(report.title), new_x="LMARGIN", new_y="NEXT")
    head = FontFace(emphasis="BOLD", fill_color=_PALE)
    for alarm in report.alarms:
        _line(paper, f"{say(report.language, 'print.alarm')}: {alarm}", style="B")
    for table in report.tables:
        _put(paper, table, head)
    at = say(report.language, "print.made", at=f"{rome(report.at):%d/%m/%Y %H:%M}")
    for note in (*report.notes, at):
        _line(paper, note)
    return bytes(paper.output())


def _put(paper: Any, table: Table, head: Any) -> None:
    if paper.get_y() > 150:
        paper.add_page()
    paper.ln(4)
    paper.set_font("Helvetica", style="B", size=12)
    paper.multi_cell(0, 7, _plain(table.title), new_x="LMARGIN", new_y="NEXT")
    paper.set_font("Helvetica", size=8)
    align = [
        "RIGHT" if table.rows and all(row[place].is_number for row in table.rows) else "LEFT"
        for place in range(len(table.columns))
    ]
    widths = tuple(_width(table, place) for place in range(len(table.columns)))
    with paper.table(
        text_align=tuple(align),
        col_widths=widths,
        width=_WIDTH,
        line_height=4.6,
        headings_style=head,
        borders_layout="HORIZONTAL_LINES",
    ) as grid:
        grid.row([_plain(column) for column in table.columns])
        for number, row in enumerate(table.rows, 1):
            last = table.total and number == len(table.rows)
            grid.row([_plain(cell.text) for cell in row], style=head if last else None)
    for note in table.notes:
        _line(paper, note)
    if table.chart is not None and table.chart.bars:
        _draw(paper, table.chart)


def _width(table: Table, place: int) -> float:
    """A column's share of the paper: its longest cell, and no word of its head broken."""
    words = (1.3 * len(word) for word in table.columns[place].split())
    return min(70.0, max(8.0, *words, *(len(row[place].text) for row in table.rows)))


def _draw(paper: Any, chart: Chart) -> None:
    if paper.get_y() + _CHART_MM + 14 > 190:
        paper.add_page()
    top, left = paper.get_y() + 8, _MARGIN + 10
    highest = max((value for _label, values in chart.bars for value in values), default=0.0) or 1.0
    slot = (_WIDTH - 10) / len(chart.bars)
    width = slot * 0.8 / len(chart.series)
    paper.set_font("Helvetica", size=7)
    for number, name in enumerate(chart.series):
        paper.set_fill_color(*_COLOURS[number % len(_COLOURS)])
        paper.rect(left + 80 * number, top - 5, 3, 3, style="F")
        paper.text(left + 80 * number + 4, top - 2.4, _plain(name))
    paper.text(_MARGIN, top + 2, f"{highest:g}")
    paper.text(_MARGIN, top + _CHART_MM, "0")
    for place, (label, values) in enumerate(chart.bars):
        for number, value in enumerate(values):
            height = _CHART_MM * value / highest
            paper.set_fill_color(*_COLOURS[number % len(_COLOURS)])
            paper.rect(left + place * slot + slot * 0.1 + number * width, top + _CHART_MM - height, width, height, style="F")
        short = _plain(label)[: max(3, int(slot / 1.6))]
        paper.text(left + place * slot + slot * 0.1, top + _CHART_MM + 4, short)
    paper.line(left, top + _CHART_MM, _MARGIN + _WIDTH, top + _CHART_MM)
    paper.set_y(top + _CHART_MM + 7)


def _line(paper: Any, words: str, style: str = "") -> None:
    paper.set_font("Helvetica", style=style, size=8)
    paper.multi_cell(0, 4.5, _plain(words), new_x="LMARGIN", new_y="NEXT")


def _plain(words: str) -> str:
    """The built-in fonts have the letters of western Europe."""
    return words.translate(_LIKE).encode("latin-1", "replace").decode("latin-1")
