"""The audit log: who saw or changed what. It is read here, never written to but by what people do."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ivr_engine.clock import rome
from ivr_engine.console.visit import download
from ivr_engine.records import audit

if TYPE_CHECKING:
    from ivr_engine.console.visit import Answer, Visit
    from ivr_engine.records.audit import Entry

_MOST = 100  # pages of an export


async def index(visit: Visit) -> Answer:
    """GET /audit"""
    who, words = visit.query.text("who"), visit.query.text("q")
    before = visit.query.whole("before") or None
    found, older = await visit.read(lambda connection: audit.search(connection, who=who, words=words, before=before))
    query = urlencode({"who": who, "q": words})
    return visit.page(
        "audit/list.html",
        found=found,
        who=who,
        wanted=words,
        older=f"/audit?{query}&before={older}" if older else "",
        newer=f"/audit?{query}" if before else "",
        query=query,
    )


async def export(visit: Visit) -> Answer:
    """GET /audit/export: the same, as CSV."""
    who, words = visit.query.text("who"), visit.query.text("q")
    await visit.note("exported", "audit log", f"who {who or 'anybody'}, {words or 'anything'}")
    before: int | None = None
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(("at", "who", "what", "object", "detail"))
    for _ in range(_MOST):
        found, before = await visit.read(
            lambda connection, page=before: audit.search(connection, who=who, words=words, before=page)
        )
        table.writerows(map(_row, found))
        if before is None:
            break
    return download("audit.csv", file.getvalue().encode(), "text/csv; charset=utf-8")


def _row(entry: Entry) -> tuple[str, ...]:
    """A spreadsheet must not take a text for a formula."""
    cells = (rome(entry.at).isoformat(timespec="seconds"), entry.who, entry.what, entry.object, entry.detail)
    return tuple(f"'{cell}" if cell[:1] in tuple("=+-@\t\r") else cell for cell in cells)
