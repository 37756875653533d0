"""The Ministry's two tables, in its layout and wording (docs/outcomes.md says which outcome goes to which column)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ivr_engine.clock import rome
from ivr_engine.errors import IvrError
from ivr_engine.events import Outcome
from ivr_engine.records import closings
from ivr_engine.records.figure_queries import PHONE
from ivr_engine.reports.model import Cell, Chart, Report, Table, contacts_link, count, percent, text
from ivr_engine.reports.texts import sayer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from ivr_engine.config import ReportsSection
    from ivr_engine.records.closings import Cells, Closing, Columns
    from ivr_engine.reports.period import Period

IVR = (Outcome.SERVED_BY_IVR, Outcome.TRANSFERRED)
CALL_CENTER = (
    *(Outcome.ANSWERED, Outcome.ABANDONED_QUEUE, Outcome.TIMED_OUT, Outcome.NO_OPERATORS, Outcome.QUEUE_FULL),
    *(Outcome.CALLBACK, Outcome.OVERFLOWED),
)
ABANDONED = (Outcome.ABANDONED_QUEUE,)
ACCEPTED = (Outcome.ANSWERED,)
_EMAIL = ("email",)
_TOLL_FREE, _MANDATORY = ("lavoro", "sociale", "tfr_cliclavoro"), ("comunicazioni_obbligatorie",)
_say = sayer("it")  # the Ministry's tables are Italian whoever asks for them


class _Month:
    """The figures of one month, and the lines of each column: as it was closed, else as they are."""

    def __init__(self, connection: sqlite3.Connection, month: int, closing: Closing | None, columns: Columns) -> None:
        self.month, self.closing = month, closing
        self.current = closings.now_in(connection, month)
        self.cells: Cells = closing.cells if closing is not None else self.current
        self._columns = (closing.columns if closing is not None else None) or columns

    def lines(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Those of some columns."""
        return tuple(line for column in columns for line in self._columns[column])

    def contacts(self, columns: tuple[str, ...], outcomes: tuple[Outcome, ...], media: tuple[str, ...] = PHONE) -> int:
        """How many of those."""
        lines = self.lines(columns)
        return sum(
            sums[0]
            for (line, medium, _article, outcome), sums in self.cells.items()
            if line in lines and medium in media and (outcome in outcomes or not outcomes)
        )


def ministry(connection: sqlite3.Connection, period: Period, settings: ReportsSection, at: float) -> Report:
    """Both tables of a year, or of one month of it; what is in neither, so that every contact is counted once; and what was
    corrected since a month was closed. Raises IvrError when a line stands in two columns."""
    columns = columns_of(settings)
    closed = closings.closed(connection, period.months[0], period.months[-1])
    months = [_Month(connection, month, closed.get(month), columns) for month in period.months]
    tables = [_toll_free(months, period), _mandatory(months, period), _elsewhere(months)]
    corrections = _corrections(months)
    if corrections.rows:
        tables.append(corrections)
    notes = [
        _say("ministry.closed", month=_name(month), at=_day(closing.at), sha256=closing.sha256)
        for month, closing in closed.items()
    ]
    alarms = [_say("ministry.unsound", month=_name(month)) for month, closing in closed.items() if not closing.sound]
    asked: dict[str, str | int] = {"year": period.year, **({"month": period.month} if period.month else {})}
    return Report(
        "ministry", _say("ministry.title", period=str(period)), "it", at, asked, tuple(tables), tuple(notes), tuple(alarms)
    )


def columns_of(settings: ReportsSection) -> Columns:
    """The columns' lines as the settings have them. Raises IvrError when a line stands in two."""
    columns: dict[str, tuple[str, ...]] = {name: getattr(settings, name) for name in (*_TOLL_FREE, *_MANDATORY)}
    named = Counter(line for lines in columns.values() for line in set(lines))
    if twice := sorted(line for line, times in named.items() if times > 1):
        raise IvrError(
            f"line {twice[0]} stands in two columns of the Ministry's tables, and would be counted twice",
            "name it in one setting of [reports] alone",
        )
    return columns


def _toll_free(months: list[_Month], period: Period) -> Table:
    rows = []
    for name, part in _parts(months, "ministry.total-year", period, _say):
        calls = [sum(month.contacts((theme,), ACCEPTED) for month in part) for theme in _TOLL_FREE]
        emails = sum(month.contacts(_TOLL_FREE, (), _EMAIL) for month in part)
        links = [_link(part, _lines(part, (theme,)), ACCEPTED) for theme in _TOLL_FREE]
        every = _lines(part, _TOLL_FREE)
        rows.append(
            (
                text(name),
                *map(count, calls, links),
                *(percent(number, sum(calls), 2) for number in calls),
                count(sum(calls), _link(part, every, ACCEPTED)),
                count(emails, _link(part, every, (), _EMAIL)),
            )
        )
    columns = tuple(_say(f"ministry.a.{name}") for name in _A_COLUMNS)
    return Table(
        "toll_free",
        _say("ministry.a.title"),
        columns,
        tuple(rows),
        (_say("ministry.a.note"),),
        total=len(months) > 1,
        chart=_chart(_say("ministry.a.title"), columns[1:4], rows, (1, 2, 3), total=len(months) > 1),
    )


_A_COLUMNS = ("month", "lavoro", "sociale", "tfr", "lavoro-share", "sociale-share", "tfr-share", "total", "emails")
_B_COLUMNS = ("month", "handled", "ivr", "call-center", "abandoned", "abandoned-share")


def _mandatory(months: list[_Month], period: Period) -> Table:
    rows = []
    for name, part in _parts(months, "ministry.total-general", period, lambda key, **_: f"{_say(key)} {period.year}"):
        ivr, center, gone = (sum(month.contacts(_MANDATORY, which) for month in part) for which in (IVR, CALL_CENTER, ABANDONED))
        own = _lines(part, _MANDATORY)
        single = len(part) == 1
        rows.append(
            (
                text(name),
                count(ivr + center, _link(part, own, IVR + CALL_CENTER)),
                count(ivr, _link(part, own, IVR)),
                count(center, _link(part, own, CALL_CENTER)),
                count(gone, _link(part, own, ABANDONED)),
                percent(gone, center, 1 if single else 2),
            )
        )
    columns = tuple(_say(f"ministry.b.{name}") for name in _B_COLUMNS)
    return Table(
        "mandatory_communications",
        _say("ministry.b.title"),
        columns,
        tuple(rows),
        (_say("ministry.b.note"),),
        total=len(months) > 1,
        chart=_chart(_say("ministry.b.title"), columns[2:4], rows, (2, 3), total=len(months) > 1),
    )


def _elsewhere(months: list[_Month]) -> Table:
    """What the two tables have no column for."""
    found: dict[tuple[str, str, str], int] = {}
    for month in months:
        toll_free, mandatory = month.lines(_TOLL_FREE), month.lines(_MANDATORY)
        for (line, medium, _article, outcome), sums in month.cells.items():
            phone = medium in PHONE
            shown = (line in toll_free and ((phone and outcome in ACCEPTED) or medium in _EMAIL)) or (
                line in mandatory and phone and outcome in IVR + CALL_CENTER
            )
            if not shown:
                key = (line, "phone" if phone else medium, outcome)
                found[key] = found.get(key, 0) + sums[0]
    rows = [
        (
            text(line or "-"),
            text(_say(f"medium.{medium}")),
            text(_say(f"outcome.{outcome}")),
            count(number, _link(months, (line,), (outcome,), PHONE if medium == "phone" else (medium,))),
        )
        for (line, medium, outcome), number in sorted(found.items())
    ]
    everything = sum(sums[0] for month in months for sums in month.cells.values())
    columns = tuple(_say(f"ministry.c.{name}") for name in ("line", "medium", "outcome", "contacts"))
    return Table("elsewhere", _say("ministry.c.title"), columns, tuple(rows), (_say("ministry.c.note", contacts=everything),))


def _corrections(months: list[_Month]) -> Table:
    rows = []
    for month in months:
        if month.closing is None:
            continue
        before, now = (_by_outcome(cells) for cells in (month.closing.cells, month.current))
        for key in sorted(before.keys() | now.keys()):
            if before.get(key, 0) != now.get(key, 0):
                line, medium, outcome = key
                rows.append(
                    (
                        text(_name(month.month)),
                        text(line or "-"),
                        text(_say(f"medium.{medium or 'phone'}")),
                        text(_say(f"outcome.{outcome}")),
                        count(before.get(key, 0)),
                        count(now.get(key, 0)),
                    )
                )
    columns = tuple(_say(f"ministry.d.{name}") for name in ("month", "line", "medium", "outcome", "closed", "now"))
    return Table("corrections", _say("ministry.d.title"), columns, tuple(rows), (_say("ministry.d.note"),))


def _by_outcome(cells: Cells) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for (line, medium, _article, outcome), sums in cells.items():
        found[line, medium, outcome] = found.get((line, medium, outcome), 0) + sums[0]
    return found


def _parts(months: list[_Month], total: str, period: Period, name: Callable[..., str]) -> list[tuple[str, list[_Month]]]:
    parts = [(name(f"month.{month.month % 100}"), [month]) for month in months]
    return parts if period.month else [*parts, (_say(total), months)]


def _lines(months: list[_Month], columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for month in months for line in month.lines(columns)))


def _link(months: list[_Month], lines: tuple[str, ...], outcomes: tuple[str, ...], media: tuple[str, ...] = PHONE) -> str:
    month = months[0].month % 100 if len(months) == 1 else None
    return contacts_link(year=months[0].month // 100, month=month, line=lines, outcome=outcomes, medium=media[0])


def _chart(
    title: str, series: tuple[str, ...], rows: Sequence[tuple[Cell, ...]], places: tuple[int, ...], *, total: bool
) -> Chart | None:
    if not total:
        return None
    bars = tuple((row[0].text[:3], tuple(float(row[place].value or 0) for place in places)) for row in rows[:-1])
    return Chart(title, series, bars)


def _name(month: int) -> str:
    return f"{_say(f'month.{month % 100}')} {month // 100}"


def _day(at: float) -> str:
    return f"{rome(at):%d/%m/%Y %H:%M}"
