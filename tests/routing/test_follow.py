"""Calls that no session carries are followed to their true end, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from ivr_engine.errors import Unavailable
from ivr_engine.events import Cause, ContactStarted, OperatorAnswered, Outcome, QueueEntered, QueueLeft, QueueStatus
from ivr_engine.exchange import ledger
from ivr_engine.exchange.interface import CallerJoined, ChannelGone, Sign, TalkEnded
from ivr_engine.records.spool import Spool
from ivr_engine.records.store import Store
from ivr_engine.routing.contacts import Book, Contact, Destination, OpenContacts
from ivr_engine.routing.feed import Feed
from ivr_engine.routing.follow import BLIND_GRACE_S, GRACE_S, Follower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ivr_engine.records.contacts import ContactRow, OpenContact

CHANNEL = "1700000000.7"
EVERY_S = 5.0


class Reactor(Clock):
    """A clock whose threads run at once."""

    def getThreadPool(self) -> Reactor:  # noqa: N802 - Twisted's name
        return self

    def callInThreadWithCallback(self, done: Callable[..., Any], work: Callable[..., Any], *args: Any) -> None:  # noqa: N802
        try:
            result = work(*args)
        except Unavailable:
            done(False, Failure())
        else:
            done(True, result)

    def callFromThread(self, function: Callable[..., Any], *args: Any) -> None:  # noqa: N802 - Twisted's name
        function(*args)


class Switch:
    """The exchange at the edge: a set of channels and a real queue_log. `when_asked` happens while it says who lives; `asked` and
    `read` count how often it was, and its ledger."""

    name = "asterisk"

    def __init__(self, log: Path) -> None:
        self.log, self.alive, self.away, self.unreadable = log, set[str](), False, False
        self.asked = self.read = 0
        self.when_asked: Callable[[], object] = lambda: None

    async def live_channels(self) -> frozenset[str]:
        self.asked += 1
        if self.away:
            raise Unavailable("away")
        alive = frozenset(self.alive)
        self.when_asked()
        return alive

    def ledger(self, position: str) -> Any:
        self.read += 1
        if self.unreadable:
            raise Unavailable("unreadable")
        return ledger.read(self.log, position)

    def ledger_recent(self) -> Any:
        return ledger.recent(self.log)

    def ledger_end(self) -> str:
        return ledger.end(self.log)

    def write(self, channel: str, *fields: str, at: int = 1700000100, queue: str = "lavoro") -> None:
        with self.log.open("a") as out:
            out.write("|".join((str(at), channel, queue, *fields)) + "\n")


class SlowStore:
    """The real store, which does not say what is open while it is locked."""

    def __init__(self, store: Store) -> None:
        self._store, self.locked = store, False

    def ledger_position(self) -> str | None:
        return self._store.ledger_position()

    def save_ledger_position(self, position: str) -> None:
        self._store.save_ledger_position(position)

    def channels_known(self, channels: Iterable[str]) -> set[str]:
        return self._store.channels_known(channels)

    def left_open(self) -> tuple[OpenContact, ...]:
        if self.locked:
            raise Unavailable("locked")
        return self._store.left_open()


class House:
    """A follower with all it needs; `look` is what its timer does."""

    def __init__(self, folder: Path) -> None:
        self.reactor = Reactor()
        self.switch = Switch(folder / "queue_log")
        self.store = Store(folder / "data")
        self.store.start()
        self.slow = SlowStore(self.store)
        self.contacts = OpenContacts()
        self.book = Book(self.store.spool, Feed())
        self.talking, self.missed = list[Contact](), list[Sign]()
        self.follower = Follower(
            reactor=self.reactor,
            clock=self,
            exchange=self.switch,  # type: ignore[arg-type]
            contacts=self.contacts,
            book=self.book,
            store=self.slow,
            queues={"lavoro": "lavoro"},
            caller_key=self.store.caller_key,
            answer_share=0.8,
            every=EVERY_S,
            talks=self.talking.append,
            missed=self.missed.append,
        )

    def now(self) -> float:
        return 1700000200.0 + self.reactor.seconds()

    def start(self) -> None:
        self.follower.mark_beginning()
        self.follower.start()

    def look(self) -> None:
        self.reactor.advance(EVERY_S)

    def wait(self, seconds: float) -> None:
        self.reactor.pump([0.5] * round(seconds * 2))

    def contact(self, lost: Cause | None) -> Contact:
        contact = Contact(self.book, "C1", CHANNEL, "lavoro", lost=lost)
        contact.record(ContactStarted("C1", 1700000000.0, "lavoro", "800", "asterisk", CHANNEL, "", "anonymous", "it"))
        self.contacts.add(contact)
        return contact

    def waiting(self, lost: Cause | None) -> Contact:
        contact = self.contact(lost)
        contact.record(QueueEntered("C1", 1700000001.0, "lavoro", 0, 300))
        return contact

    def rows(self) -> tuple[ContactRow, ...]:
        assert self.store.writer.flush(5)
        return self.store.contacts.list()

    def journal(self) -> list[str]:
        assert self.store.writer.flush(5)
        file = self.store.contacts.show("C1")
        assert file is not None
        return [entry.kind for entry in file.journal]

    def close(self) -> None:
        self.follower.stop()
        self.store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.switch.write("1600000000.1", "NONE", "ENTERQUEUE", "", "06123", "1")  # before this engine's time
    house.start()
    yield house
    house.close()


# Calls that came past the engine


def test_what_was_before_the_first_start_is_not_read(house: House) -> None:
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "", "1")  # before the first reading, but after the start
    house.look()
    assert [row.channel for row in house.rows()] == [CHANNEL]


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


def test_queues_of_other_departments_are_none_of_our_business(house: House) -> None:
    house.switch.alive = {CHANNEL, "1700000000.8"}
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "+390612345678", "1", queue="anagrafe")
    house.switch.write("1700000000.8", "NONE", "ENTERQUEUE", "", "", "1")
    house.switch.write(CHANNEL, "op9", "COMPLETEAGENT", "3", "9", "1", queue="anagrafe")
    house.look()
    assert [row.channel for row in house.rows()] == ["1700000000.8"]


@pytest.mark.parametrize(("queue", "seen"), [("lavoro", True), ("anagrafe", False)])
def test_a_caller_nobody_knows_is_looked_for_at_once(house: House, queue: str, seen: bool) -> None:
    house.look()
    house.switch.alive = {CHANNEL}
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "", "1", queue=queue)
    before = house.switch.read
    house.follower.take(CallerJoined(CHANNEL, queue, 1))
    assert (house.contacts.on(CHANNEL) is not None, house.switch.read > before) == (seen, seen)


# Calls whose session is lost


def test_a_lost_call_whose_channel_is_gone_ends_as_what_it_was_then(house: House) -> None:
    contact = house.waiting(Cause.ENGINE_LOST)
    house.switch.alive = {CHANNEL}
    house.look()
    house.switch.alive = set()
    house.follower.take(ChannelGone(CHANNEL))
    gone_at = house.now()
    house.wait(GRACE_S - 0.5)
    assert not contact.ended
    house.wait(1)
    (row,) = house.rows()
    assert (row.outcome, row.cause, row.ended_at) == (Outcome.ABANDONED_QUEUE, Cause.ENGINE_LOST, gone_at)
    assert row.wait_s == round(gone_at - 1700000001.0), "they did not hang up at once"


def test_who_waited_long_was_not_answered_at_once_though_nobody_told_how_the_talk_ended(house: House) -> None:
    contact = house.waiting(Cause.ENGINE_LOST)
    contact.record(OperatorAnswered("C1", 1700000091.0, "lavoro", "op1"))
    house.look()
    house.wait(GRACE_S)
    assert house.journal()[-2:] == ["QueueLeft", "ContactEnded"]
    (row,) = house.rows()
    assert (row.outcome, row.wait_s, row.talk_s, row.operator) == (Outcome.ANSWERED, 90, 0, "op1")


def test_talks_that_go_on_are_told_at_every_look_and_their_end_once(house: House) -> None:
    contact = house.waiting(Cause.ENGINE_LOST)
    house.switch.alive = {CHANNEL}
    house.look()
    assert house.talking == [], "it waits"
    house.switch.write(CHANNEL, "op1", "CONNECT", "3", "x", "2")
    house.look()  # reads it
    house.look()
    assert house.talking[-1:] == [contact]
    assert (contact.operator, house.missed) == ("op1", [])
    told = len(house.talking)
    house.switch.alive = set()
    house.switch.write(CHANNEL, "op1", "COMPLETECALLER", "3", "9", "1")
    house.look()
    house.look()
    assert (len(house.talking), house.missed) == (told, [TalkEnded(CHANNEL, "lavoro", "op1", 3, 9, "caller")])


def test_a_caller_sent_on_past_the_engine_waits_anew_and_the_first_talk_counts(house: House) -> None:
    contact = house.waiting(Cause.ENGINE_LOST)
    contact.record(OperatorAnswered("C1", 1700000004.0, "lavoro", "op1"))
    contact.going_to = Destination("op1", "lavoro", 7)
    house.follower.take(CallerJoined(CHANNEL, "lavoro", 1))
    assert (contact.queue, contact.operator, contact.going_to) == ("lavoro", "", None)
    house.follower.take(CallerJoined(CHANNEL, "lavoro", 1))
    contact.record(OperatorAnswered("C1", house.now(), "lavoro", "op2"))
    assert house.journal()[-4:] == ["OperatorAnswered", "QueueLeft", "QueueEntered", "OperatorAnswered"]
    (row,) = house.rows()
    assert (row.wait_s, row.talk_s) == (3, 7)


def test_what_asterisk_writes_after_the_hang_up_counts(house: House) -> None:
    contact = house.waiting(Cause.EXCHANGE_LOST)
    house.look()
    assert not contact.ended
    house.switch.write(CHANNEL, "op1", "CONNECT", "2", "x", "2")
    house.switch.write(CHANNEL, "op1", "COMPLETECALLER", "2", "31", "1")
    house.wait(GRACE_S)
    (row,) = house.rows()
    assert (row.outcome, row.cause, row.talk_s) == (Outcome.ANSWERED, Cause.EXCHANGE_LOST, 31)


def test_the_exchange_is_asked_for_its_channels_only_while_a_call_is_followed(house: House) -> None:
    contact = house.waiting(None)
    house.look()
    assert (house.switch.asked, house.switch.read) == (0, 1)
    contact.lost = Cause.EXCHANGE_LOST
    house.look()
    house.wait(GRACE_S)
    assert contact.ended
    asked = house.switch.asked
    house.look()
    assert house.switch.asked == asked


def test_a_call_that_is_lost_while_the_exchange_is_asked_is_not_taken_for_gone(house: House) -> None:
    other = "1700000000.6"
    house.contacts.add(Contact(house.book, "C0", other, "lavoro", lost=Cause.ENGINE_LOST))
    house.switch.alive = {other}
    house.switch.when_asked = lambda: house.waiting(Cause.EXCHANGE_LOST)  # after the exchange has listed the living
    house.look()
    (timer,) = house.reactor.getDelayedCalls()
    assert timer.getTime() - house.reactor.seconds() == EVERY_S, "else the channel would be thought gone"


def test_a_ledger_that_cannot_be_read_keeps_no_call_open_for_ever(house: House) -> None:
    contact = house.waiting(Cause.ENGINE_LOST)
    house.switch.unreadable = True
    house.look()
    house.wait(BLIND_GRACE_S - 1)
    assert not contact.ended
    house.wait(GRACE_S + 1)
    assert contact.ended


def test_while_the_exchange_cannot_be_asked_nobody_is_declared_gone_but_the_ledger_counts(house: House) -> None:
    contact = house.contact(Cause.ENGINE_LOST)
    house.switch.away = True
    house.look()
    house.wait(GRACE_S * 2)
    assert not contact.ended
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "", "1")
    house.switch.write(CHANNEL, "NONE", "ABANDON", "1", "1", "4")
    house.look()
    assert (contact.ended, house.rows()[0].outcome) == (True, Outcome.ABANDONED_QUEUE)


# What a session carries, or has carried


def told(contact: Contact, house: House) -> Any:
    settled: list[Any] = []
    Deferred.fromCoroutine(contact.talk.settled(house.reactor, lambda: None)).addCallback(settled.append)
    return settled[0]


def test_what_a_session_carries_is_the_sessions_but_for_the_seconds(house: House) -> None:
    contact = house.waiting(None)
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "", "1")
    house.switch.write(CHANNEL, "op2", "COMPLETECALLER", "2", "31", "1")
    house.look()
    assert not contact.ended
    assert house.journal() == ["ContactStarted", "QueueEntered"]
    sign = told(contact, house)
    assert (sign.hold_s, sign.talk_s, sign.operator) == (2, 31, "op2")


def test_an_answer_in_a_gap_of_the_live_view_is_the_ledgers(house: House) -> None:
    contact = house.waiting(None)
    house.switch.write(CHANNEL, "op1", "CONNECT", "3", "x", "2")
    house.look()
    house.look()
    assert (contact.operator, contact.answered) == ("op1", True)
    assert house.talking == [contact]
    assert house.journal()[-1] == "OperatorAnswered"


def test_the_talk_before_on_the_same_channel_is_not_the_callers_present_one(house: House) -> None:
    """An operator sent the caller on by telephone to a number of the same queue, before the ledger was read."""
    contact = house.contact(None)
    contact.record(QueueEntered("C1", 1700000105.6, "lavoro", 0, 300))
    house.switch.write(CHANNEL, "op1", "CONNECT", "1", "x", "1", at=1700000098)
    house.switch.write(CHANNEL, "op1", "BLINDTRANSFER", "800196001", "out", "1", "3", "1", at=1700000101)
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "", "1", at=1700000105)
    house.look()
    assert house.journal() == ["ContactStarted", "QueueEntered"], "nobody has answered yet"
    house.switch.write(CHANNEL, "op2", "COMPLETECALLER", "2", "31", "1", at=1700000138)
    house.look()
    sign = told(contact, house)
    assert (sign.hold_s, sign.talk_s, sign.operator) == (2, 31, "op2")


def test_a_session_that_breaks_before_it_says_how_the_queue_ended_loses_nothing(house: House) -> None:
    contact = house.waiting(None)
    house.switch.write(CHANNEL, "op2", "COMPLETECALLER", "2", "31", "1")
    house.look()
    contact.lost = Cause.EXCHANGE_LOST
    house.look()
    house.wait(GRACE_S)
    (row,) = house.rows()
    assert (row.outcome, row.wait_s, row.talk_s, row.operator) == (Outcome.ANSWERED, 2, 31, "op2")


@pytest.mark.parametrize("restarted", [False, True])
def test_seconds_the_session_recorded_are_not_counted_again(house: House, tmp_path: Path, restarted: bool) -> None:
    contact = house.waiting(None)
    contact.record(QueueLeft("C1", 1700000100.4, "lavoro", QueueStatus.ANSWERED, 2, 31))
    house.switch.alive = {CHANNEL}
    house.switch.write(CHANNEL, "NONE", "ENTERQUEUE", "", "", "1", at=1700000067)
    house.switch.write(CHANNEL, "op2", "CONNECT", "2", "x", "1", at=1700000069)
    house.switch.write(CHANNEL, "op2", "COMPLETECALLER", "2", "31", "1", at=1700000100)
    contact.lost = Cause.EXCHANGE_LOST
    if restarted:
        house.close()
        house = House(tmp_path)
        house.switch.alive = {CHANNEL}
        house.start()
    house.look()
    house.look()
    (row,) = house.rows()
    assert (row.ended_at, row.wait_s, row.talk_s) == (None, 2, 31)
    assert house.journal() == ["ContactStarted", "QueueEntered", "OperatorAnswered", "QueueLeft"]
    if restarted:
        house.close()


# What an earlier engine left


def test_nothing_is_read_until_what_an_earlier_engine_left_is_taken_up(house: House, tmp_path: Path) -> None:
    house.waiting(None)
    house.close()
    again = House(tmp_path)
    again.slow.locked = True
    again.start()
    again.switch.alive = {CHANNEL, "1700000000.8"}
    own = Contact(again.book, "C2", "1700000000.8", "lavoro")
    own.record(ContactStarted("C2", 1700000000.0, "lavoro", "800", "asterisk", "1700000000.8", "", "anonymous", "it"))
    again.contacts.add(own)
    again.switch.write(CHANNEL, "NONE", "ABANDON", "1", "1", "4")
    again.look()
    assert [row.ended_at for row in again.rows()] == [None, None]
    again.slow.locked = False
    again.look()
    rows = {row.id: (row.outcome, row.cause, row.wait_s) for row in again.rows()}
    assert rows == {"C1": (Outcome.ABANDONED_QUEUE, Cause.ENGINE_LOST, 4), "C2": (None, None, 0)}
    assert (own.lost, again.contacts.on("1700000000.8")) == (None, own), "this engine's own call is left in peace"
    again.close()


def test_a_caller_sent_on_after_asking_is_not_back_with_the_first_operator_at_a_new_start(house: House, tmp_path: Path) -> None:
    """Queue() goes on as long as the second talk, and the session with it; the ledger's word on the first is read long before."""
    contact = house.waiting(None)
    contact.record(OperatorAnswered("C1", 1700000004.0, "lavoro", "op1"))
    house.switch.alive = {CHANNEL}
    house.switch.write(CHANNEL, "op1", "ATTENDEDTRANSFER", "BRIDGE", "b83b1280", "3", "9", "1", at=1700000013)
    house.look()
    assert house.rows()[0].ended_at is None
    house.close()
    again = House(tmp_path)
    again.switch.alive = {CHANNEL}
    again.start()
    again.look()
    (row,) = again.rows()
    assert (row.outcome, row.cause, row.wait_s, row.talk_s, row.operator) == (Outcome.ANSWERED, Cause.ENGINE_LOST, 3, 9, "op1")
    assert again.talking == [], "nobody's desk gets a caller who is with somebody else"
    again.close()


def test_a_channel_another_call_has_by_now_ends_the_one_before(house: House) -> None:
    first = house.waiting(Cause.ENGINE_LOST)
    second = Contact(house.book, "C2", CHANNEL, "lavoro")
    assert house.contacts.add(second) is first
    assert house.contacts.add(Contact(house.book, "C3", CHANNEL, "lavoro")) is None, "a session ends its own contact"


def test_a_place_is_not_kept_while_the_disk_takes_no_events(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _line: bytes) -> int:
        raise OSError(28, "No space left on device")

    before = house.store.ledger_position()
    spool = Spool(tmp_path / "full", write=full)
    spool.append(QueueEntered("C1", 1.0, "lavoro", 0, 0))
    with monkeypatch.context() as patched:
        patched.setattr(house.store, "spool", spool)
        house.switch.write("NONE", "NONE", "ADDMEMBER", "")
        house.look()
        assert house.store.ledger_position() == before
    house.look()
    assert house.store.ledger_position() == house.switch.ledger_end()
