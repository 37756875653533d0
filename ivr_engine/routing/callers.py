"""What the records know of a caller, asked in a thread and only for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet import defer
from twisted.internet.threads import deferToThreadPool

from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger()

ASK_S = 0.5  # seconds the store has to answer; then nothing is known


class KnownCallers:
    """Satisfies dialogue.services.Callers. `open_cases` looks a number's open cases up, and blocks."""

    def __init__(self, reactor: Any, open_cases: Callable[[str], Sequence[object]]) -> None:
        self._reactor, self._open_cases = reactor, open_cases

    async def has_open_case(self, number: str) -> bool:
        """Whether there is one; False when the number is withheld or the store does not say in time."""
        if not number:
            return False
        asked = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._open_cases, number)
        asked.addTimeout(ASK_S, self._reactor)
        try:
            return bool(await asked)
        except (defer.TimeoutError, Unavailable) as error:
            log.warning("a caller's open cases are not known", error=str(error))
            return False
