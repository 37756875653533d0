"""What the articles say of a caller's own words, asked in a thread and only for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet import defer
from twisted.internet.threads import deferToThreadPool

from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ivr_engine.records.article_search import Found

log = structlog.get_logger()

ASK_S = 0.5
"""Seconds the store has to answer; then the examples alone decide."""


class ArticleTopics:
    """Satisfies dialogue.services.Topics. `search` looks articles up by words and language, the best first, and blocks."""

    def __init__(self, reactor: Any, search: Callable[[str, str], Sequence[Found]]) -> None:
        self._reactor, self._search = reactor, search

    async def search(self, text: str, language: str) -> Sequence[tuple[str, str, float]]:
        """(line, article, score from 0 to 1); nothing when the store does not say in time."""
        asked = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._search, text, language)
        asked.addTimeout(ASK_S, self._reactor)
        try:
            found = await asked
        except (defer.TimeoutError, Unavailable) as error:
            log.warning("the articles are not searched for a caller's words", error=str(error))
            return ()
        return [(each.line, each.id, 1.0 / place) for place, each in enumerate(found, 1)]
