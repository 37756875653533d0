"""The screen-pop of the operator who is rung, and what the journal says of those who did not answer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock

from ivr_engine.dialogue.progress import Progress
from ivr_engine.events import Cause, Event, OperatorAnswered, OperatorMissed, QueueEntered, QueueLeft, QueueStatus
from ivr_engine.exchange.interface import TIME_UP_S, CallerLeft, OperatorConnected, OperatorRinging, OperatorSilent, TalkEnded
from ivr_engine.exchange.virtual.clock import RealClock
from ivr_engine.routing.contacts import Book, Contact, Destination, OpenContacts
from ivr_engine.routing.desk import Desk
from ivr_engine.routing.feed import Feed, ScreenPop
from ivr_engine.routing.operators import Operators, Seat, State


class House:
    """A caller in the queue co, the journal, and the desk; op1 looks on at what is `shown`."""

    def __init__(self) -> None:
        self.journal, self.shown = list[Event](), list[object]()
        self.reactor, feed, contacts = Clock(), Feed(), OpenContacts()
        feed.subscribe(self.shown.append, operator="op1")
        clock = RealClock(self.reactor, 1000.0)
        spool = SimpleNamespace(append=self.journal.append)
        self.contact = Contact(Book(spool, feed), "C", "chan-1", "co")  # type: ignore[arg-type]
        contacts.add(self.contact)
        self.contact.record(QueueEntered("C", clock.now(), "co", 0, 300))
        self.operators = Operators(clock, lambda _member: None, lambda _seat: None)
        self.desk = Desk(None, clock, contacts, feed, lambda number: ("", ()), self.operators)

    def missed(self) -> list[OperatorMissed]:
        return [event for event in self.journal if isinstance(event, OperatorMissed)]


@pytest.fixture
def house() -> House:
    return House()


def test_codes_are_shown_by_their_last_characters_only(house: House) -> None:
    house.contact.progress = Progress("co")
    house.contact.progress.keep("codice", "1300112000123456", "last4")
    house.contact.progress.keep("cap", "00187", "none")
    house.desk.take(OperatorRinging(channel="chan-1", queue="co", operator="op1"))
    (pop,) = house.shown
    assert isinstance(pop, ScreenPop)
    assert pop.inputs == {"codice": "••••••••••••3456", "cap": "00187"}


def test_whoever_answers_is_shown_the_call_though_the_ring_was_missed_and_once_a_stay(house: House) -> None:
    house.desk.take(OperatorConnected("chan-1", "co", "op1", 0))
    assert [type(shown) for shown in house.shown] == [ScreenPop]
    house.desk.take(OperatorConnected("chan-1", "co", "op1", 0))
    assert len(house.shown) == 1
    house.contact.record(QueueLeft("C", 1020.0, "co", QueueStatus.ANSWERED, 5, 15))
    house.contact.record(QueueEntered("C", 1021.0, "co", 0, 300))
    house.desk.take(OperatorRinging("chan-1", "co", "op1"))
    house.desk.take(OperatorConnected("chan-1", "co", "op1", 0))
    assert len(house.shown) == 2, "sent on, it came to the same operator again"


def test_an_operator_who_did_not_answer_is_written_down_with_the_time_of_it(house: House) -> None:
    house.reactor.advance(15)
    house.desk.take(OperatorSilent("chan-1", "co", "op1"))
    house.reactor.advance(TIME_UP_S)
    assert house.missed() == [OperatorMissed("C", 1015.0, "co", "op1")]


def test_nobody_missed_a_caller_whose_time_was_up(house: House) -> None:
    house.desk.take(OperatorSilent("chan-1", "co", "op1"))
    house.contact.record(QueueLeft("C", 1000.0, "co", QueueStatus.TIMEOUT, 300, 0))  # the session knows it first
    house.desk.take(CallerLeft("chan-1", "co"))
    house.reactor.advance(60)
    assert house.missed() == []


@pytest.fixture
def talking(house: House) -> House:
    """op1 answered after 15 seconds; then the engine was started anew."""
    house.reactor.advance(15)
    house.contact.record(OperatorAnswered("C", 1015.0, "co", "op1"))
    house.contact.lost = Cause.ENGINE_LOST
    return house


def seat(house: House) -> Seat:
    found = house.operators.seat("op1")
    assert found is not None
    return found


def test_who_still_talks_when_a_new_engine_looks_has_the_call_back_in_hand(talking: House) -> None:
    talking.desk.talks(talking.contact)
    assert talking.shown == [], "nobody sits at the desk yet"
    talking.operators.sit_down("op1", "PJSIP/op1", ("co",))
    talking.reactor.advance(60)
    talking.desk.talks(talking.contact)
    assert (seat(talking).state, seat(talking).channel, seat(talking).afterwards) == (State.BUSY, "chan-1", "")
    (pop,) = talking.shown
    assert isinstance(pop, ScreenPop)
    assert (pop.contact, pop.queue, pop.waited_s) == ("C", "co", 15)
    talking.desk.talks(talking.contact)
    assert len(talking.shown) == 1, "once is enough"


def test_a_break_that_was_wished_for_meanwhile_comes_after_the_talk(talking: House) -> None:
    talking.operators.sit_down("op1", "PJSIP/op1", ("co",))
    talking.operators.pause("op1", "break")
    talking.desk.talks(talking.contact)
    assert (seat(talking).state, seat(talking).afterwards) == (State.BUSY, "break")


def test_whose_answer_was_missed_is_not_left_ringing(talking: House) -> None:
    talking.operators.sit_down("op1", "PJSIP/op1", ("co",))
    talking.operators.ready("op1")
    talking.operators.take(OperatorRinging("chan-1", "co", "op1"))
    talking.desk.talks(talking.contact)
    assert seat(talking).state is State.BUSY


def test_a_talk_that_is_over_or_sent_on_comes_back_to_nobody(talking: House) -> None:
    talking.operators.sit_down("op1", "PJSIP/op1", ("co",))
    talking.contact.going_to = Destination("op1", "co", 5)
    talking.desk.talks(talking.contact)
    talking.contact.going_to = None
    talking.desk.take(TalkEnded("chan-1", "co", "op1", 15, 5, "caller"))
    talking.desk.talks(talking.contact)
    assert (seat(talking).state, talking.shown) == (State.PAUSE, [])
