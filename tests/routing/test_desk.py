"""The screen-pop of the operator who is rung."""

from __future__ import annotations

from types import SimpleNamespace

from ivr_engine.dialogue.progress import Progress
from ivr_engine.events import QueueEntered
from ivr_engine.exchange.interface import OperatorRinging
from ivr_engine.routing.contacts import Book, Contact, OpenContacts
from ivr_engine.routing.desk import Desk
from ivr_engine.routing.feed import Feed, ScreenPop
from ivr_engine.testing import ManualClock


def test_codes_are_shown_by_their_last_characters_only() -> None:
    feed, contacts, clock, shown = Feed(), OpenContacts(), ManualClock(), list[object]()
    feed.subscribe(shown.append, operator="op1")
    contact = Contact(Book(SimpleNamespace(append=lambda event: None), feed), "C", "chan-1", "co")  # type: ignore[arg-type]
    contact.progress = Progress("co")
    contact.progress.keep("codice", "1300112000123456", "last4")
    contact.progress.keep("cap", "00187", "none")
    contacts.add(contact)
    contact.record(QueueEntered("C", clock.now(), "co", 0, 300))
    desk = Desk(None, clock, contacts, feed, lambda number: ("", ()))
    desk.take(OperatorRinging(channel="chan-1", queue="co", operator="op1"))
    (pop,) = shown
    assert isinstance(pop, ScreenPop)
    assert pop.inputs == {"codice": "••••••••••••3456", "cap": "00187"}
