"""What the live view says of operators becomes facts of the contact, and the screen-pop of the operator who is rung."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from ivr_engine.events import OperatorAnswered, OperatorMissed, OperatorRang
from ivr_engine.exchange.interface import (
    TIME_UP_S,
    CallerLeft,
    OperatorConnected,
    OperatorRinging,
    OperatorSilent,
    TalkEnded,
)
from ivr_engine.routing.feed import OpenCase, ScreenPop
from ivr_engine.routing.operators import ON_A_CALL, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ivr_engine.exchange.interface import Sign
    from ivr_engine.exchange.virtual.clock import ExchangeClock, Timer
    from ivr_engine.routing.contacts import Contact, OpenContacts
    from ivr_engine.routing.feed import Feed
    from ivr_engine.routing.operators import Operators

log = structlog.get_logger()

_STORE_LIMIT = 1.0  # seconds a screen-pop waits for the open cases: ringing lasts a few


class Desk:
    """`look_up(number)` gives the citizen's name and open cases; it blocks and runs in a thread."""

    def __init__(
        self,
        reactor: Any,
        clock: ExchangeClock,
        contacts: OpenContacts,
        feed: Feed,
        look_up: Callable[[str], tuple[str, Sequence[OpenCase]]],
        operators: Operators,
    ) -> None:
        self._reactor, self._clock, self._contacts, self._feed, self._look_up = reactor, clock, contacts, feed, look_up
        self._operators = operators
        self._shown: dict[str, tuple[str, float]] = {}
        """What each operator was shown last: the contact, and since when it was in the queue (it may come to them twice)."""
        self._silent: dict[OperatorSilent, Timer] = {}

    def take(self, sign: Sign) -> None:
        """One sign of the live view, in the reactor's thread. Signs of calls that are over, or unknown, are none of ours."""
        if isinstance(sign, CallerLeft):
            self._time_up(sign)
        if not isinstance(sign, OperatorRinging | OperatorConnected | OperatorSilent | TalkEnded):
            return
        contact = self._contacts.on(sign.channel)
        if contact is None or contact.ended or not contact.queue:
            return
        now = self._clock.now()
        match sign:
            case OperatorRinging():
                contact.record(OperatorRang(contact.id, now, sign.queue, sign.operator))
                self._show(contact, sign.operator, now)
            case OperatorSilent():
                self._silent[sign] = self._clock.callLater(TIME_UP_S, self._missed, contact, sign, now)
            case TalkEnded() if sign.queue == contact.queue:
                contact.talk.told(sign)
            case OperatorConnected():
                if not contact.answered:
                    contact.record(OperatorAnswered(contact.id, now, sign.queue, sign.operator))
                self._show_once(contact, sign.operator, now)  # the ring may have been missed

    def talks(self, contact: Contact) -> None:
        """A caller whom an operator talks to, though no session carries the call: whoever is at their desk again, after a new
        start of the engine, has the call back in hand. A pause they had wished for comes after it."""
        seat = self._operators.seat(contact.operator)
        if seat is None or contact.talk.over or contact.going_to is not None:
            return
        if seat.state not in {State.PAUSE, State.READY} and not (seat.state in ON_A_CALL and seat.channel == contact.channel):
            return
        self._operators.take(OperatorConnected(contact.channel, contact.queue, seat.name, 0))
        self._show_once(contact, seat.name, self._clock.now())

    def _show_once(self, contact: Contact, operator: str, now: float) -> None:
        if self._shown.get(operator) != (contact.id, contact.queued_at):
            self._show(contact, operator, now)

    def _show(self, contact: Contact, operator: str, now: float) -> None:
        self._shown[operator] = contact.id, contact.queued_at
        Deferred.fromCoroutine(self._pop(contact, operator, contact.queue, now)).addErrback(
            lambda failure: log.error("screen-pop failed", contact=contact.id, error=str(failure.value))
        )

    def _missed(self, contact: Contact, sign: OperatorSilent, at: float) -> None:
        self._silent.pop(sign, None)
        if not contact.ended:
            contact.record(OperatorMissed(contact.id, at, sign.queue, sign.operator))

    def _time_up(self, sign: CallerLeft) -> None:
        """The telephones that were silent just now had no time to ring out."""
        for silent in [one for one in self._silent if one.channel == sign.channel]:
            self._silent.pop(silent).cancel()

    async def _pop(self, contact: Contact, operator: str, queue: str, now: float) -> None:
        citizen, cases = "", None
        if contact.number:
            citizen, cases = await self._known(contact.number)
        progress = contact.progress
        self._feed.publish(
            ScreenPop(
                contact=contact.id,
                at=now,
                operator=operator,
                queue=queue,
                line=contact.line,
                number=contact.number,
                citizen=citizen,
                waited_s=max(0, round((contact.answered_at or now) - contact.queued_at)),
                path=tuple(progress.path) if progress else (),
                inputs=dict(progress.shown) if progress else {},
                facts=dict(progress.facts) if progress else {},
                topic=progress.topic if progress else "",
                open_cases=cases,
                said=tuple(progress.said) if progress else (),
            )
        )

    async def _known(self, number: str) -> tuple[str, tuple[OpenCase, ...] | None]:
        asked: Deferred[Any] = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._look_up, number)
        asked.addTimeout(_STORE_LIMIT, self._reactor)
        try:
            citizen, cases = await asked
        except Exception as error:  # noqa: BLE001 - whatever ails the store, the operator's card must show
            log.warning("open cases unknown", error=repr(error))
            return "", None
        return citizen, tuple(cases)
