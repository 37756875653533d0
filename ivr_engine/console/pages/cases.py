"""Cases: the list, one case with its history, and what may be done with it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ivr_engine.console import words
from ivr_engine.console.visit import NotFound, one_of
from ivr_engine.errors import IvrError
from ivr_engine.records import audit, case_search, case_work, citizens, contacts, users
from ivr_engine.records.case_search import Filter
from ivr_engine.records.case_work import PASSES, Work
from ivr_engine.records.cases import CaseState, Level, case_file
from ivr_engine.records.figure_queries import AGES
from ivr_engine.reports.period import Period

if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from ivr_engine.console.visit import Answer, Fields, Visit

_FIELDS = ("q", "line", "state", "level", "assigned", "open", "late", "year", "month", "age")
_LIMITS = ("year", "month", "age")
"""Those a report's link asks for: they have no field of their own."""


async def index(visit: Visit) -> Answer:
    """GET /cases"""
    asked = {name: visit.query.text(name) for name in _FIELDS}
    lines = visit.office.lines()
    try:
        wanted = _wanted(visit.query, visit.user.name, visit.now)
    except IvrError as error:
        raise NotFound(visit.refusal(error)) from error
    found, after = await visit.read(case_search.search, wanted, visit.query.text("after"))
    names = await visit.read(citizens.names, {case.citizen for case in found if case.citizen is not None})
    if names:
        await visit.note("listed cases", "cases", audit.citizens(names))
    query = urlencode({name: value for name, value in asked.items() if value})
    return visit.page(
        "cases/list.html",
        found=found,
        names=names,
        asked=asked,
        titles={name: words.title(lines, name, visit.language) for name in sorted(lines.lines)},
        states=list(CaseState),
        levels=list(Level),
        period=_period(visit.query),
        span=wanted.age,
        unlimited=urlencode({name: value for name, value in asked.items() if value and name not in _LIMITS}),
        older=f"/cases?{query}&after={after}" if after else "",
        newer=f"/cases?{query}" if visit.query.text("after") else "",
        now=visit.now,
    )


def _wanted(query: Fields, user: str, now: float) -> Filter:
    """Raises IvrError for a period the calendar has not."""
    period = _period(query)
    return Filter(
        line=query.text("line"),  # also one that is no more: its cases are still there
        state=one_of(query.text("state"), CaseState),
        level=one_of(query.text("level"), Level),
        assigned=user if query.text("assigned") == "me" else "",
        words=query.text("q"),
        open_only=query.text("open") == "1",
        late_at=now if query.text("late") == "1" else None,
        opened=(period.since, period.until) if period else None,
        age=_span(query.whole("age", most=max(AGES))) if query.text("age") else None,
        now=now,
    )


def _period(query: Fields) -> Period | None:
    if not query.text("year"):
        return None
    return Period(query.whole("year"), query.whole("month", 99) if query.text("month") else None)


def _span(days: int) -> tuple[int, int | None]:
    """The ages of the cases report that `days` is among: from the first day, to before the next one's."""
    place = bisect_right(AGES, days)
    return AGES[place - 1], next(iter(AGES[place:]), None)


async def show(visit: Visit, number: str) -> Answer:
    """GET /cases/NUMBER"""
    return await _page(visit, number)


async def act(visit: Visit, number: str) -> Answer:
    """POST /cases/NUMBER: one change, named by `do` (note, state:S, assign:me, level:L, subject); a note goes with any."""
    note, why = (visit.form.text(name, case_work.LONGEST_NOTE) for name in ("note", "why"))
    what, _, to = visit.form.text("do").partition(":")
    seen = visit.form.whole("seen", 0)
    subject = visit.form.text("subject").partition("|")

    def change(connection: sqlite3.Connection) -> None:
        work = Work(connection, number, visit.user, visit.now)
        if what != "note" and seen != round(work.case.updated_at * 1000) % 10**9:
            raise IvrError(visit.t("cases.changed-meanwhile"))
        if note:
            work.note(note)
        match what:
            case "note":
                pass
            case "level" if to in set(Level):
                work.hand_to(Level(to), why)
            case "state" if to in set(CaseState):
                work.move(CaseState(to))
            case "subject" if (subject[0], subject[2]) in words.subjects(visit.office.lines(), work.case.line):
                work.classify(subject[0], subject[2])
            case "assign":
                work.assign(visit.user.name if to == "me" else "")
            case _:
                raise IvrError(visit.t("cases.choose"))

    mistakes = {}
    if what == "level" and not why:
        mistakes[what] = visit.t("cases.say-why")
    elif what == "note" and not note:
        mistakes[what] = visit.t("cases.empty-note")
    elif what == "subject" and not subject[0]:
        mistakes[what] = visit.t("cases.say-subject")
    else:
        try:
            await visit.write(change)
        except IvrError as error:
            mistakes[what] = visit.refusal(error)
    if mistakes:
        return await _page(visit, number, mistakes)
    visit.office.live.tell_roles(set(case_work.WORKS_ON), "case", number=number)
    return visit.see(f"/cases/{number}")


async def _page(visit: Visit, number: str, mistakes: dict[str, str] | None = None) -> Answer:
    def read(connection: sqlite3.Connection) -> dict[str, Any] | None:
        file = case_file(connection, number)
        if file is None:
            return None
        return {
            "file": file,
            "case": file.case,
            "citizen": citizens.get(connection, file.case.citizen) if file.case.citizen is not None else None,
            "contacts": contacts.of_ids(connection, file.contacts),
            "given": case_work.given(connection, number),
            "people": {user.name: user.full_name or user.name for user in users.everybody(connection)},
        }

    found = await visit.read(read)
    if found is None:
        raise NotFound(visit.t("cases.none", number=number[:20]))
    case = found["case"]
    await visit.note("looked at", f"case {number}", audit.citizens([case.citizen]) if case.citizen is not None else "")
    subjects = words.subjects(visit.office.lines(), case.line)
    return visit.page(
        "cases/case.html",
        status=422 if mistakes else 200,
        **found,
        line_title=words.title(visit.office.lines(), case.line, visit.language),
        lines=visit.office.lines(),
        words=words,
        subjects=[("", "—"), *((f"{its}|{topic}", f"{its}: {topic}") for its, topic in subjects)],
        subject=visit.form.text("subject") if mistakes else f"{case.category}|{case.topic}",
        may_change=case_work.may_change(case, visit.user),
        moves=case_work.moves(case),
        passes=() if case.finished else PASSES[case.level],
        seen=round(case.updated_at * 1000) % 10**9,
        mistakes=mistakes,
        note=visit.form.text("note", case_work.LONGEST_NOTE),
        why=visit.form.text("why", case_work.LONGEST_NOTE),
        now=visit.now,
    )
