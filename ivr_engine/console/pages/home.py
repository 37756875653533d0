"""The first page: everybody goes where their work is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr_engine.console.visit import Answer, Visit


async def show(visit: Visit) -> Answer:
    """GET /"""
    return visit.page("home.html")
