"""What each operator has in hand: the call that rings, is talked to or is written up, until it is filed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from ivr_engine.events import OperatorAnswered, ScreenPopShown
from ivr_engine.records import case_work, users
from ivr_engine.records.cases import CaseTouched
from ivr_engine.routing.feed import ScreenPop
from ivr_engine.routing.operators import DISCONNECTED, State

if TYPE_CHECKING:
    import sqlite3
    from concurrent.futures import Future

    from ivr_engine.console.live import Tab
    from ivr_engine.console.visit import Office
    from ivr_engine.records.users import User
    from ivr_engine.routing.feed import Notice
    from ivr_engine.routing.operators import Seat

log = structlog.get_logger()

GRACE_S, LEFT_S = 60.0, 600.0
"""Seconds without a browser after which an operator is paused, and after which their place is given up."""
_IN_HAND = frozenset({State.RINGING, State.BUSY, State.WRAP_UP})


@dataclass(slots=True)
class Card:
    """A screen-pop and what was done with it. `rang`: on the reactor's clock; `given`: (line, article) of the answers read aloud;
    `filed`: the disposition is there already."""

    pop: ScreenPop
    channel: str
    rang: float
    answered: bool = False
    note: str = ""
    subject: str = ""
    filed: bool = False
    shown: bool = False
    shown_to_audit: bool = False
    given: set[tuple[str, str]] = field(default_factory=set)


class Cards:
    """All of them. Browsers are told to look again whenever something of theirs has changed."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._cards: dict[str, Card] = {}
        self._rang: dict[str, float] = {}
        self._leaving: dict[str, Any] = {}
        office.feed.subscribe(self._notice)
        office.operator_changes.subscribe(self._changed)
        office.link.changed = self._linked
        office.live.listen("pop-shown", self._shown)
        office.live.on_person = self._person

    def of(self, seat: Seat | None) -> Card | None:
        """What that operator has in hand."""
        card = self._cards.get(seat.name) if seat is not None else None
        return card if seat is not None and card is not None and seat.state in _IN_HAND and card.channel == seat.channel else None

    def sit_down(self, user: User) -> Seat | None:
        """The operator's place; None for somebody who serves no queue."""
        virtual = self._office.settings.virtual.operators if self._office.exchange.by_hand else {}
        queues = user.queues or tuple(queue for queue, names in virtual.items() if user.name in names)
        if not queues:
            return None
        return self._office.operators.sit_down(user.name, user.phone or user.name, queues)

    def filed(self, name: str) -> None:
        """The case is written up; the next call may come as soon as this one is over."""
        seat = self._office.operators.seat(name)
        card = self.of(seat)
        if seat is None or card is None:
            return
        card.filed = True
        if seat.state is State.WRAP_UP:
            self._office.operators.filed(name)
        else:
            self._tell(name)

    def keep_note(self, name: str, card: Card) -> None:
        """What an operator typed and has not filed goes into the case, which stays open; as soon as the store can be written, so
        that the next caller does not wait for that."""
        if not card.note or card.filed:
            return
        note, now = card.note, self._office.clock.now()

        def keep(connection: sqlite3.Connection) -> None:
            case = case_work.of_contact(connection, card.pop.contact, card.pop.line)
            if case is None:
                raise LookupError("the contact has no case")
            case_work.Work(connection, case.number, users.get(connection, name), now, contact=card.pop.contact).note(note)

        def told(kept: Future[None]) -> None:
            if not kept.cancelled() and (error := kept.exception()) is not None:
                log.error("a note is lost", contact=card.pop.contact, why=str(error))

        self._office.store.writer.submit("keep a note", keep).add_done_callback(told)

    def stop(self) -> None:
        """No more timers; what is being typed is kept."""
        for name, card in self._cards.items():
            self.keep_note(name, card)
        for timer in self._leaving.values():
            if timer.active():
                timer.cancel()

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, ScreenPop):
            contact, seat = self._office.contacts.get(notice.contact), self._office.operators.seat(notice.operator)
            if contact is None or seat is None or seat.channel != contact.channel:
                return
            rang = self._rang.get(notice.operator, self._office.reactor.seconds())
            self._cards[notice.operator] = Card(notice, contact.channel, rang, answered=seat.state is not State.RINGING)
            self._tell(notice.operator)
        elif isinstance(notice, CaseTouched):
            for name in [name for name, card in self._cards.items() if card.pop.contact == notice.contact]:
                self._tell(name)  # its number and its subject can be shown now
        elif isinstance(notice, OperatorAnswered):
            card = self._cards.get(notice.operator)
            if card is not None and card.pop.contact == notice.contact:
                card.answered = True

    def _changed(self, seat: Seat) -> None:
        if seat.state is State.RINGING:
            self._rang[seat.name] = self._office.reactor.seconds()
            return  # the screen-pop follows at once, with all that is to be shown
        card = self._cards.get(seat.name)
        if seat.state not in _IN_HAND:
            if card is not None and seat.state is State.AWAY:  # their browser never came back
                self.keep_note(seat.name, card)
            self._cards.pop(seat.name, None)
        elif seat.state is State.WRAP_UP and (card is None or card.filed or card.channel != seat.channel):
            # Nothing is left to be written up; in the next turn, as this one is still telling everybody.
            self._office.reactor.callLater(0, self._office.operators.filed, seat.name)
        self._tell(seat.name)

    def _linked(self) -> None:
        for seat in self._office.operators.everybody():
            self._tell(seat.name)

    def _tell(self, name: str) -> None:
        self._office.live.tell(name, "desk")

    def _shown(self, tab: Tab, message: dict[str, Any]) -> None:
        card = self._cards.get(tab.user.name)
        contact = self._office.contacts.get(str(message.get("contact", "")))
        if card is None or card.shown or contact is None or card.pop.contact != contact.id:
            return
        card.shown = True
        took = round((self._office.reactor.seconds() - card.rang) * 1000)
        contact.record(ScreenPopShown(contact.id, self._office.clock.now(), tab.user.name, took))

    def _person(self, name: str, there: bool) -> None:
        timer = self._leaving.pop(name, None)
        if timer is not None and timer.active():
            timer.cancel()
        if not there and self._office.operators.seat(name) is not None:
            self._leaving[name] = self._office.reactor.callLater(GRACE_S, self._disconnected, name)

    def _disconnected(self, name: str) -> None:
        self._office.operators.pause(name, DISCONNECTED)
        self._leaving[name] = self._office.reactor.callLater(LEFT_S - GRACE_S, self._office.operators.leave, name)
