"""The supervisor's live board: who waits, how the day goes, what the operators do."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ivr_engine.clock import ROME, rome
from ivr_engine.console import words
from ivr_engine.console.pages.reports import off
from ivr_engine.records import agreements, figure_queries, today
from ivr_engine.records.figures import DAY
from ivr_engine.records.today import Figures

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.console.visit import Answer, Visit
    from ivr_engine.dialogue.model import Line

_GOOD, _POOR = 0.8, 0.5  # shares answered in time


class Row(NamedTuple):
    """A line now: callers `waiting`, the longest wait in seconds, the day's figures, operators by state. `tone`: calm (nobody
    waits or did), good, warn, bad."""

    name: str
    title: str
    waiting: int
    longest: float
    figures: Figures
    states: Counter[str]
    tone: str


async def show(visit: Visit) -> Answer:
    """GET /board"""
    return visit.page("board/board.html", **await _now(visit))


async def part(visit: Visit) -> Answer:
    """GET /board/part: for a page that is open."""
    return visit.page("board/part.html", **await _now(visit))


async def _now(visit: Visit) -> dict[str, Any]:
    lines, threshold = visit.office.lines(), visit.office.settings.console.threshold
    midnight = datetime.combine(rome(visit.now).date(), datetime.min.time(), ROME)
    tomorrow = datetime.combine(midnight.date() + timedelta(days=1), datetime.min.time(), ROME)
    counted, queued = await visit.read(_today, midnight, tomorrow, threshold)
    seats = visit.office.operators.everybody()
    rows = []
    for name, line in sorted(lines.lines.items()):
        waits = [visit.now - since for since in _waiting(visit, line)]
        figures = counted.get(name, Figures())
        states = Counter(str(seat.state) for seat in seats if line.queue in seat.queues)
        tone = _tone(figures.in_time, queued.get(name, 0), waits, threshold)
        rows.append(
            Row(name, words.title(lines, name, visit.language), len(waits), max(waits, default=0.0), figures, states, tone)
        )
    named = await visit.read(agreements.in_force, "per_operator", visit.now)
    shown = [seat for seat in seats if any(line.queue in seat.queues and line.name in named for line in lines.lines.values())]
    return {
        "rows": rows,
        "seats": shown,
        "hidden": len(seats) - len(shown),
        "threshold": threshold,
        "now": visit.now,
        "off": off(visit),
        "linked": visit.office.link.up,
    }


def _waiting(visit: Visit, line: Line) -> list[float]:
    contacts = visit.office.contacts.everybody()
    return [contact.queued_at for contact in contacts if contact.line == line.name and contact.queue and not contact.answered]


def _today(
    connection: sqlite3.Connection, midnight: datetime, tomorrow: datetime, threshold: float
) -> tuple[dict[str, Figures], dict[str, int]]:
    """Line → its figures, and line → contacts that were in a queue, answered or not."""
    day = int(f"{midnight:%Y%m%d}")
    queued = {row.by[0]: row.queued for row in figure_queries.sums(connection, DAY, day, day, ("line",))}
    return today.figures(connection, midnight.timestamp(), tomorrow.timestamp(), threshold), queued


def _tone(in_time: int, queued: int, waits: list[float], threshold: float) -> str:
    """How well those who wanted an operator are served: in time out of all that were `queued`, and the `waits` of now."""
    if not queued and not waits:
        return "calm"
    share, longest = in_time / queued if queued else 1.0, max(waits, default=0.0)
    if longest > 6 * threshold or share < _POOR:
        return "bad"
    return "warn" if longest > threshold or share < _GOOD else "good"
