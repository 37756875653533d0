"""Calls back: who wishes one and how long they have waited, whom an operator promised one, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ivr_engine.console import words
from ivr_engine.console.visit import NotFound
from ivr_engine.errors import IvrError
from ivr_engine.records import audit, callbacks, cases, citizens
from ivr_engine.records.callbacks import Result

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.console.visit import Answer, Visit


async def index(visit: Visit) -> Answer:
    """GET /callbacks?line=LINE&over=1"""
    lines, line, over = visit.office.lines(), visit.query.text("line"), visit.query.text("over") == "1"

    def look(connection: sqlite3.Connection) -> dict[str, Any]:
        found = (callbacks.called if over else callbacks.to_call)(connection, line)
        promised = [] if over else cases.to_call_back(connection, line)
        whose = [*(it.citizen for it in found), *(it.citizen for it in promised)]
        names = citizens.names(connection, {citizen for citizen in whose if citizen is not None})
        return {"found": found, "promised": promised, "names": names}

    found = await visit.read(look)
    if found["names"]:
        await visit.note("listed callbacks", "callbacks", audit.citizens(found["names"]))
    return visit.page(
        "callbacks/list.html",
        **found,
        cut=len(found["found"]) >= callbacks.PAGE,
        line=line,
        over=over,
        titles={name: words.title(lines, name, visit.language) for name in sorted(lines.lines)},
        now=visit.now,
    )


async def show(visit: Visit, contact: str) -> Answer:
    """GET /callbacks/CONTACT: the number, to be dialled."""
    return await _page(visit, contact)


async def tried(visit: Visit, contact: str) -> Answer:
    """POST /callbacks/CONTACT: what came of it."""
    result, tries = visit.form.text("result"), visit.form.whole("tries")
    if result not in set(Result):
        return await _page(visit, contact, visit.t("callbacks.choose"))
    try:
        await visit.write(
            lambda connection: callbacks.tried(connection, contact, Result(result), tries, visit.user.name, visit.now)
        )
    except IvrError as error:
        return await _page(visit, contact, visit.refusal(error))
    return visit.see("/callbacks")


async def _page(visit: Visit, contact: str, mistake: str = "") -> Answer:
    def look(connection: sqlite3.Connection) -> dict[str, Any] | None:
        wish = callbacks.get(connection, contact)
        if wish is None:
            return None
        return {
            "wish": wish,
            "person": citizens.get(connection, wish.citizen) if wish.citizen is not None else None,
            "cases": [it for it in cases.of_citizen(connection, wish.citizen) if not it.finished] if wish.citizen else [],
        }

    found = await visit.read(look)
    if found is None:
        raise NotFound
    whose = found["wish"].citizen
    await visit.note("looked at", f"callback {contact}", audit.citizens([whose]) if whose is not None else "")
    return visit.page(
        "callbacks/callback.html",
        status=422 if mistake else 200,
        **found,
        line_title=words.title(visit.office.lines(), found["wish"].line, visit.language),
        results=list(Result),
        mistake=mistake,
    )
