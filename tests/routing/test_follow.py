"""Calls that no session carries are followed to their true end, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.task import Clock

from ivr_engine.errors import Unavailable
from ivr_engine.events import Cause, ContactStarted, Outcome, QueueEntered
from ivr_engine.exchange import ledger
from ivr_engine.exchange.interface import ChannelGone
from ivr_engine.records.store import Store
from ivr_engine.routing.contacts import Book, Contact, OpenContacts
from ivr_engine.routing.feed import Feed
from ivr_engine.routing.follow import Follower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ivr_engine.records.contacts import ContactRow

CHANNEL = "1700000000.7"


class Reactor(Clock):
    """A clock whose threads run at once."""

    def getThreadPool(self) -> Reactor:  # noqa: N802 - Twisted's name
        return self

    def callInThreadWithCallback(self, done: Callable[..., Any], work: Callable[..., Any], *args: Any) -> None:  # noqa: N802
        try:
            result = work(*args)
        except Unavailable:
            from twisted.python.failure import Failure

            done(False, Failure())
        else:
            done(True, result)

    def callFromThread(self, function: Callable[..., Any], *args: Any) -> None:  # noqa: N802 - Twisted's name
        function(*args)


class Switch:
    """The exchange at the edge: a set of channels and a real queue_log."""

    name = "asterisk"

    def __init__(self, log: Path) -> None:
        self.log, self.alive, self.away = log, set[str](), False

    async def live_channels(self) -> frozenset[str]:
        if self.away:
            raise Unavailable("away")
        return frozenset(self.alive)

    def ledger(self, position: str) -> Any:
        return ledger.read(self.log, position)

    def write(self, channel: str, *fields: str) -> None:
        with self.log.open("a") as out:
            out.write("|".join(("1700000100", channel, "lavoro", *fields)) + "\n")


class House:
    """A follower with all it needs; `look` is what its timer does."""

    def __init__(self, folder: Path) -> None:
        self.reactor = Reactor()
        self.switch = Switch(folder / "queue_log")
        self.store = Store(folder / "data")
        self.store.start()
        self.contacts = OpenContacts()
        self.book = Book(self.store.spool, Feed())
        self.follower = Follower(
            reactor=self.reactor,
            clock=self,
            exchange=self.switch,  # type: ignore[arg-type]
            contacts=self.contacts,
            book=self.book,
            store=self.store,
            queues={"lavoro": "lavoro"},
            caller_key=self.store.caller_key,
            answer_share=0.8,
            every=5,
        )
        self.follower.start()

    def now(self) -> float:
        return 1700000200.0

    def look(self) -> None:
        self.reactor.advance(5)

    def contact(self, lost: Cause | None) -> Contact:
        contact = Contact(self.book, "C1", CHANNEL, "lavoro", lost=lost)
        contact.record(ContactStarted("C1", 1700000000.0, "lavoro", "800", "asterisk", CHANNEL, "", "anonymous", "it"))
        self.contacts.add(contact)
        return contact

    def rows(self) -> tuple[ContactRow, ...]:
        assert self.store.writer.flush(5)
        return self.store.contacts.list()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.switch.write("1600000000.1", "NONE", "ENTERQUEUE", "", "06123", "1")  # before this engine's time
    house.look()
    yield house
    house.follower.stop()
    house.store.close()


def test_the_first_reading_ever_skips_what_was_before(house: House) -> None:
    house.look()
    assert house.rows() == ()


@pytest.mark.parametrize(
    ("verbs", "outcome", "seconds"),
    [
        ([("op1", "CONNECT", "3", "x", "2"), ("op1", "COMPLETEAGENT", "3", "9", "1")], Outcome.ANSWERED, (3, 9)),
        ([("NONE", "ABANDON", "1", "1", "7")], Outcome.ABANDONED_QUEUE, (7, 0)),
        ([("NONE", "EXITWITHTIMEOUT", "1", "1", "20")], Outcome.TIMED_OUT, (20, 0)),
        ([("NONE", "EXITEMPTY", "1", "1", "5")], Outcome.NO_OPERATORS, (5, 0)),
    ],
)
def test_a_call_that_came_past_the_engine_is_a_contact_once(
    house: House, verbs: list[tuple[str, ...]], outcome: Outcome, seconds: tuple[int, int]
) -> None:
    house.switch.alive = {CHANNEL}
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "+390612345678", "1")
    house.look()
    assert [row.ended_at for row in house.rows()] == [None]
    for verb in verbs:
        house.switch.write(CHANNEL, *verb)
    house.switch.alive = set()
    for _ in range(3):
        house.look()
    (row,) = house.rows()
    assert (row.outcome, row.cause, row.line) == (outcome, Cause.BYPASSED, "lavoro")
    assert (row.wait_s, row.talk_s) == seconds
    assert len(house.contacts) == 0


def test_a_lost_call_whose_channel_is_gone_ends_as_what_it_was(house: House) -> None:
    contact = house.contact(Cause.ENGINE_LOST)
    contact.record(QueueEntered("C1", 1700000001.0, "lavoro", 0, 300))
    house.switch.alive = {CHANNEL}
    house.look()
    assert not contact.ended
    house.switch.alive = set()
    house.follower.take(ChannelGone(CHANNEL))
    (row,) = house.rows()
    assert (row.outcome, row.cause) == (Outcome.ABANDONED_QUEUE, Cause.ENGINE_LOST)


def test_while_the_exchange_cannot_be_asked_nobody_is_declared_gone_but_the_ledger_counts(house: House) -> None:
    contact = house.contact(Cause.ENGINE_LOST)
    house.switch.away = True
    house.look()
    assert not contact.ended
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "", "1")
    house.switch.write(CHANNEL, "NONE", "ABANDON", "1", "1", "4")
    house.look()
    assert (contact.ended, house.rows()[0].outcome) == (True, Outcome.ABANDONED_QUEUE)


def test_what_a_session_carries_is_the_sessions_but_for_the_seconds(house: House) -> None:
    contact = house.contact(None)
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "", "1")
    house.switch.write(CHANNEL, "op2", "COMPLETECALLER", "2", "31", "1")
    house.look()
    assert not contact.ended
    assert [entry.kind for entry in house.store.contacts.show("C1").journal] == ["ContactStarted"]  # type: ignore[union-attr]
    settled: list[Any] = []

    async def ask() -> None:
        settled.append(await contact.talk.settled(house.reactor, lambda: None))

    from twisted.internet.defer import Deferred

    Deferred.fromCoroutine(ask())
    assert (settled[0].hold_s, settled[0].talk_s, settled[0].operator) == (2, 31, "op2")
