"""A talk's seconds as the exchange's own ledger counts them.

ANSWEREDTIME rounds the true duration down, while queue_log (and the live view) subtracts whole seconds of the clock: figures
of the two differ by one second now and then. The ledger's count is the one that must add up, so it is waited for, briefly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet import defer

from ivr_engine.events import QueueStatus
from ivr_engine.exchange.agi_call import AgiCall

if TYPE_CHECKING:
    from ivr_engine.agi.commands import Agi
    from ivr_engine.dialogue.call import QueueResult
    from ivr_engine.exchange.interface import TalkEnded
    from ivr_engine.routing.contacts import Contact

_PATIENCE = 1.0  # seconds; the live view is a few milliseconds behind when it works at all


class Talk:
    """The live view's word on how a talk ended, whenever it comes."""

    __slots__ = ("_sign", "_waiting")

    def __init__(self) -> None:
        self._sign: TalkEnded | None = None
        self._waiting: defer.Deferred[None] | None = None

    def told(self, sign: TalkEnded) -> None:
        """The live view has spoken."""
        self._sign = sign
        if self._waiting is not None and not self._waiting.called:
            self._waiting.callback(None)

    async def settled(self, reactor: Any) -> TalkEnded | None:
        """Its word, waited for a moment; None when the live view is silent."""
        if self._sign is None:
            self._waiting = defer.Deferred()
            self._waiting.addTimeout(_PATIENCE, reactor)
            try:
                await self._waiting
            except defer.TimeoutError:
                return None
        return self._sign


class RoutedCall(AgiCall):
    """The caller, with talk times as the ledger has them."""

    def __init__(self, agi: Agi, contact: Contact, reactor: Any) -> None:
        super().__init__(agi)
        self._contact, self._reactor = contact, reactor

    async def queue(self, name: str, timeout_s: int, priority: int) -> QueueResult:
        """See dialogue.call.Call."""
        result = await super().queue(name, timeout_s, priority)
        if result.status is not QueueStatus.ANSWERED:
            return result
        sign = await self._contact.talk.settled(self._reactor)
        return result if sign is None else result._replace(wait_s=sign.hold_s, talk_s=sign.talk_s, operator=sign.operator)
