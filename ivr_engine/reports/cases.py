"""The cases report: by state and age, each number with the console's list of its cases."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ivr_engine.records import figure_queries
from ivr_engine.records.figure_queries import AGES
from ivr_engine.reports.model import Report, Table, count, text
from ivr_engine.reports.texts import sayer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from ivr_engine.reports.model import Cell
    from ivr_engine.reports.period import Period


def cases(connection: sqlite3.Connection, period: Period, at: float, *, line: str = "", language: str = "it") -> Report:
    """Cases opened in a year or a month, of one line or all."""
    t = sayer(language)
    asked: dict[str, str | int] = {
        "year": period.year,
        **({"month": period.month} if period.month else {}),
        **({"line": line} if line else {}),
    }
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    late: dict[tuple[str, str], int] = defaultdict(int)
    for one in figure_queries.case_ages(connection, period.since, period.until, at, line):
        found[one.line, one.state][one.days] += one.cases
        late[one.line, one.state] += one.late

    def link(**more: str | int) -> str:
        return "/cases?" + urlencode({name: value for name, value in (asked | more).items() if value != ""})

    def row(name: str, state: str, ages: Mapping[int, int], overdue: int) -> tuple[Cell, ...]:
        own = {"line": name or line, "state": state}
        return (
            *(count(ages.get(days, 0), link(**own, age=days)) for days in AGES),
            count(sum(ages.values()), link(**own)),
            count(overdue, link(**own, late=1, open=1)),
        )

    rows = [
        (text(name), text(t(f"state.{state}")), *row(name, state, ages, late[name, state]))
        for (name, state), ages in sorted(found.items())
    ]
    totals = {days: sum(ages.get(days, 0) for ages in found.values()) for days in AGES}
    rows.append((text(t("cases.total")), text(""), *row("", "", totals, sum(late.values()))))
    spans = [t("cases.age", first=first, last=after - 1) for first, after in pairwise(AGES)]
    columns = (t("cases.line"), t("cases.state"), *spans, t("cases.age-last", first=AGES[-1]), t("cases.cases"), t("cases.late"))
    table = Table("by_age", t("cases.by-age"), columns, tuple(rows), (t("cases.note"),), total=True)
    title = t("cases.title", period=str(period), line=line or t("service.all-lines"))
    return Report("cases", title, language, at, asked, (table,))
