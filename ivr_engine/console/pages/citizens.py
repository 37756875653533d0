"""Citizens: found by number, tax code or name; one page across channels; consents; everything for whoever asks; forgetting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ivr_engine.console import words
from ivr_engine.console.visit import Fields, NotFound, download
from ivr_engine.errors import IvrError
from ivr_engine.records import audit, cases, contacts, people
from ivr_engine.records.citizens import caller_of
from ivr_engine.records.people import Known

if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from ivr_engine.console.visit import Answer, Visit

_LAST = 200


async def index(visit: Visit) -> Answer:
    """GET /citizens"""
    wanted = visit.query.text("q", 100)
    found = await visit.read(people.search, wanted, caller_of(wanted).number) if wanted else []
    if wanted:
        await visit.note("searched citizens", "citizens", audit.citizens(person.id for person in found))
    return visit.page("citizens/list.html", wanted=wanted, found=found, cut=len(found) >= people.PAGE)


async def show(visit: Visit, citizen: str) -> Answer:
    """GET /citizens/ID"""
    return await _page(visit, _id(citizen))


async def change(visit: Visit, citizen: str) -> Answer:
    """POST /citizens/ID: name, tax code, e-mail."""
    number = _id(citizen)
    new, seen = (Known(*(visit.form.text(f"{prefix}{name}") for name in Known._fields)) for prefix in ("", "seen_"))
    try:
        await visit.write(lambda connection: people.update(connection, number, new, seen, visit.user.name, visit.now))
    except people.Overtaken as error:
        return await _page(visit, number, {"": visit.refusal(error)})
    except IvrError as error:
        wrong = "email" if "e-mail" in error.message else "tax_code"
        return await _page(visit, number, {wrong: visit.t(f"citizens.wrong.{wrong}")}, visit.form)
    return visit.see(f"/citizens/{number}")


async def consent(visit: Visit, citizen: str) -> Answer:
    """POST /citizens/ID/consents"""
    number, what, given = _id(citizen), visit.form.text("what"), visit.form.text("given") == "1"
    try:
        await visit.write(
            lambda connection: people.consent(connection, number, what, given=given, who=visit.user.name, at=visit.now)
        )
    except IvrError as error:
        return await _page(visit, number, {"": visit.refusal(error)})
    return visit.see(f"/citizens/{number}")


async def export(visit: Visit, citizen: str) -> Answer:
    """POST /citizens/ID/export"""
    number = _id(citizen)
    everything = await visit.write(lambda connection: people.export_all(connection, number, visit.user.name, visit.now))
    content = json.dumps(everything, ensure_ascii=False, indent=1).encode()
    return download(f"citizen-{number}.json", content, "application/json")


async def erase(visit: Visit, citizen: str) -> Answer:
    """POST /citizens/ID/erase: twice, the second time for good."""
    number = _id(citizen)
    if visit.form.text("sure") != "1":
        return await _page(visit, number, asked_to_erase=True)
    await visit.write(lambda connection: visit.office.store.forget(connection, number, visit.user.name, visit.now))
    return visit.see(f"/citizens/{number}")


def _id(citizen: str) -> int:
    if not (citizen.isascii() and citizen.isdigit() and len(citizen) < 12):
        raise NotFound
    return int(citizen)


async def _page(
    visit: Visit,
    citizen: int,
    mistakes: dict[str, str] | None = None,
    form: Fields | None = None,
    *,
    asked_to_erase: bool = False,
) -> Answer:
    def look(connection: sqlite3.Connection) -> dict[str, Any] | None:
        person = people.get(connection, citizen)
        if person is None:
            return None
        return {
            "person": person,
            "consents": people.consents(connection, citizen),
            "contacts": contacts.of_citizen(connection, citizen, _LAST),
            "cases": cases.of_citizen(connection, citizen),
        }

    found = await visit.read(look)
    if found is None:
        raise NotFound
    await visit.write(lambda connection: audit.note(connection, visit.now, visit.user.name, "looked at", f"citizen {citizen}"))
    person = found["person"]
    values = {name: form.text(name) if form else getattr(person, name) for name in Known._fields}
    return visit.page(
        "citizens/citizen.html",
        status=422 if mistakes else 200,
        **found,
        values=values,
        mistakes=mistakes,
        kinds=people.CONSENTS,
        given={it.what for it in found["consents"] if it.withdrawn is None},
        lines=visit.office.lines(),
        words=words,
        asked_to_erase=asked_to_erase,
    )
