"""Agreements: what is allowed on which line, and by which document."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ivr_engine.clock import rome_date
from ivr_engine.console import words
from ivr_engine.records import agreements

if TYPE_CHECKING:
    from ivr_engine.console.visit import Answer, Visit


async def index(visit: Visit) -> Answer:
    """GET /agreements"""
    return await _page(visit)


async def register(visit: Visit) -> Answer:
    """POST /agreements"""
    fields = {name: visit.form.text(name) for name in ("kind", "line", "name", "day", "document")}
    mistakes = {name: visit.t("agreements.missing") for name, value in fields.items() if not value}
    if "kind" not in mistakes and fields["kind"] not in agreements.KINDS:
        mistakes["kind"] = visit.t("agreements.missing")
    if "line" not in mistakes and fields["line"] not in visit.office.lines().lines:
        mistakes["line"] = visit.t("agreements.missing")
    if "day" not in mistakes and not _is_day(fields["day"]):
        mistakes["day"] = visit.t("agreements.no-day")
    if "day" not in mistakes and date.fromisoformat(fields["day"]) > rome_date(visit.now):
        mistakes["day"] = visit.t("agreements.not-yet")
    if mistakes:
        return await _page(visit, mistakes)
    await visit.write(lambda connection: agreements.register(connection, **fields, who=visit.user.name, at=visit.now))
    return visit.see("/agreements")


async def end(visit: Visit, agreement: str) -> Answer:
    """POST /agreements/ID/end"""
    number = int(agreement) if agreement.isascii() and agreement.isdigit() and len(agreement) < 12 else 0
    await visit.write(lambda connection: agreements.end(connection, number, visit.user.name, visit.now))
    return visit.see("/agreements")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


async def _page(visit: Visit, mistakes: dict[str, str] | None = None) -> Answer:
    lines = visit.office.lines()
    names = {name: words.title(lines, name, visit.language) for name in sorted(lines.lines)}
    return visit.page(
        "board/agreements.html",
        status=422 if mistakes else 200,
        found=await visit.read(agreements.everything),
        kinds=agreements.KINDS,
        titles=list(names.items()),
        names=names,
        may_change=visit.user.role in agreements.REGISTRARS,
        form=visit.form,
        mistakes=mistakes,
    )
