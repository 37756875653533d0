"""Reports: the Ministry's tables, service, cases; the contacts behind a figure; months closed for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from markupsafe import Markup

from ivr_engine.clock import rome
from ivr_engine.console import words
from ivr_engine.console.visit import Fields, NotFound, download
from ivr_engine.errors import IvrError
from ivr_engine.events import Outcome
from ivr_engine.records import closings, figure_queries
from ivr_engine.records.by_hand import MEDIA
from ivr_engine.records.figure_queries import PHONE, Wanted, midnight
from ivr_engine.reports import closing, output
from ivr_engine.reports.charts import svg
from ivr_engine.reports.making import KINDS, make
from ivr_engine.reports.period import Period
from ivr_engine.reports.texts import say

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ivr_engine.console.visit import Answer, Visit
    from ivr_engine.reports.model import Report

_PAGE = 50
_YEAR_S = 366 * 86_400
_DOWNLOADS = ("pdf", "xlsx", "csv", "json", "svg")


def off(visit: Visit) -> list[str]:
    """Sentences on the days whose outcomes do not add up."""
    return [
        say(visit.language, "check.off", day=f"{one.day:%d/%m/%Y}", offered=one.offered, counted=one.counted, open=one.open)
        for one in visit.office.figures.off
    ]


async def index(visit: Visit) -> Answer:
    """GET /reports"""
    return await _index(visit)


async def _index(visit: Visit, mistake: str = "") -> Answer:
    years = await visit.read(figure_queries.years)
    counted = await visit.read(figure_queries.lines)
    closed = await visit.read(closings.closed, 0, 999_999)
    today = rome(visit.now)
    last = today.replace(day=1) - timedelta(days=1)
    return visit.page(
        "reports/index.html",
        status=422 if mistake else 200,
        years=years or [today.year],
        closed=list(closed.values()),
        off=off(visit),
        mistake=mistake,
        titles=_titles(visit, counted),
        kinds=KINDS,
        may_close=visit.user.role in ("supervisor", "ministry"),
        last=last,
    )


async def show(visit: Visit, kind: str) -> Answer:
    """GET /reports/KIND?year=&month=&line="""
    try:
        report = await _report(visit, kind)
    except IvrError as error:
        return await _index(visit, visit.refusal(error))
    charts = {table.key: Markup(svg(table.chart)) for table in report.tables if table.chart is not None}  # noqa: S704 - our own SVG, escaped there
    return visit.page(
        "reports/report.html",
        report=report,
        charts=charts,
        query=urlencode(report.asked),
        follows=kind != "cases" or visit.user.role != "administrator",  # who may not see cases gets no links to them
        downloads=_DOWNLOADS,
        made=output.made(report),
        off=off(visit),
    )


async def take(visit: Visit, kind: str) -> Answer:
    """GET /reports/KIND/download?format=..."""
    form = visit.query.text("format", 10)
    if form not in _DOWNLOADS:
        raise NotFound
    try:
        report = await _report(visit, kind)
    except IvrError as error:
        return await _index(visit, visit.refusal(error))
    content = await visit.office.in_thread(output.written, report, form)
    period = "-".join(str(report.asked[name]) for name in ("year", "month") if name in report.asked)
    return download(f"{kind}-{period}.{form}", content, output.TYPES[form])


async def _report(visit: Visit, kind: str) -> Report:
    if kind not in KINDS:
        raise NotFound
    query, lines = visit.query, visit.office.lines().lines
    period, line = _period(query), query.text("line", 60) if kind != "ministry" else ""
    queues = frozenset({lines[line].queue}) if line in lines else None

    def read(connection: sqlite3.Connection) -> Report:
        return make(
            connection,
            kind,
            period,
            visit.office.settings.reports,
            visit.now,
            line=line,
            language=visit.language,
            queues=queues,
            known=tuple(lines),
        )

    return await visit.read(read)


def _period(query: Fields) -> Period:
    """Raises IvrError."""
    month = query.text("month", 3)
    return Period(query.whole("year", most=100_000), query.whole("month", 99, most=99) if month else None)


async def contacts(visit: Visit) -> Answer:
    """GET /reports/contacts?year=...: those behind a figure."""
    try:
        wanted = _wanted(visit.query)
    except IvrError as error:
        return await _index(visit, visit.refusal(error))
    page = visit.query.whole("page", most=1_000_000)
    count, found = await visit.read(figure_queries.behind, wanted, _PAGE, page * _PAGE)
    await visit.note("listed", "contacts", f"{count} behind a figure")
    kept = [(name, value) for name in visit.query if name != "page" for value in visit.query.all(name, 60)]
    lines = visit.office.lines()
    return visit.page(
        "reports/contacts.html",
        count=count,
        found=found,
        titles={row.line: words.title(lines, row.line, visit.language) for row in found},
        say=lambda key: say(visit.language, key),
        opens=visit.user.role != "administrator",
        newer=f"/reports/contacts?{urlencode([*kept, ('page', page - 1)])}" if page else "",
        older=f"/reports/contacts?{urlencode([*kept, ('page', page + 1)])}" if (page + 1) * _PAGE < count else "",
    )


def _wanted(query: Fields) -> Wanted:
    """Raises IvrError."""
    period, day = _period(query), query.whole("day", most=99)
    since, until = period.since, period.until
    if day:
        if period.month is None or day > period.last_day.day:
            raise IvrError(f"there is no day {day} in {period}")
        first = period.first_day.replace(day=day)
        since, until = midnight(first), midnight(first + timedelta(days=1))
    medium = query.text("medium", 20)
    return Wanted(
        since=since,
        until=until,
        lines=tuple(query.all("line", 60)),
        media=(medium,) if medium in MEDIA else PHONE,
        outcomes=tuple(outcome for outcome in query.all("outcome", 30) if outcome in set(Outcome)),
        queued="queued" in query,
        transferred="transferred" in query,
        within=query.whole("within") if "within" in query else None,
        beyond=query.whole("beyond") if "beyond" in query else None,
        clock=query.text("clock", 5),
        once=query.whole("once", most=_YEAR_S) if "once" in query else None,
        step=_of_line(query.text("step", 120)),
        article=_of_line(query.text("article", 120)),
    )


def _of_line(named: str) -> tuple[str, str] | None:
    line, _, name = named.partition("/")
    return (line, name) if name else None


async def close(visit: Visit) -> Answer:
    """POST /reports/close"""
    year, month = visit.form.whole("year", most=100_000), visit.form.whole("month", most=99)
    settings = visit.office.settings.reports
    try:
        await visit.write(lambda connection: closing.close(connection, year, month, settings, visit.user.name, visit.now))
    except IvrError as error:
        return await _index(visit, visit.refusal(error))
    return visit.see("/reports")


def _titles(visit: Visit, counted: Iterable[str]) -> list[tuple[str, str]]:
    """Lines there are, and those that are no more but had contacts."""
    lines = visit.office.lines()
    return [(name, words.title(lines, name, visit.language)) for name in sorted({*lines.lines, *counted} - {""})]
