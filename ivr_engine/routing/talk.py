"""A talk's seconds as the exchange's own ledger counts them.

ANSWEREDTIME rounds the true duration down, while queue_log (and the live view) subtracts whole seconds of the clock: figures
of the two differ by one second now and then. The ledger's count is the one that must add up, so it is waited for, briefly.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from twisted.internet import defer

from ivr_engine.events import QueueStatus
from ivr_engine.exchange.agi_call import AgiCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ivr_engine.agi.commands import Agi
    from ivr_engine.audiosocket.media import Media
    from ivr_engine.calls import Heard, Listening, QueueResult, Reply
    from ivr_engine.dialogue.model import Line
    from ivr_engine.exchange.interface import TalkEnded
    from ivr_engine.routing.contacts import Contact

# Seconds: the live view is a few milliseconds behind when it works at all; else the ledger itself is read.
_LIVE, _LEDGER = 0.5, 2.0


class Talk:
    """The word of the live view, or of the ledger, on how a talk ended, whenever it comes."""

    __slots__ = ("_sign", "_waiting")

    def __init__(self) -> None:
        self._sign: TalkEnded | None = None
        self._waiting: defer.Deferred[None] | None = None

    def told(self, sign: TalkEnded) -> None:
        """The live view has spoken; the first word counts: of an earlier talk, sent on, Asterisk speaks after the last."""
        if self._sign is not None:
            return
        self._sign = sign
        if self._waiting is not None and not self._waiting.called:
            self._waiting.callback(None)

    @property
    def over(self) -> bool:
        """Whether its end was told."""
        return self._sign is not None

    async def settled(self, reactor: Any, look: Callable[[], None]) -> TalkEnded | None:
        """Its word, waited for a moment; `look` has the ledger read when none comes. None when both are silent."""
        if self._sign is None:
            await self._wait(reactor, _LIVE)
        if self._sign is None:
            look()
            await self._wait(reactor, _LEDGER)
        return self._sign

    async def _wait(self, reactor: Any, seconds: float) -> None:
        self._waiting = defer.Deferred()
        self._waiting.addTimeout(seconds, reactor)
        with contextlib.suppress(defer.TimeoutError):
            await self._waiting


class RoutedCall(AgiCall):
    """The caller, with talk times as the ledger has them; `look` has the ledger read at once. `lines` by name: when the caller
    goes over to another one, the dialplan's fall-back queue goes with them."""

    def __init__(
        self,
        agi: Agi,
        contact: Contact,
        reactor: Any,
        look: Callable[[], None],
        lines: Mapping[str, Line],
        media: Media | None = None,
    ) -> None:
        super().__init__(agi, media)
        self._contact, self._reactor, self._look, self._lines = contact, reactor, look, lines
        self._line = contact.line

    async def play(self, file: str, keys: str) -> Heard:
        """See dialogue.call.Call."""
        if self._contact.line != self._line:
            await self._change_line()
        return await super().play(file, keys)

    async def converse(self, files: Sequence[str], keys: str, listening: Listening) -> Reply:
        """See dialogue.call.Call."""
        if self._contact.line != self._line:
            await self._change_line()
        return await super().converse(files, keys, listening)

    async def queue(self, name: str, timeout_s: int, priority: int) -> QueueResult:
        """See dialogue.call.Call."""
        if self._contact.line != self._line:
            await self._change_line()
        result = await super().queue(name, timeout_s, priority)
        if result.status is not QueueStatus.ANSWERED:
            return result
        if (going := self._contact.going_to) is not None:
            return result._replace(talk_s=going.talk_s, operator=going.operator)
        sign = await self._contact.talk.settled(self._reactor, self._look)
        return result if sign is None else result._replace(wait_s=sign.hold_s, talk_s=sign.talk_s, operator=sign.operator)

    async def _change_line(self) -> None:
        self._line = self._contact.line
        await self.fall_back_to(self._lines[self._line].queue)
