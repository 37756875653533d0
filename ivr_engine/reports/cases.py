"""The cases report: by state and age."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from ivr_engine.records import figure_queries
from ivr_engine.records.figure_queries import AGES
from ivr_engine.reports.model import Report, Table, count, text
from ivr_engine.reports.texts import sayer

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.reports.period import Period


def cases(connection: sqlite3.Connection, period: Period, at: float, *, line: str = "", language: str = "it") -> Report:
    """Cases opened in a year or a month, of one line or all."""
    t = sayer(language)
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    late: dict[tuple[str, str], int] = defaultdict(int)
    for one in figure_queries.case_ages(connection, period.since, period.until, at, line):
        found[one.line, one.state][one.days] += one.cases
        late[one.line, one.state] += one.late
    rows = [
        (
            text(name),
            text(t(f"state.{state}")),
            *(count(ages.get(days, 0)) for days in AGES),
            count(sum(ages.values())),
            count(late[name, state]),
        )
        for (name, state), ages in sorted(found.items())
    ]
    totals = [sum(ages.get(days, 0) for ages in found.values()) for days in AGES]
    rows.append((text(t("cases.total")), text(""), *map(count, totals), count(sum(totals)), count(sum(late.values()))))
    spans = [t("cases.age", first=first, last=after - 1) for first, after in pairwise(AGES)]
    columns = (t("cases.line"), t("cases.state"), *spans, t("cases.age-last", first=AGES[-1]), t("cases.cases"), t("cases.late"))
    table = Table("by_age", t("cases.by-age"), columns, tuple(rows), (t("cases.note"),), total=True)
    title = t("cases.title", period=str(period), line=line or t("service.all-lines"))
    asked: dict[str, str | int] = {
        "year": period.year,
        **({"month": period.month} if period.month else {}),
        **({"line": line} if line else {}),
    }
    return Report("cases", title, language, at, asked, (table,))
