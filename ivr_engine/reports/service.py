"""The service report: figures with their formulas, by month or day and half hour, where callers leave, articles, penalties."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ivr_engine.errors import IvrError
from ivr_engine.events import Outcome
from ivr_engine.records import figure_queries, staff_time
from ivr_engine.records.figures import DAY, HALF, MONTH
from ivr_engine.reports.kpis import KPIS, Kpi, Service, Tally, tally
from ivr_engine.reports.model import Cell, Chart, Report, Table, contacts_link, count, measure, percent, text
from ivr_engine.reports.period import Period
from ivr_engine.reports.texts import sayer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from ivr_engine.config import ReportsSection, TermSection
    from ivr_engine.records.figure_queries import Sum

_MOST = 40  # steps and articles in a table
_HOUR_S, _DAY_S = 3600.0, 86400.0


class _Asked:
    """One question: what every table needs."""

    def __init__(
        self, connection: sqlite3.Connection, period: Period, line: str, settings: ReportsSection, language: str
    ) -> None:
        self.connection, self.period, self.line, self.settings = connection, period, line, settings
        self.t = sayer(language)
        self.lines = (line,) if line else ()

    def link(self, **more: Any) -> str:
        return contacts_link(**{"year": self.period.year, "month": self.period.month, "line": self.line, **more})

    def behind(self, kpi: Kpi, month: int | None = None) -> str:
        """The contacts of a figure's numerator; "" when it is made of operators' time."""
        if not kpi.outcomes:
            return ""
        settings = self.settings
        return self.link(
            month=month or self.period.month,
            outcome=kpi.outcomes,
            queued=int(kpi.queued),
            within=settings.threshold if kpi.timed else None,
            beyond=settings.short_abandon if kpi.lasting else None,
            transferred=int(kpi.transferred),
            once={"days": round(settings.repeat_days * _DAY_S), "hours": round(settings.return_hours * _HOUR_S)}.get(kpi.once),
        )

    def sums(self, span: str, first: int, last: int, by: str = "period") -> dict[Any, list[tuple[str, Sum]]]:
        """Telephone contacts by period, or by what is reckoned from it."""
        found: dict[Any, list[tuple[str, Sum]]] = defaultdict(list)
        for one in figure_queries.sums(self.connection, span, first, last, (by, "medium", "outcome"), self.lines):
            if one.by[1] in figure_queries.PHONE:
                found[one.by[0]].append((one.by[2], one))
        return found

    def tally(self, sums: list[tuple[str, Sum]]) -> Tally:
        return tally(sums, self.settings.threshold, self.settings.short_abandon)


def service(
    connection: sqlite3.Connection,
    period: Period,
    settings: ReportsSection,
    at: float,
    *,
    line: str = "",
    language: str = "it",
    queues: frozenset[str] | None = None,
) -> Report:
    """Of a year or a month, of one line or all. `queues`: of the operators whose time counts (None: all). Raises IvrError when
    the contract asks of a figure there is none of."""
    check_contract(settings)
    asked = _Asked(connection, period, line, settings, language)
    by_month = asked.sums(MONTH, period.months[0], period.months[-1])
    whole = [one for sums in by_month.values() for one in sums]
    found = _service(asked, whole, period, queues)
    t = asked.t
    tables = [_sheet(asked, found), _outcomes(asked, whole), _course(asked, by_month)]
    if period.month:
        tables.append(_half_hours(asked))
    tables += [_steps(asked), _articles(asked)]
    if settings.contract:
        tables.append(_penalties(asked, by_month, queues, at))
    notes = (
        t("service.phone-only"),
        *((t("service.sent-on"),) if line else ()),
        t("service.shared") if found.staff else t("service.no-states"),
    )
    title = t("service.title", period=str(period), line=line or t("service.all-lines"))
    given: dict[str, str | int] = {
        "year": period.year,
        **({"month": period.month} if period.month else {}),
        **({"line": line} if line else {}),
    }
    return Report("service", title, language, at, given, tuple(tables), notes)


def check_contract(settings: ReportsSection) -> None:
    """Raises IvrError when a term names no figure."""
    known = [kpi.key for kpi in KPIS]
    for name in settings.contract:
        if name not in known:
            raise IvrError(f"[reports.contract.{name}]: there is no figure {name}", f"figures are {', '.join(known)}")


def _service(asked: _Asked, sums: list[tuple[str, Sum]], period: Period, queues: frozenset[str] | None) -> Service:
    connection, settings = asked.connection, asked.settings
    since, until, line = period.since, period.until, asked.line
    return Service(
        asked.tally(sums),
        staff_time.by_state(connection, *period.halves, queues),
        figure_queries.repeats(connection, since, until, settings.repeat_days * _DAY_S, Outcome.ANSWERED, line),
        figure_queries.repeats(connection, since, until, settings.return_hours * _HOUR_S, Outcome.SERVED_BY_IVR, line),
        figure_queries.known_callers(connection, since, until, line),
    )


def _formula(asked: _Asked, key: str) -> str:
    settings = asked.settings
    return str(
        asked.t(
            f"kpi.{key}.formula",
            t=settings.threshold,
            short=settings.short_abandon,
            days=settings.repeat_days,
            hours=settings.return_hours,
        )
    )


def _sheet(asked: _Asked, found: Service) -> Table:
    t, rows = asked.t, []
    for kpi in KPIS:
        part, whole = (Cell(round(number), str(round(number))) for number in kpi.parts(found))
        rows.append(
            (
                text(t(f"kpi.{kpi.key}")),
                measure(kpi.value(found), 2 if kpi.unit == "%" else 1, "%" if kpi.unit == "%" else " s", asked.behind(kpi)),
                part,
                whole,
                text(_formula(asked, kpi.key)),
            )
        )
    return Table(
        "figures",
        t("service.sheet"),
        tuple(t(f"service.{n}") for n in ("figure", "value", "part", "whole", "formula")),
        tuple(rows),
    )


def _outcomes(asked: _Asked, sums: list[tuple[str, Sum]]) -> Table:
    t = asked.t
    by_outcome: dict[str, int] = defaultdict(int)
    for outcome, one in sums:
        by_outcome[outcome] += one.contacts
    whole = sum(by_outcome.values())
    rows = [
        (text(t(f"outcome.{outcome}")), count(number, asked.link(outcome=outcome)), percent(number, whole, 2))
        for outcome, number in sorted(by_outcome.items(), key=lambda item: (-item[1], item[0]))
    ]
    chart = Chart(
        t("service.outcomes"), (t("service.contacts"),), tuple((row[0].text, (float(row[1].value or 0),)) for row in rows)
    )
    rows.append((text(t("service.total")), count(whole, asked.link()), percent(whole, whole, 2)))
    columns = tuple(t(f"service.{name}") for name in ("outcome", "contacts", "share"))
    return Table("outcomes", t("service.outcomes"), columns, tuple(rows), total=True, chart=chart)


def _course(asked: _Asked, by_month: dict[Any, list[tuple[str, Sum]]]) -> Table:
    t = asked.t
    if asked.period.month is None:
        parts = [(f"{asked.period.year}-{month % 100:02d}", by_month.get(month, [])) for month in asked.period.months]
        return _timeline(
            asked, "by_month", t("service.by-month"), parts, lambda number, **more: asked.link(month=number + 1, **more)
        )
    by_day = asked.sums(DAY, *asked.period.days)
    first = asked.period.days[0]
    parts = [(f"{day % 100:02d}/{asked.period.month:02d}", by_day.get(day, [])) for day in range(first, asked.period.days[1] + 1)]
    return _timeline(asked, "by_day", t("service.by-day"), parts, lambda number, **more: asked.link(day=number + 1, **more))


def _half_hours(asked: _Asked) -> Table:
    by_clock: dict[int, list[tuple[str, Sum]]] = defaultdict(list)
    for ahead, halves in groupby(range(*asked.period.halves), figure_queries.ahead_of_utc):
        first, *_, last = halves
        for number, sums in asked.sums(HALF, first, last, f"(period + {ahead}) % 48").items():
            by_clock[number] += sums
    parts = [(figure_queries.half_of_day(number), sums) for number, sums in sorted(by_clock.items())]
    return _timeline(
        asked,
        "by_half_hour",
        asked.t("service.by-half"),
        parts,
        lambda number, **more: asked.link(clock=parts[number][0], **more),
        (asked.t("service.half-dst"),),
    )


def _timeline(
    asked: _Asked,
    key: str,
    title: str,
    parts: list[tuple[str, list[tuple[str, Sum]]]],
    link: Callable[..., str],
    notes: tuple[str, ...] = (),
) -> Table:
    t, rows = asked.t, []
    for place, (name, sums) in enumerate(parts):
        it = asked.tally(sums)
        rows.append(
            (
                text(name),
                count(it.contacts, link(place)),
                count(it.queued, link(place, queued=1)),
                count(it.answered, link(place, queued=1, outcome=Outcome.ANSWERED)),
                count(it.abandoned, link(place, queued=1, outcome=Outcome.ABANDONED_QUEUE)),
                percent(
                    it.in_time,
                    it.queued,
                    2,
                    link(place, queued=1, outcome=Outcome.ANSWERED, within=asked.settings.threshold),
                ),
                measure(Fraction(it.wait_s, it.answered) if it.answered else None, 1),
                measure(Fraction(it.talk_s, it.answered) if it.answered else None, 1),
            )
        )
    names = ("when", "contacts", "offered", "answered", "abandoned", "sl", "asa", "talk")
    columns = tuple(t(f"service.{name}", t=asked.settings.threshold) if name == "sl" else t(f"service.{name}") for name in names)
    bars = tuple((row[0].text, (float(row[3].value or 0), float(row[4].value or 0))) for row in rows)
    return Table(key, title, columns, tuple(rows), notes, chart=Chart(title, columns[3:5], bars))


def _steps(asked: _Asked) -> Table:
    t = asked.t
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    period = asked.period
    for item in figure_queries.items(asked.connection, "step", period.months[0], period.months[-1], asked.line):
        found[item.line, item.name][0] += item.contacts * (item.outcome == Outcome.ABANDONED_IVR)
        found[item.line, item.name][1] += item.contacts
    most = sorted(found.items(), key=lambda entry: (-entry[1][0], -entry[1][1], entry[0]))[:_MOST]
    rows = tuple(
        (
            text(line),
            text(step),
            count(left, asked.link(line="", step=f"{line}/{step}", outcome=Outcome.ABANDONED_IVR)),
            count(ended, asked.link(line="", step=f"{line}/{step}")),
        )
        for (line, step), (left, ended) in most
    )
    columns = tuple(t(f"service.{name}") for name in ("line", "step", "left", "ended"))
    return Table("steps", t("service.steps"), columns, rows, _cut(asked, len(found)))


def _cut(asked: _Asked, there: int) -> tuple[str, ...]:
    """That a table has not all the rows there are, when it has not."""
    return (asked.t("service.cut", shown=_MOST, there=there),) if there > _MOST else ()


def _articles(asked: _Asked) -> Table:
    t = asked.t
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    period = asked.period
    for item in figure_queries.items(asked.connection, "article", period.months[0], period.months[-1], asked.line):
        found[item.line, item.name][0] += item.contacts
        found[item.line, item.name][1] += item.contacts * (item.outcome == Outcome.SERVED_BY_IVR)
    most = sorted(found.items(), key=lambda entry: (-entry[1][0], entry[0]))[:_MOST]
    rows = tuple(
        (
            text(line),
            text(article),
            count(heard, asked.link(line="", article=f"{line}/{article}")),
            count(enough, asked.link(line="", article=f"{line}/{article}", outcome=Outcome.SERVED_BY_IVR)),
            percent(enough, heard, 2),
        )
        for (line, article), (heard, enough) in most
    )
    columns = tuple(t(f"service.{name}") for name in ("line", "article", "heard", "enough", "share"))
    return Table("articles", t("service.articles"), columns, rows, _cut(asked, len(found)))


def _penalties(asked: _Asked, by_month: dict[Any, list[tuple[str, Sum]]], queues: frozenset[str] | None, at: float) -> Table:
    t, rows, total, notes = asked.t, [], Fraction(), []
    for month, sums in sorted(by_month.items()):
        period = Period(month // 100, month % 100)
        if period.until > at * 1000:
            notes.append(t("service.not-over", month=str(period)))
        found = _service(asked, sums, period, queues)
        for kpi in KPIS:
            term = asked.settings.contract.get(kpi.key)
            if term is None:
                continue
            value = kpi.value(found)
            missed = units_missed(value, term)
            due = missed * Fraction(str(term.penalty))
            total += due
            rows.append(
                (
                    text(f"{month // 100}-{month % 100:02d}"),
                    text(t(f"kpi.{kpi.key}")),
                    text(_wish(asked, term)),
                    measure(value, 2, "%" if kpi.unit == "%" else " s", asked.behind(kpi, month % 100)),
                    count(missed),
                    measure(due, 2),
                )
            )
    nothing = text("")
    rows.append((text(t("service.total")), nothing, nothing, nothing, nothing, measure(total, 2)))
    columns = tuple(t(f"service.{name}") for name in ("when", "figure", "asked", "found", "missed", "penalty"))
    return Table("contract", t("service.contract"), columns, tuple(rows), tuple(notes), total=True)


def units_missed(value: Fraction | None, term: TermSection) -> int:
    """Points or seconds begun beyond what the contract asks; 0 when nothing was measured."""
    if value is None:
        return 0
    short = Fraction(str(term.at_least)) - value if term.at_least is not None else Fraction()
    over = value - Fraction(str(term.at_most)) if term.at_most is not None else Fraction()
    return max(0, math.ceil(short), math.ceil(over))


def _wish(asked: _Asked, term: TermSection) -> str:
    wishes = [("service.at-least", term.at_least), ("service.at-most", term.at_most)]
    return ", ".join(asked.t(key, value=f"{value:g}".replace(".", ",")) for key, value in wishes if value is not None)
