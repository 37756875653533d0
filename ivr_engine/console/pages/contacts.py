"""Contacts: one on any channel, with what was said in it; and those taken by hand, at the counter or on paper."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ivr_engine.clock import ROME, rome
from ivr_engine.console import words
from ivr_engine.console.visit import Fields, NotFound, download, one_of
from ivr_engine.errors import IvrError
from ivr_engine.records import audit, by_hand, cases, contacts, journal, people
from ivr_engine.records.by_hand import Received

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.console.visit import Answer, Visit

_OLDEST = timedelta(days=730)
_FILES = tuple(f"file{number}" for number in range(1, by_hand.MOST_FILES + 1))


async def new(visit: Visit) -> Answer:
    """GET /contacts/new?citizen=ID or ?case=NUMBER"""
    return await _form(visit, visit.query)


async def register(visit: Visit) -> Answer:
    """POST /contacts/new"""
    form, lines = visit.form, visit.office.lines().lines
    received = _instant(form.text("at", 16))
    text = form.text("text", by_hand.LONGEST_TEXT)
    files = tuple((visit.files[name].filename, visit.files[name].content) for name in _FILES if name in visit.files)
    mistakes = {}
    if one_of(form.text("medium"), by_hand.MEDIA) == "":
        mistakes["medium"] = visit.t("contacts.choose")
    if not form.text("case") and form.text("line") not in lines:
        mistakes["line"] = visit.t("contacts.choose")
    if received is None or not visit.now - _OLDEST.total_seconds() < received <= visit.now:
        mistakes["at"] = visit.t("contacts.when-wrong")
    if not text and not files:
        mistakes["text"] = visit.t("contacts.empty")
    for name in _FILES:
        if name in visit.files and not 0 < len(visit.files[name].content) <= by_hand.LARGEST_FILE:
            mistakes[name] = visit.t("contacts.file-wrong", most=by_hand.LARGEST_FILE >> 20)
    if mistakes or received is None:
        return await _form(visit, form, mistakes)
    it = Received(
        medium=form.text("medium"),
        line=form.text("line"),
        at=received,
        text=text,
        citizen=form.whole("citizen") or None,
        case=form.text("case", 20),
        files=files,
    )
    try:
        _contact, case = await visit.write(lambda connection: by_hand.register(connection, it, visit.user.name, visit.now))
    except IvrError as error:
        return await _form(visit, form, {"": visit.refusal(error)})
    return visit.see(f"/cases/{case}")


async def show(visit: Visit, contact: str) -> Answer:
    """GET /contacts/ID"""

    def look(connection: sqlite3.Connection) -> dict[str, Any] | None:
        found = contacts.of_ids(connection, [contact])
        if not found:
            return None
        return {
            "contact": found[0],
            "person": people.get(connection, found[0].citizen) if found[0].citizen is not None else None,
            "text": by_hand.text(connection, contact),
            "files": by_hand.files(connection, contact),
            "numbers": cases.of_contact(connection, contact),
            "entries": journal.entries(connection, contact),
        }

    found = await visit.read(look)
    if found is None:
        raise NotFound
    whose = found["contact"].citizen
    await visit.note("looked at", f"contact {contact}", audit.citizens([whose]) if whose is not None else "")
    lines = visit.office.lines()
    return visit.page(
        "contacts/contact.html",
        **found,
        line_title=words.title(lines, found["contact"].line, visit.language),
        path=words.walked(lines, words.path_of(found["entries"]), visit.language),
    )


async def file(visit: Visit, contact: str, number: str) -> Answer:
    """GET /contacts/ID/files/NUMBER: to be kept, never shown by the browser."""
    if not (number.isascii() and number.isdigit() and len(number) < 4):
        raise NotFound

    def look(connection: sqlite3.Connection) -> tuple[bytes, str, int | None] | None:
        content = by_hand.content(connection, contact, int(number))
        named = [it.name for it in by_hand.files(connection, contact) if it.number == int(number)]
        return None if content is None else (content, named[0], contacts.of_ids(connection, [contact])[0].citizen)

    found = await visit.read(look)
    if found is None:
        raise NotFound
    content, name, whose = found
    named = audit.citizens([whose]) if whose is not None else ""
    await visit.note("took a file of", f"contact {contact}", f"{named} file {number}".strip())
    return download(name, content, "application/octet-stream")


def _instant(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ROME).timestamp()
    except ValueError:
        return None


async def _form(visit: Visit, values: Fields, mistakes: dict[str, str] | None = None) -> Answer:
    citizen, case = values.whole("citizen"), values.text("case", 20)

    def look(connection: sqlite3.Connection) -> dict[str, Any]:
        file = cases.case_file(connection, case) if case else None
        whose = file.case.citizen if file is not None else citizen
        return {"case": file.case if file else None, "person": people.get(connection, whose) if whose else None}

    found = await visit.read(look)
    if (case and found["case"] is None) or (citizen and found["person"] is None):
        raise NotFound
    if found["person"] is not None:
        await visit.note("looked at", f"citizen {found['person'].id}", "new contact")
    lines = visit.office.lines()
    return visit.page(
        "contacts/new.html",
        status=422 if mistakes else 200,
        **found,
        media=by_hand.MEDIA,
        files=_FILES,
        most=by_hand.LARGEST_FILE >> 20,
        titles=[(name, words.title(lines, name, visit.language)) for name in sorted(lines.lines)],
        values=values,
        at=values.text("at", 16) or f"{rome(visit.now):%Y-%m-%dT%H:%M}",
        mistakes=mistakes,
    )
