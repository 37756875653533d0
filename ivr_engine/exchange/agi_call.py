"""A call on FastAGI, as the dialogue sees it. The same for a real Asterisk and for the virtual exchange."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ivr_engine.agi import variables
from ivr_engine.calls import Heard, QueueResult, Reply, TransferResult
from ivr_engine.errors import CallerHungUp, CallLost
from ivr_engine.events import QueueStatus, TransferStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.agi.commands import Agi
    from ivr_engine.audiosocket.conversation import Conversation
    from ivr_engine.audiosocket.media import Media
    from ivr_engine.calls import Listening

_NO_SUCH_APPLICATION = -2
_STATUSES = {
    "CONTINUE": QueueStatus.ANSWERED,  # option `c`: the talk is over and the caller is back
    "TIMEOUT": QueueStatus.TIMEOUT,
    "FULL": QueueStatus.FULL,
    "JOINEMPTY": QueueStatus.JOINEMPTY,
    "LEAVEEMPTY": QueueStatus.LEAVEEMPTY,
    "JOINUNAVAIL": QueueStatus.JOINUNAVAIL,
    "LEAVEUNAVAIL": QueueStatus.LEAVEUNAVAIL,
    "WITHDRAW": QueueStatus.WITHDRAW,
}


_DIALLED = {
    "ANSWER": TransferStatus.ANSWERED,
    "BUSY": TransferStatus.BUSY,
    "NOANSWER": TransferStatus.NO_ANSWER,
    "CANCEL": TransferStatus.CALLER_GONE,
}


_EXCHANGE_FAILS = frozenset({"missing", "unreachable", "format"})
"""Failures to listen that will not pass within a call."""


class AgiCall:
    """The verbs of `dialogue.call.Call` over one FastAGI session. Without `media` a call has keys alone."""

    __slots__ = ("_agi", "_early", "_language", "_media", "_queued")

    def __init__(self, agi: Agi, media: Media | None = None) -> None:
        self._agi, self._media = agi, media
        self._queued = False
        self._language = ""
        self._early = ""  # keys pressed while a conversation was being ended

    async def play(self, file: str, keys: str) -> Heard:
        """Play one sound file in the call's language; a key in `keys` stops it. Raises CallerHungUp with what was heard."""
        while self._early:
            if (key := self._take_early()) in keys:
                return Heard(key, 0)
        played = await self._agi.stream_file(file, keys)
        return Heard(played.digit, played.ms, played.ok)

    async def key(self, timeout_s: float) -> str:
        """Wait for one key; "" when none came in time."""
        if self._early:
            return self._take_early()
        pressed = await self._agi.wait_for_digit(max(1, round(timeout_s * 1000)))
        return pressed.digit

    def _take_early(self) -> str:
        key, self._early = self._early[0], self._early[1:]
        return key

    @property
    def listens(self) -> bool:
        """See dialogue.call.Call."""
        return self._media is not None and self._media.reachable

    async def converse(self, files: Sequence[str], keys: str, listening: Listening) -> Reply:
        """See dialogue.call.Call: the exchange connects to the media server for the length of this turn."""
        if self._agi.hung_up:
            raise CallerHungUp
        while self._early:  # what was keyed meanwhile comes first, as it would cut into a prompt
            if (key := self._take_early()) in keys:
                return Reply("key", key=key)
        if self._media is None:
            return Reply("failed", why="missing")
        conversation = await self._media.begin(self._language, files, keys, listening)
        if conversation is None:
            return Reply("failed", why="busy")
        reply = await self._over_audiosocket(self._media, conversation)
        if reply.why in _EXCHANGE_FAILS:
            if reply.why == "unreachable":
                self._media.rest(reply.why)
            self._media = None
        return reply

    async def _over_audiosocket(self, media: Media, conversation: Conversation) -> Reply:
        name = media.server.expect(conversation)
        try:
            code = await self._agi.execute("AudioSocket", f"{name},{media.server.address}", conversation.longest_s)
        finally:
            if not conversation.connected:
                media.server.forget(name)
            conversation.fail("broken")  # nothing when it is over, as it should be
        reply = conversation.reply
        assert reply is not None
        self._early = conversation.keys
        if code == _NO_SUCH_APPLICATION:
            return reply._replace(why="missing")
        if reply.how == "failed" and not self._agi.hung_up:
            # -1 may mean anything: the channel itself is asked, and this raises when the caller is gone.
            with contextlib.suppress(CallerHungUp):
                await self._agi.channel_status()
        if self._agi.hung_up:
            raise CallerHungUp(conversation.heard_ms)
        return reply

    async def set_language(self, language: str) -> None:
        """Sounds are taken from this language from now on."""
        if self._agi.hung_up:  # the command itself would work on a dead channel
            raise CallerHungUp
        self._language = language
        await self._agi.set_variable(variables.LANGUAGE, language)

    async def queue(self, name: str, timeout_s: int, priority: int) -> QueueResult:
        """Hand the caller to a queue; back when the wait or the talk is over. Raises CallLost only."""
        agi = self._agi
        if agi.hung_up:  # never entered: Asterisk would only note a caller who leaves at once
            return QueueResult(QueueStatus.ABANDONED, 0, 0)
        if self._queued:
            for variable in (*variables.QUEUE_RESULTS, variables.MEMBER_NAME):
                await agi.set_variable(variable, "")
        self._queued = True
        await agi.set_variable(variables.QUEUE_PRIORITY, str(priority))
        # `c`: when the operator hangs up, the caller comes back to the tree.
        code = await agi.execute("Queue", f"{name},c,,,{timeout_s}")
        if code == _NO_SUCH_APPLICATION:
            return QueueResult(QueueStatus.FAILED, 0, 0)
        return await self._queue_result()

    async def _queue_result(self) -> QueueResult:
        """What the channel remembers of the queue; it can be asked after the hang-up too."""
        status, abandoned, waited, talked = [await self._agi.get_variable(name) or "" for name in variables.QUEUE_RESULTS]
        if status:  # first: a time-out and a left queue set ABANDONED too
            how = _STATUSES.get(status, QueueStatus.FAILED)
        elif abandoned == "TRUE":
            how = QueueStatus.ABANDONED
        elif talked:  # the operator transferred the caller: this session is dead, its talk time is 0
            how = QueueStatus.ANSWERED
        else:
            how = QueueStatus.ABANDONED if self._agi.hung_up else QueueStatus.FAILED
        operator = await self._agi.get_variable(variables.MEMBER_NAME) if how is QueueStatus.ANSWERED else None
        return QueueResult(how, _seconds(waited), _seconds(talked), operator or "")

    async def transfer(self, number: str, timeout_s: int) -> TransferResult:
        """Connect the caller to a number by the context `ivr-transfer`; back when that is over. Raises CallLost only."""
        agi = self._agi
        if agi.hung_up:
            return TransferResult(TransferStatus.CALLER_GONE)
        for variable in variables.TRANSFER_RESULTS:
            await agi.set_variable(variable, "")
        # `g`: when the other side hangs up, the caller comes back to the tree.
        code = await agi.execute("Dial", f"Local/{number}@ivr-transfer/n,{timeout_s},g")
        if code == _NO_SUCH_APPLICATION:
            return TransferResult(TransferStatus.FAILED)
        status, talked = [await agi.get_variable(name) or "" for name in variables.TRANSFER_RESULTS]
        # Else the dialplan would take it for a talk with an operator, should the engine die later in this call.
        await agi.set_variable(variables.ANSWERED_TIME, "")
        return TransferResult(_DIALLED.get(status, TransferStatus.FAILED), _seconds(talked))

    async def fall_back_to(self, queue: str) -> None:
        """Where the dialplan takes the caller should the engine die in this call. Works after hang-up."""
        await self._agi.set_variable(variables.IVR_QUEUE, queue)

    async def finish(self, contact: str) -> bool:
        """The engine's last command: the dialplan need not step in. Works after hang-up; False when the call was lost before."""
        try:
            await self._agi.set_variable(variables.IVR_DONE, contact)
        except CallLost:
            return False
        except CallerHungUp:  # Asterisk takes nothing for a dead channel: nobody is there for the dialplan to step in
            return True
        return True


def _seconds(text: str) -> int:
    return int(text) if text.isdigit() else 0
