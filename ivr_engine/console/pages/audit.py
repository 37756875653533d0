"""The audit log: who saw or changed what. It is read here, never written to but by what people do."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from ivr_engine.clock import ROME, rome
from ivr_engine.console.visit import download
from ivr_engine.records import audit

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.console.visit import Answer, Visit
    from ivr_engine.records.audit import Entry

_MOST = 1_000_000  # rows of an export
_DID = "audit.did."
_NOBODY = "nobody"  # as it is written for a person


class Asked(NamedTuple):
    """What is looked for: who, the deed and words (see audit.search), and days as typed, both included."""

    who: str
    did: str
    q: str
    since: str
    until: str

    def search(self, connection: sqlite3.Connection, before: int | None) -> tuple[list[Entry], int | None]:
        """A page of it."""
        return audit.search(
            connection,
            who=self.who,
            what=self.did,
            words=self.q,
            since=_midnight(self.since),
            until=_midnight(self.until, days=1),
            before=before,
        )


def _asked(visit: Visit) -> Asked:
    asked = Asked(*(visit.query.text(name) for name in Asked._fields))
    return asked._replace(who=_NOBODY) if asked.who == visit.t("audit.nobody") else asked


def _deed(visit: Visit, what: str) -> str:
    """What was done, in the reader's language; as it was written when the catalogue does not know it."""
    key = f"{_DID}{what}"
    return visit.t(key) if visit.templates.texts.has(key) else what


def _someone(visit: Visit, written: str) -> str:
    """Who it was, or a particular: nobody, in the reader's language."""
    return visit.t("audit.nobody") if written == _NOBODY else written


def _deeds(visit: Visit, asked: str) -> list[tuple[str, str]]:
    """What may be chosen: the word that is written, and how it is read. The one that is asked for is among them."""
    written = {*visit.templates.texts.under(_DID), *filter(None, (asked,))}
    return sorted(((what, _deed(visit, what)) for what in written), key=lambda deed: deed[1].casefold())


def _midnight(day: str, days: int = 0) -> float | None:
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days), time.min, ROME).timestamp()
    except (ValueError, OverflowError):
        return None


async def index(visit: Visit) -> Answer:
    """GET /audit"""
    asked, before = _asked(visit), visit.query.whole("before") or None
    found, older = await visit.read(asked.search, before)
    query = urlencode(asked._asdict())
    return visit.page(
        "audit/list.html",
        found=found,
        asked=asked,
        deeds=[("", visit.t("console.all")), *_deeds(visit, asked.did)],
        deed=partial(_deed, visit),
        someone=partial(_someone, visit),
        older=f"/audit?{query}&before={older}" if older else "",
        newer=f"/audit?{query}" if before else "",
        query=query,
    )


async def export(visit: Visit) -> Answer:
    """GET /audit/export: the same, as CSV, deeds as they are written; its last row says so when it is not all."""
    asked = _asked(visit)
    sought = " ".join(filter(None, (asked.did, asked.q))) or "anything"
    detail = f"who {asked.who or 'anybody'}, {sought}, {asked.since or 'ever'} to {asked.until or 'now'}"
    await visit.note("exported", "audit log", detail)
    before: int | None = None
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(("at", "who", "what", "object", "detail"))
    for _ in range(_MOST // audit.PAGE):
        found, before = await visit.read(asked.search, before)
        table.writerows(map(_row, found))
        if before is None:
            break
    else:
        table.writerow(("", "", visit.t("audit.cut", most=_MOST), "", ""))
    return download("audit.csv", file.getvalue().encode(), "text/csv; charset=utf-8")


def _row(entry: Entry) -> tuple[str, ...]:
    """A spreadsheet must not take a text for a formula."""
    cells = (rome(entry.at).isoformat(timespec="seconds"), entry.who, entry.what, entry.object, entry.detail)
    return tuple(f"'{cell}" if cell[:1] in tuple("=+-@\t\r") else cell for cell in cells)
