"""Queues: who waits, who is rung, how it ends; order, ledger and variables as Asterisk's app_queue has them.

Strategy rrmemory with autofill: the longest waiting caller of the highest priority first, operators in a ring that goes
on where it stopped.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from ivr_engine.exchange.interface import (
    CallerJoined,
    CallerLeft,
    OperatorConnected,
    OperatorRinging,
    OperatorSilent,
    QueueState,
    TalkEnded,
)
from ivr_engine.exchange.virtual.queue_log import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.exchange.virtual.channel import Channel
    from ivr_engine.exchange.virtual.clock import Timer
    from ivr_engine.exchange.virtual.operators import Operator
    from ivr_engine.exchange.virtual.settings import QueueSettings
    from ivr_engine.exchange.virtual.switch import Switch


class Exit(Enum):
    """How a stay ended."""

    TALKED = "CONTINUE"
    TIMEOUT = "TIMEOUT"
    LEAVEEMPTY = "LEAVEEMPTY"
    ABANDONED = ""


_ENDED_BY = {"caller": "COMPLETECALLER", "agent": "COMPLETEAGENT", "transfer": "BLINDTRANSFER"}


class Queue:
    """One queue and its operators."""

    def __init__(self, settings: QueueSettings, switch: Switch, operators: Sequence[Operator]) -> None:
        self.settings = settings
        self.name = settings.name
        self.switch = switch
        self.waiting: list[Stay] = []
        self._ring_of_operators = list(operators)

    async def serve(self, channel: Channel, timeout_s: int | None, priority: int, *, continues: bool) -> int:
        """Keep the caller until they have talked or gone; the return code of Queue(). `continues` is its option c."""
        reset_variables(channel)
        if refusal := self._refusal():
            channel.variables["QUEUESTATUS"] = refusal
            return 0
        stay = Stay(self, channel, priority)
        ahead = sum(1 for other in self.waiting if other.priority >= priority)
        self.waiting.insert(ahead, stay)
        stay.first_position = ahead + 1
        self.switch.deliver(CallerJoined(channel.uniqueid, self.name, ahead + 1))
        self.log(stay, NOBODY, "ENTERQUEUE", "", channel.number, ahead + 1)
        channel.note("queued", self.name)
        channel.caller.queued(self.name)
        ended = await stay.wait(timeout_s)
        return stay.leave(ended, continues=continues)

    @property
    def state(self) -> QueueState:
        """How it stands now."""
        serving = [operator for operator in self._ring_of_operators if operator.available]
        return QueueState(len(self.waiting), len(serving), sum(operator.free for operator in serving))

    def add(self, operator: Operator) -> None:
        """The operator serves this queue from now on."""
        if operator not in self._ring_of_operators:
            self._ring_of_operators.append(operator)

    def remove(self, operator: Operator) -> None:
        """Not any more."""
        if operator in self._ring_of_operators:
            self._ring_of_operators.remove(operator)

    def dispatch(self) -> None:
        """Ring free operators for those who wait; send those away whom nobody will serve any more."""
        for stay in tuple(self.waiting):
            if not stay.may_ring:
                continue
            if not self.settings.stay_empty and not self._staffed:
                stay.run_empty()
            elif operator := self._next_operator():
                stay.ring(operator)
            else:
                return

    def log(self, stay: Stay, operator: str, verb: str, *data: object) -> None:
        """Write to the ledger about a stay."""
        self.switch.queue_log.write(stay.channel.uniqueid, self.name, operator, verb, *data)

    @property
    def _staffed(self) -> bool:
        return any(operator.available for operator in self._ring_of_operators)

    def _refusal(self) -> str:
        most = self.settings.most_callers
        if most and len(self.waiting) >= most:
            return "FULL"
        return "" if self.settings.join_empty or self._staffed else "JOINEMPTY"

    def _next_operator(self) -> Operator | None:
        for place, operator in enumerate(self._ring_of_operators):
            if operator.free:
                self._ring_of_operators = self._ring_of_operators[place + 1 :] + self._ring_of_operators[: place + 1]
                return operator
        return None


def reset_variables(channel: Channel) -> None:
    """Queue() begins with its variables cleared."""
    for name in ("QUEUESTATUS", "ABANDONED"):
        channel.variables.pop(name, None)
    channel.variables.update(QUEUEWAIT="", ANSWEREDTIME="")


class Stay:
    """One caller's stay in a queue, talk included."""

    def __init__(self, queue: Queue, channel: Channel, priority: int) -> None:
        self.channel = channel
        self.priority = priority
        self.first_position = 0
        self._queue = queue
        self._settings = queue.settings
        self._switch = queue.switch
        self._clock = queue.switch.clock
        self._joined_at = self._clock.now()
        self._operator: Operator | None = None
        self._rung_at = 0.0
        self._answered_at: float | None = None
        self._hold_s = 0
        self._position = 0
        self._timers: dict[str, Timer] = {}
        self._over: Deferred[Exit] = Deferred()

    @property
    def may_ring(self) -> bool:
        """Waits for an operator, and is neither being offered to one nor pausing after one who did not answer."""
        return self in self._queue.waiting and self._operator is None and "retry" not in self._timers

    async def wait(self, timeout_s: int | None) -> Exit:
        """Until the stay is over; for ever when there is no time-out."""
        self.channel.at_hangup.append(self._caller_gone)
        if timeout_s:
            self._start("expiry", timeout_s, self._expire)
        self._queue.dispatch()
        if self.channel.gone and not self._over.called:
            self._caller_gone()
        ended = await self._over
        self.channel.at_hangup.remove(self._caller_gone)
        return ended

    def ring(self, operator: Operator) -> None:
        """Offer the caller to an operator."""
        self._operator, self._rung_at = operator, self._clock.now()
        self._start("ring", self._settings.ring_s, self.ring_out)
        self._switch.deliver(OperatorRinging(self.channel.uniqueid, self._queue.name, operator.name))
        operator.ring(self)

    def ring_out(self) -> None:
        """The operator did not answer; the next one is tried after the queue's pause."""
        self._start("retry", self._settings.retry_s, self._retry)
        self._stop_ringing()

    def connect(self) -> None:
        """The operator picked up."""
        operator, now = self._operator, self._clock.now()
        assert operator is not None
        self._answered_at = now
        self._hold_s = self._waited_s()
        ring_s = int(now - self._rung_at)
        self._leave_line()
        self._switch.deliver(CallerLeft(self.channel.uniqueid, self._queue.name))
        member = f"{int(now)}.{self._switch.next_number()}"
        self._queue.log(self, operator.name, "CONNECT", self._hold_s, member, ring_s)
        self._switch.deliver(OperatorConnected(self.channel.uniqueid, self._queue.name, operator.name, self._hold_s))
        self.channel.answer()
        self.channel.variables["MEMBERNAME"] = operator.name  # setinterfacevar = yes
        self.channel.note("talked", operator.name)
        self.channel.caller.talking(operator.name)

    def end_talk(self, reason: str) -> None:
        """The talk is over; `reason` is caller, agent or transfer."""
        operator = self._operator
        assert operator is not None
        assert self._answered_at is not None
        talk_s = int(self._clock.now()) - int(self._answered_at)
        self._operator = None
        verb = _ENDED_BY[reason]
        where = () if reason != "transfer" else (self.channel.going_to, "ivr-transfer-in")
        self._queue.log(self, operator.name, verb, *where, self._hold_s, talk_s, self.first_position)
        self._switch.deliver(TalkEnded(self.channel.uniqueid, self._queue.name, operator.name, self._hold_s, talk_s, reason))
        operator.let_go(self._settings.wrap_up_s)
        self._over.callback(Exit.TALKED)

    def run_empty(self) -> None:
        """No operator is there any more."""
        self._leave_line()
        self._queue.log(self, NOBODY, "EXITEMPTY", self._position, self.first_position, self._waited_s())
        self._over.callback(Exit.LEAVEEMPTY)

    def leave(self, ended: Exit, *, continues: bool) -> int:
        """Set what Queue() leaves behind in the channel's variables; its return code."""
        variables = self.channel.variables
        if ended is not Exit.TALKED:
            variables["ABANDONED"] = "TRUE"
            self._switch.deliver(CallerLeft(self.channel.uniqueid, self._queue.name))
            variables.update(QUEUEWAIT=str(self._waited_s()), ANSWEREDTIME="0")
        else:
            # True seconds rounded down, unlike the ledger's, which subtracts whole clock seconds (seen on Asterisk 22).
            talked = int(self._clock.now() - (self._answered_at or 0))
            variables.update(QUEUEWAIT=str(self._hold_s), ANSWEREDTIME=str(talked))
        if ended is Exit.ABANDONED:
            return -1
        if ended is Exit.TALKED and self.channel.going_to:
            variables["ANSWEREDTIME"] = "0"  # as on Asterisk, which no longer knows the talk
            return -1
        if ended is Exit.TALKED and not continues:
            self.channel.hang_up("operator")
            return -1
        variables["QUEUESTATUS"] = ended.value
        return 0

    def _retry(self) -> None:
        self._timers.pop("retry", None)
        self._queue.dispatch()

    def _expire(self) -> None:
        self._leave_line()
        self._stop_ringing()
        self._queue.log(self, NOBODY, "EXITWITHTIMEOUT", self._position, self.first_position, self._waited_s())
        self._over.callback(Exit.TIMEOUT)

    def _caller_gone(self) -> None:
        if self._answered_at is not None:
            self.end_talk("transfer" if self.channel.going_to else "caller")
            return
        self._leave_line()
        if operator := self._operator:
            self._operator = None
            self._queue.log(self, operator.name, "RINGCANCELED", self._rung_ms())
            operator.let_go()
        self._queue.log(self, NOBODY, "ABANDON", self._position, self.first_position, self._waited_s())
        self._over.callback(Exit.ABANDONED)

    def _stop_ringing(self) -> None:
        if operator := self._operator:
            self._operator = None
            self._cancel("ring")
            self._queue.log(self, operator.name, "RINGNOANSWER", self._rung_ms())
            self._switch.deliver(OperatorSilent(self.channel.uniqueid, self._queue.name, operator.name))
            operator.let_go()

    def _leave_line(self) -> None:
        """No longer among those who wait, from this moment on."""
        self._position = self._queue.waiting.index(self) + 1
        self._queue.waiting.remove(self)
        for name in tuple(self._timers):
            self._cancel(name)

    def _waited_s(self) -> int:
        return int(self._clock.now()) - int(self._joined_at)

    def _rung_ms(self) -> int:
        return round((self._clock.now() - self._rung_at) * 1000)

    def _start(self, name: str, seconds: float, then: object) -> None:
        assert callable(then)
        self._timers[name] = self._clock.callLater(seconds, then)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer and timer.active():
            timer.cancel()
