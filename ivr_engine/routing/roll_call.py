"""What the live view missed of the operators while it was away, asked for as soon as it works again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.interface import ChannelGone, LinkUp
from ivr_engine.routing.operators import ON_A_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ivr_engine.exchange.interface import Exchange, Member, Sign
    from ivr_engine.routing.operators import Operators

log = structlog.get_logger()


class RollCall:
    """Whoever rings or talks, to the engine's knowledge, is compared with the calls that there are; whom the queues would ring,
    with those who sit at a desk. `with_desk` names all who may, and blocks; `staff` tells the exchange, as for Operators."""

    def __init__(
        self,
        reactor: Any,
        exchange: Exchange,
        operators: Operators,
        with_desk: Callable[[], Collection[str]],
        staff: Callable[[Member], None],
    ) -> None:
        self._reactor, self._exchange, self._operators = reactor, exchange, operators
        self._with_desk, self._staff = with_desk, staff

    def take(self, sign: Sign) -> None:
        """One sign of the live view."""
        if isinstance(sign, LinkUp):
            Deferred.fromCoroutine(self._call()).addErrback(
                lambda failure: log.error("the operators' roll call failed", error=failure.getErrorMessage())
            )

    async def _call(self) -> None:
        try:
            await self._end_calls()
            await self._empty_chairs()
        except Unavailable as error:
            log.warning("operators are not compared with the exchange", why=error.message)

    async def _end_calls(self) -> None:
        # First who is on a call, then what lives: whoever is rung only from then on is rung by a call that lives.
        calls = {seat.channel for seat in self._operators.everybody() if seat.state in ON_A_CALL}
        if not calls:
            return
        for channel in calls - await self._exchange.live_channels():
            self._operators.take(ChannelGone(channel))

    async def _empty_chairs(self) -> None:
        """An engine that died, or an operator who left in the gap, took nobody out of the queues."""
        staffed = await self._exchange.staffed()
        if not staffed:
            return
        with_desk = await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._with_desk)
        for member in staffed:
            seat = self._operators.seat(member.operator)  # now, not before: they may have sat down meanwhile
            if member.operator in with_desk and (seat is None or seat.phone != member.phone):
                self._staff(replace(member, ready=False, there=False))
