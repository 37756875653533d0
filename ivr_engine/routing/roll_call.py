"""What the live view missed of the operators while it was away, asked for as soon as it works again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from twisted.internet.defer import Deferred

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.interface import ChannelGone, LinkUp
from ivr_engine.routing.operators import ON_A_CALL

if TYPE_CHECKING:
    from ivr_engine.exchange.interface import Exchange, Sign
    from ivr_engine.routing.operators import Operators

log = structlog.get_logger()


class RollCall:
    """Whoever rings or talks, to the engine's knowledge, is compared with the calls that there are."""

    def __init__(self, exchange: Exchange, operators: Operators) -> None:
        self._exchange, self._operators = exchange, operators

    def take(self, sign: Sign) -> None:
        """One sign of the live view."""
        if isinstance(sign, LinkUp):
            Deferred.fromCoroutine(self._call()).addErrback(
                lambda failure: log.error("the operators' roll call failed", error=failure.getErrorMessage())
            )

    async def _call(self) -> None:
        try:
            await self._end_calls()
        except Unavailable as error:
            log.warning("operators are not compared with the exchange", why=error.message)

    async def _end_calls(self) -> None:
        # First who is on a call, then what lives: whoever is rung only from then on is rung by a call that lives.
        calls = {seat.channel for seat in self._operators.everybody() if seat.state in ON_A_CALL}
        if not calls:
            return
        for channel in calls - await self._exchange.live_channels():
            self._operators.take(ChannelGone(channel))
