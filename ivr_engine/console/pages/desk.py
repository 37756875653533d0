"""The operator's desk: their state, the call in hand, the answers to read, and how the call is filed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred

from ivr_engine import logs
from ivr_engine.clock import rome_date
from ivr_engine.console import words
from ivr_engine.console.visit import Answer, NotFound
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.records import article_search, articles, case_work, citizens, contacts, journal, unanswered
from ivr_engine.records.case_work import Disposition, Work
from ivr_engine.routing.contacts import Destination
from ivr_engine.routing.operators import REASONS, State

if TYPE_CHECKING:
    import sqlite3
    from datetime import date

    from twisted.python.failure import Failure

    from ivr_engine.console.cards import Card
    from ivr_engine.console.visit import Visit
    from ivr_engine.routing.contacts import Contact
    from ivr_engine.routing.operators import Seat

log = structlog.get_logger()

_FITTING = 5
_WORTH_KEEPING = 4  # letters of a search that found nothing
_LAST = 5


async def show(visit: Visit) -> Answer:
    """GET /desk"""
    seat = visit.office.cards.sit_down(visit.user)
    if seat is None:
        return visit.page("desk/nowhere.html")
    return visit.page("desk/desk.html", **await _in_hand(visit, seat))


async def call(visit: Visit) -> Answer:
    """GET /desk/call: what is in hand now, for a page that is open."""
    seat = visit.office.operators.seat(visit.user.name) or visit.office.cards.sit_down(visit.user)
    if seat is None:
        raise NotFound
    return visit.page("desk/call.html", **await _in_hand(visit, seat))


async def become(visit: Visit) -> Answer:
    """POST /desk/state. Whoever is ready for the next call without filing this one keeps the note they wrote."""
    wish, reason = visit.form.text("state"), visit.form.text("reason")
    if wish == "ready":
        seat, card = visit.office.operators.seat(visit.user.name), _card(visit)
        if seat is not None and seat.state is State.WRAP_UP and card is not None:
            visit.office.cards.keep_note(visit.user.name, card)
        visit.office.operators.ready(visit.user.name)
    elif reason in REASONS:
        visit.office.operators.pause(visit.user.name, reason)
    return await _again(visit)


async def answer(visit: Visit) -> Answer:
    """POST /desk/answer"""
    if visit.office.exchange.by_hand:
        visit.office.exchange.answer(visit.user.name)
    return await _again(visit)


async def hang_up(visit: Visit) -> Answer:
    """POST /desk/hang-up"""
    if visit.office.exchange.by_hand:
        visit.office.exchange.hang_up(visit.user.name)
    return await _again(visit)


async def draft(visit: Visit) -> Answer:
    """POST /desk/draft: what is typed so far, so that a reload loses nothing."""
    card = _card(visit)
    if card is not None:
        card.note = visit.form.text("note", case_work.LONGEST_NOTE)
        card.subject = visit.form.text("subject")
    return Answer(204)


async def find(visit: Visit) -> Answer:
    """GET /desk/articles: answers as one types."""
    wanted = visit.query.text("q")
    on = rome_date(visit.now)
    found = await visit.read(lambda connection: article_search.search(connection, wanted, language=visit.language, on=on))
    if not found and len(wanted) >= _WORTH_KEEPING and logs.masked(wanted) == wanted:  # a number or a code is somebody's
        with suppress(Unavailable):  # it is for later; who searches now is told
            await visit.write(
                lambda connection: unanswered.searched_in_vain(connection, wanted.lower(), visit.user.name, visit.now)
            )
    return visit.page("desk/found.html", found=found, wanted=wanted, lines=visit.office.lines(), words=words)


async def article(visit: Visit, line: str, article: str) -> Answer:
    """GET /desk/articles/LINE/ARTICLE: to be read aloud."""
    return await _article(visit, line, article)


async def give(visit: Visit, line: str, article: str) -> Answer:
    """POST /desk/articles/LINE/ARTICLE: it was read; the case keeps which version."""
    card = _card(visit)
    if card is None:
        return await _again(visit)
    on: date = rome_date(visit.now)

    def keep(connection: sqlite3.Connection) -> None:
        found = articles.in_force(connection, line, article, visit.language, on)
        if found is None:
            raise IvrError(visit.t("desk.no-article"))
        _work(connection, visit, card).read_aloud(found)

    try:
        await visit.write(keep)
    except IvrError as error:
        mistake = visit.refusal(error)
        return await (
            _article(visit, line, article, mistake) if visit.partial else _again(visit, {"disposition": mistake}, status=422)
        )
    card.given.add((line, article))
    return await (_article(visit, line, article) if visit.partial else _again(visit))


async def _article(visit: Visit, line: str, article: str, mistake: str = "") -> Answer:
    on, card = rome_date(visit.now), _card(visit)
    found = await visit.read(articles.in_force, line, article, visit.language, on)
    if found is None:
        raise NotFound
    given = card is not None and (line, article) in card.given
    return visit.page("desk/article.html", status=422 if mistake else 200, found=found, card=card, given=given, mistake=mistake)


async def file(visit: Visit) -> Answer:
    """POST /desk/file: one disposition, the note, the subject; then the next call may come."""
    card = _card(visit)
    if card is None:
        return await _again(visit)
    chosen, note = visit.form.text("disposition"), visit.form.text("note", case_work.LONGEST_NOTE)
    card.note, card.subject = note, visit.form.text("subject")
    category, _, topic = card.subject.partition("|")
    mistakes = {}
    if chosen not in set(Disposition):
        mistakes["disposition"] = visit.t("desk.choose-disposition")
    elif chosen == Disposition.SECOND_LEVEL and not note:
        mistakes["note"] = visit.t("desk.say-why")
    if (category, topic) not in words.subjects(visit.office.lines(), card.pop.line):
        mistakes["subject"] = visit.t("desk.choose-subject")
    if mistakes:
        return await _again(visit, mistakes, status=422)

    def keep(connection: sqlite3.Connection) -> None:
        _work(connection, visit, card).file(Disposition(chosen), note, (category, topic))

    try:
        await visit.write(keep)
    except IvrError as error:
        return await _again(visit, {"disposition": visit.refusal(error)}, status=422)
    visit.office.cards.filed(visit.user.name)
    return await _again(visit)


async def transfer(visit: Visit) -> Answer:
    """POST /desk/transfer: to another line's operators, or to another body that the settings allow."""
    card = _card(visit)
    kind, _, to = visit.form.text("to").partition(":")
    contact = visit.office.contacts.get(card.pop.contact) if card is not None else None
    seat = visit.office.operators.seat(visit.user.name)
    known = visit.office.lines().lines if kind == "line" else visit.office.settings.transfers
    if card is None or contact is None or seat is None or seat.state is not State.BUSY or to not in known:
        return await _again(visit, {"to": visit.t("desk.cannot-transfer")}, status=422)
    line = to if kind == "line" else card.pop.line
    talked = max(0, int(visit.now - (contact.answered_at or seat.since)))
    contact.going_to = Destination(visit.user.name, line, talked, "" if kind == "line" else to)
    try:
        await visit.office.exchange.redirect(contact.channel, line)
    except IvrError:
        contact.going_to = None
        return await _again(visit, {"to": visit.t("desk.cannot-transfer")}, status=422)
    visit.office.operators.transferred(visit.user.name)
    await visit.note("transferred a call", f"contact {contact.id}", visit.form.text("to"))
    return await _again(visit)


def _work(connection: sqlite3.Connection, visit: Visit, card: Card) -> Work:
    """On the case of the call in hand. Raises IvrError."""
    case = case_work.of_contact(connection, card.pop.contact, card.pop.line)
    if case is None:
        raise IvrError(visit.t("desk.no-case"))
    return Work(connection, case.number, visit.user, visit.now, contact=card.pop.contact)


def _card(visit: Visit) -> Card | None:
    return visit.office.cards.of(visit.office.operators.seat(visit.user.name))


async def _again(visit: Visit, mistakes: dict[str, str] | None = None, status: int = 200) -> Answer:
    seat = visit.office.operators.seat(visit.user.name) or visit.office.cards.sit_down(visit.user)
    if seat is None:
        raise NotFound
    template = "desk/call.html" if visit.partial else "desk/desk.html"
    return visit.page(template, status=status, **await _in_hand(visit, seat, mistakes or {}))


async def _in_hand(visit: Visit, seat: Seat, mistakes: dict[str, str] | None = None) -> dict[str, Any]:
    lines, office = visit.office.lines(), visit.office
    card = office.cards.of(seat)
    context: dict[str, Any] = {
        "seat": seat,
        "card": card,
        "linked": office.link.up,
        "reasons": REASONS,
        "State": State,
        "by_hand": office.exchange.by_hand,
        "mistakes": mistakes or {},
        "now": visit.now,
    }
    if card is None:
        return context
    pop = card.pop
    known = await visit.read(_known, pop.contact, pop.line, pop.number)
    contact = office.contacts.get(pop.contact)
    if contact is not None and contact.lost is not None and known["case"] is not None and not card.filed:
        await _filed_before(visit, contact, known["case"].number)
    if known["citizen"] is not None and not card.shown_to_audit:
        _tell_audit(visit, card, known["citizen"].id)
    # What the card was shown with has all of it, unless the engine was started anew in this call; the journal is a moment behind.
    way = max(known["way"], pop.path, key=len)
    heard = words.heard(lines, way)
    fitting = [*heard, *_of_topic(visit, pop.line, pop.topic)]
    subject = card.subject or _subject(visit, heard, pop.line, known["case"])
    return {
        **context,
        **known,
        "pop": pop,
        "line_title": words.title(lines, pop.line, visit.language),
        "path": words.walked(lines, way, visit.language),
        "fitting": [
            (line, name, lines.lines[line].articles[name].title.get(visit.language, name))
            for line, name in dict.fromkeys(fitting)
        ][:_FITTING],
        "subjects": words.subjects(lines, pop.line),
        "subject": subject,
        "dispositions": list(Disposition),
        "bodies": sorted(office.settings.transfers),
        "other_lines": [(name, words.title(lines, name, visit.language)) for name in sorted(lines.lines) if name != pop.line],
    }


async def _filed_before(visit: Visit, contact: Contact, case: str) -> None:
    """A talk that outlived its session was perhaps filed under an earlier engine."""
    if await visit.read(case_work.filed, case, contact.id, visit.user.name, contact.answered_at):
        visit.office.cards.filed(visit.user.name)


def _tell_audit(visit: Visit, card: Card, citizen: int) -> None:
    """From the ring on, as a call that nobody answers has been seen all the same. The card does not wait for it."""
    card.shown_to_audit = True

    def failed(failure: Failure) -> None:
        card.shown_to_audit = False  # the next look tries again
        log.error("a look at a citizen is not in the audit log yet", why=str(failure.value))

    noted = visit.note("looked at", f"citizen {citizen}", f"call {card.pop.contact}")
    Deferred.fromCoroutine(noted).addErrback(failed)


def _known(connection: sqlite3.Connection, contact: str, line: str, number: str) -> dict[str, Any]:
    citizen = citizens.of_number(connection, number) if number else None
    return {
        "citizen": citizen,
        "last": contacts.of_citizen(connection, citizen.id, _LAST + 1) if citizen else (),
        "case": case_work.of_contact(connection, contact, line),
        "way": words.path_of(journal.entries(connection, contact)),
    }


def _of_topic(visit: Visit, line: str, topic: str) -> list[tuple[str, str]]:
    found = visit.office.lines().lines.get(line)
    day = rome_date(visit.now)
    if found is None or not topic:
        return []
    return [(line, name) for name, article in found.articles.items() if article.topic == topic and article.valid(day)]


def _subject(visit: Visit, heard: list[tuple[str, str]], line: str, case: Any) -> str:
    if case is not None and case.category:
        return f"{case.category}|{case.topic}"
    lines = visit.office.lines().lines
    for name, article in heard:
        if name == line:
            it = lines[name].articles[article]
            return f"{it.category}|{it.topic}"
    return ""
