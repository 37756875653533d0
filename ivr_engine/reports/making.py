"""One door to every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.reports.cases import cases
from ivr_engine.reports.ministry import ministry
from ivr_engine.reports.period import Period, check
from ivr_engine.reports.service import service

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ivr_engine.config import ReportsSection
    from ivr_engine.reports.model import Report

KINDS = ("ministry", "service", "cases")


def make(
    connection: sqlite3.Connection,
    kind: str,
    period: Period,
    settings: ReportsSection,
    at: float,
    *,
    line: str = "",
    language: str = "it",
    queues: frozenset[str] | None = None,
    known: Iterable[str] = (),
) -> Report:
    """A report of KINDS. `known`: lines there are, `queues`: those of the line, None when it is gone. Raises IvrError for what
    there is not."""
    if kind == "ministry" and line:
        raise IvrError("the Ministry's tables are of all lines together", "leave the line out, or take the service report")
    check(connection, period, line, known)
    if kind == "ministry":
        return ministry(connection, period, settings, at)
    if kind == "service":
        if line and queues is None:
            queues = frozenset()  # nobody knows any more who served it: everybody's time is not its own
        return service(connection, period, settings, at, line=line, language=language, queues=queues)
    return cases(connection, period, at, line=line, language=language)
