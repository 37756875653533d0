"""Operators who work in the console: what each does now, kept in step with the queues of the exchange.

away --sit_down--> pause --ready--> ready --rung--> ringing --answered--> busy --over--> wrap-up --filed--> ready (or pause)
A telephone that rang out brings a pause (no answer): nobody else may wait for an empty chair. The pause is taken back when it
was not the operator's time that was up but the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ivr_engine.exchange.interface import (
    TIME_UP_S,
    WRAP_UP,
    CallerLeft,
    ChannelGone,
    LinkUp,
    Member,
    OperatorConnected,
    OperatorRinging,
    OperatorSilent,
    TalkEnded,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.clock import Clock
    from ivr_engine.exchange.interface import Sign

SIGNED_IN, NO_ANSWER, DISCONNECTED = "signed-in", "no-answer", "disconnected"
"""Reasons of pauses that nobody chose."""
REASONS = ("break", "training", "meeting", "back-office", "technical")
"""Those an operator may choose."""


class State(StrEnum):
    """What an operator does now."""

    AWAY = "away"
    READY = "ready"
    RINGING = "ringing"
    BUSY = "busy"
    WRAP_UP = "wrap_up"
    PAUSE = "pause"


ON_A_CALL = frozenset({State.RINGING, State.BUSY})


@dataclass(frozen=True, slots=True)
class Seat:
    """An operator's place. `since`: seconds since 1970 UTC; `reason` of a pause; `channel` of the call that rings, was
    not answered, is talked to or is written up ("" for none); `afterwards`: the pause that is wanted after it ("" for none)."""

    name: str
    phone: str
    queues: tuple[str, ...]
    state: State
    since: float
    reason: str = ""
    channel: str = ""
    afterwards: str = ""


class Changes:
    """Whoever looks on at the operators' states."""

    def __init__(self) -> None:
        self._lookers: list[Callable[[Seat], None]] = []

    def subscribe(self, looker: Callable[[Seat], None]) -> None:
        """Be told of every change from now on."""
        self._lookers.append(looker)

    def tell(self, seat: Seat) -> None:
        """One changed."""
        for looker in self._lookers:
            looker(seat)


class Operators:
    """`staff` tells the exchange, `changed` whoever looks on; both are called in the reactor's thread and must not fail."""

    def __init__(self, clock: Clock, staff: Callable[[Member], None], changed: Callable[[Seat], None]) -> None:
        self._clock, self._staff, self._changed = clock, staff, changed
        self._seats: dict[str, Seat] = {}

    def everybody(self) -> tuple[Seat, ...]:
        """All who sit at a desk, by name."""
        return tuple(seat for _name, seat in sorted(self._seats.items()))

    def seat(self, name: str) -> Seat | None:
        """That operator's, if they sit at one."""
        return self._seats.get(name)

    def sit_down(self, name: str, phone: str, queues: tuple[str, ...]) -> Seat:
        """Their desk is open: paused until they say that they are ready. Nothing when they sit there already, unless they were
        given another telephone or other queues."""
        seat = self._seats.get(name)
        if seat is not None and (seat.phone, seat.queues) != (phone, queues) and seat.state in {State.PAUSE, State.READY}:
            self.leave(name)
        if name not in self._seats:
            self._put(Seat(name, phone, queues, State.PAUSE, self._clock.now(), SIGNED_IN))
        return self._seats[name]

    def ready(self, name: str) -> None:
        """Calls may come. During one: afterwards they may."""
        seat = self._seats.get(name)
        if seat is None:
            return
        if seat.state in ON_A_CALL:
            self._put(replace(seat, afterwards=""))
        else:
            self._become(seat, State.READY)

    def pause(self, name: str, reason: str) -> None:
        """No calls for a while; during one, or while it is written up, afterwards."""
        seat = self._seats.get(name)
        if seat is None:
            return
        if seat.state in {*ON_A_CALL, State.WRAP_UP}:
            self._put(replace(seat, afterwards=reason))
        else:
            self._become(seat, State.PAUSE, reason=reason)

    def filed(self, name: str) -> None:
        """The call is written up."""
        seat = self._seats.get(name)
        if seat is not None and seat.state is State.WRAP_UP:
            self._go_on(seat)

    def transferred(self, name: str) -> None:
        """The caller was sent on: the talk is over for this operator, whatever the exchange will say of it."""
        seat = self._seats.get(name)
        if seat is not None and seat.state is State.BUSY:
            self._become(seat, State.WRAP_UP, channel=seat.channel)

    def leave(self, name: str) -> None:
        """Nobody sits there any more."""
        seat = self._seats.pop(name, None)
        if seat is not None:
            self._staff(Member(name, seat.phone, seat.queues, ready=False, there=False))
            self._changed(replace(seat, state=State.AWAY, since=self._clock.now(), channel=""))

    def take(self, sign: Sign) -> None:
        """One sign of the live view."""
        match sign:
            case OperatorRinging() if seat := self._seats.get(sign.operator):
                self._become(seat, State.RINGING, channel=sign.channel)
            case OperatorConnected() if seat := self._seats.get(sign.operator):
                self._become(seat, State.BUSY, channel=sign.channel)
            case OperatorSilent() if seat := self._seats.get(sign.operator):
                self._become(seat, State.PAUSE, reason=seat.afterwards or NO_ANSWER, channel=sign.channel)
            case TalkEnded() if (seat := self._seats.get(sign.operator)) and seat.channel == sign.channel:
                # Asterisk tells of a talk that was sent on only when the caller is gone for good.
                if seat.state is State.BUSY:
                    self._become(seat, State.WRAP_UP, channel=sign.channel)
            case CallerLeft() | ChannelGone():
                self._caller_gone(sign)
            case LinkUp():
                for seat in self.everybody():
                    self._tell(seat)

    def _caller_gone(self, sign: CallerLeft | ChannelGone) -> None:
        for seat in self.everybody():
            if seat.channel != sign.channel:
                continue
            if seat.state is State.RINGING:
                # Answered calls leave the queue too, a moment before they are said to be answered: only who is gone for good.
                if isinstance(sign, ChannelGone):
                    self._go_on(seat)
            elif seat.state is State.BUSY and isinstance(sign, ChannelGone):
                self._become(seat, State.WRAP_UP, channel=seat.channel)
            elif seat.reason == NO_ANSWER and isinstance(sign, CallerLeft) and self._clock.now() - seat.since < TIME_UP_S:
                self._become(seat, State.READY)

    def _go_on(self, seat: Seat) -> None:
        if seat.afterwards:
            self._become(seat, State.PAUSE, reason=seat.afterwards)
        else:
            self._become(seat, State.READY)

    def _become(self, seat: Seat, state: State, *, reason: str = "", channel: str = "") -> None:
        if (state, reason, channel) == (seat.state, seat.reason, seat.channel):
            return
        afterwards = ""
        if state in {*ON_A_CALL, State.WRAP_UP}:
            # A ring that was on its way when they took a break puts it off.
            wished = seat.reason if seat.state is State.PAUSE and seat.reason not in {SIGNED_IN, NO_ANSWER} else ""
            afterwards = seat.afterwards or wished
        self._put(replace(seat, state=state, since=self._clock.now(), reason=reason, channel=channel, afterwards=afterwards))

    def _put(self, seat: Seat) -> None:
        before = self._seats.get(seat.name)
        self._seats[seat.name] = seat
        # While the telephone rings the queue knows; it is told only when it may have forgotten everything (LinkUp).
        if seat.state is not State.RINGING and (before is None or (before.state, before.reason) != (seat.state, seat.reason)):
            self._tell(seat)
        self._changed(seat)

    def _tell(self, seat: Seat) -> None:
        ready = seat.state in {State.READY, State.RINGING}
        # From the moment of the answer: when the talk is over it is too late to keep the queue from ringing again at once.
        reason = WRAP_UP if seat.state in {State.BUSY, State.WRAP_UP} else seat.reason
        self._staff(Member(seat.name, seat.phone, seat.queues, ready=ready, reason=reason))
