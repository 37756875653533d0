"""Lines: their trees with traffic, hours, front messages, closures, versions, health, and what is switched off."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ivr_engine.clock import rome
from ivr_engine.console import words
from ivr_engine.console.visit import Answer, Forbidden, NotFound
from ivr_engine.dialogue.drawing import Numbers, draw
from ivr_engine.dialogue.hours import periods as as_periods
from ivr_engine.errors import IvrError
from ivr_engine.records import notices, versions
from ivr_engine.routing.hours import LineHours

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from ivr_engine.console.visit import Visit
    from ivr_engine.dialogue.model import Line

_TRAFFIC_S, _WEEK_S = 7 * 86400.0, 7 * 86400.0
_LONGEST_TEXT = 500
_VERSIONS = 5
_drawing = threading.Lock()  # Graphviz draws one picture at a time


async def index(visit: Visit) -> Answer:
    """GET /lines"""
    lines, hours = visit.office.lines(), _hours(visit)
    rows = [
        (
            name,
            words.title(lines, name, visit.language),
            line.numbers,
            hours.state(name, visit.now),
            visit.office.board.is_off(name),
        )
        for name, line in sorted(lines.lines.items())
    ]
    return visit.page("lines/list.html", rows=rows)


async def show(visit: Visit, line: str) -> Answer:
    """GET /lines/LINE"""
    return await _page(visit, line)


async def tree(visit: Visit, line: str) -> Answer:
    """GET /lines/LINE/tree.svg: with the traffic of the last seven days."""
    found = _line(visit, line)

    def picture() -> bytes:
        traffic = visit.office.store.traffic(line, visit.now - _TRAFFIC_S, visit.now)
        with _drawing:
            return draw(found, visit.language, Numbers(traffic.visits, traffic.moves, traffic.hang_ups))

    return Answer(200, await visit.office.in_thread(picture), "image/svg+xml")


async def close(visit: Visit, line: str) -> Answer:
    """POST /lines/LINE/closures: other hours until then, or an emergency."""
    _line(visit, line)
    until, reason = _moment(visit.form.text("until")), visit.form.text("reason")
    emergency, periods = visit.form.text("emergency") == "1", tuple(visit.form.text("periods").split())
    mistakes = {}
    if until is None:
        mistakes["until"] = visit.t("lines.until-missing")
    if not reason:
        mistakes["reason"] = visit.t("lines.reason-missing")
    try:
        as_periods(periods)
    except ValueError:
        mistakes["periods"] = visit.t("lines.periods-wrong")
    if mistakes or until is None:
        return await _page(visit, line, mistakes)
    starts = rome(visit.now).replace(tzinfo=None, second=0, microsecond=0)
    return await _change(
        visit,
        line,
        "until",
        lambda connection: notices.close_line(
            connection,
            line=line,
            emergency=emergency,
            starts=starts,
            until=until,
            periods=() if emergency else periods,
            reason=reason,
            who=visit.user.name,
            at=visit.now,
        ),
    )


async def tell(visit: Visit, line: str) -> Answer:
    """POST /lines/LINE/messages: what callers hear first, until then; spoken before it is heard."""
    _line(visit, line)
    until = _moment(visit.form.text("until"))
    texts = {language: visit.form.text(language, _LONGEST_TEXT) for language in ("it", "en")}
    mistakes = {name: visit.t("lines.text-wrong") for name, text in texts.items() if not text or "{" in text or "}" in text}
    if until is None:
        mistakes["message_until"] = visit.t("lines.until-missing")
    if mistakes or until is None:
        return await _page(visit, line, mistakes)
    starts = rome(visit.now).replace(tzinfo=None, second=0, microsecond=0)

    def keep(connection: sqlite3.Connection) -> int:
        return notices.tell_callers(
            connection, line=line, starts=starts, until=until, texts=texts, who=visit.user.name, at=visit.now
        )

    publication = visit.office.publication
    if publication is None:
        raise NotFound
    return await _carry_out(visit, line, "message_until", lambda: publication.tell(keep, visit.now))


async def end(visit: Visit, line: str) -> Answer:
    """POST /lines/LINE/end: a closure or a message holds no longer."""
    _line(visit, line)
    table, number = visit.form.text("what"), visit.form.whole("id")
    if table not in {"closures", "front_messages"}:
        raise NotFound
    return await _change(
        visit, line, "end", lambda connection: notices.end(connection, table, number, visit.user.name, visit.now)
    )


async def switch(visit: Visit, line: str) -> Answer:
    """POST /lines/LINE/switch: its self-service, or one function, off or on."""
    function, off, reason = visit.form.text("function"), visit.form.text("off") == "1", visit.form.text("reason")
    _line(visit, line)
    if function and function not in visit.office.lines().functions.get(line, {}):
        raise NotFound
    if off and not reason:
        return await _page(visit, line, {"switch_reason": visit.t("lines.reason-missing")})
    return await _change(
        visit,
        line,
        "switch_reason",
        lambda connection: notices.switch(
            connection, line=line, function=function, off=off, reason=reason, who=visit.user.name, at=visit.now
        ),
    )


async def _change(visit: Visit, line: str, field: str, change: Callable[[Any], object]) -> Answer:
    def carry_out() -> None:
        with visit.office.store.administration.change() as connection:
            change(connection)

    return await _carry_out(visit, line, field, carry_out)


async def _carry_out(visit: Visit, line: str, field: str, carry_out: Callable[[], object]) -> Answer:
    """Make a change in a thread, as sounds may have to be made; then callers get it at once."""
    if visit.user.role not in notices.KEEPERS:
        raise Forbidden("change a line")
    try:
        await visit.office.in_thread(carry_out)
        await visit.office.reload()
    except IvrError as error:
        return await _page(visit, line, {field: visit.refusal(error)})
    return visit.see(f"/lines/{line}")


def _line(visit: Visit, line: str) -> Line:
    found = visit.office.lines().lines.get(line)
    if found is None:
        raise NotFound
    return found


def _hours(visit: Visit) -> LineHours:
    lines = visit.office.lines().lines
    return LineHours({name: line.hours for name, line in lines.items()}, visit.office.board.closures)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=None)


async def _page(visit: Visit, name: str, mistakes: dict[str, str] | None = None) -> Answer:
    line, lines, board = _line(visit, name), visit.office.lines(), visit.office.board
    hours = _hours(visit)
    local = rome(visit.now).replace(tzinfo=None)
    current = board.notices
    heard = [
        lines.catalogue.text(visit.language, sound.file)
        for key in board.messages(name, visit.now)
        for sound in lines.catalogue.utterance(name, key, visit.language, {})
    ]
    return visit.page(
        "lines/line.html",
        status=422 if mistakes else 200,
        line=line,
        title=words.title(lines, name, visit.language),
        state=hours.state(name, visit.now),
        week=hours.stretches(name, visit.now, visit.now + _WEEK_S),
        closures=[it for it in current.closures if it.line in {"", name}],
        messages=[it for it in current.messages if it.line in {"", name}],
        heard=heard,
        off={function for whose, function in current.off if whose == name},
        functions=sorted(lines.functions.get(name, {})),
        health=visit.office.pools.health().get(name, {}),
        version=lines.versions.get(name),
        versions=await visit.read(versions.latest, name, _VERSIONS),
        may_change=visit.user.role in notices.KEEPERS,
        soon=f"{local + timedelta(hours=4):%Y-%m-%dT%H:%M}",
        form=visit.form,
        mistakes=mistakes,
        drawn=int(time.time()),
    )
