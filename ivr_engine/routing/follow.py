"""Follow the calls that no session carries: through the live view and the exchange's ledger, to their true end.

Such calls are those of an engine that died, of a FastAGI connection that broke, and those the dialplan served without the
engine. The ledger is read on from a stored place, so what happened in a gap, or while no engine ran, is found afterwards.
Before the first reading, what an earlier engine left open is taken up from the store: until that works nothing is read, as
nobody would know whose entries those are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from ivr_engine.errors import Unavailable
from ivr_engine.events import (
    Cause,
    ContactStarted,
    OperatorAnswered,
    PrivateNoted,
    QueueEntered,
    QueueLeft,
    QueueStatus,
    new_contact_id,
)
from ivr_engine.exchange.interface import CallerJoined, ChannelGone, LinkUp, TalkEnded
from ivr_engine.exchange.ledger import closing
from ivr_engine.records.citizens import caller_of
from ivr_engine.routing.contacts import Contact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ivr_engine.clock import Clock
    from ivr_engine.exchange.interface import Exchange, LedgerEntry, Sign
    from ivr_engine.records.contacts import OpenContact
    from ivr_engine.routing.contacts import Book, OpenContacts

log = structlog.get_logger()

ENTRY, CONNECT = "ENTERQUEUE", "CONNECT"

GRACE_S = 3.0
"""Seconds a call is not ended after its channel was seen gone: Asterisk may write its last entry after the hang-up."""
BLIND_GRACE_S = 60.0
"""The same while the ledger cannot be read: it may be readable again soon, but a call must not stay open for ever."""


class FollowStore(Protocol):
    """Where the reader's place is kept, and what contacts there were; all of it blocks, and may raise Unavailable."""

    def ledger_position(self) -> str | None:
        """The stored place; None when the ledger was never read."""

    def save_ledger_position(self, position: str) -> None:
        """Keep it, after everything acknowledged so far."""

    def channels_known(self, channels: Iterable[str]) -> set[str]:
        """Those of the channels that have a contact, everything acknowledged so far included."""

    def left_open(self) -> Sequence[OpenContact]:
        """Contacts without an end, everything acknowledged so far included."""


class _Reading(NamedTuple):
    entries: Sequence[LedgerEntry]
    position: str
    moved: bool
    strangers: frozenset[str]


class _Gone(NamedTuple):
    """A channel seen gone: `at` on the calls' clock, `since` on the reactor's."""

    at: float
    since: float


class Follower:
    """`queues`: queue → the line it belongs to, for calls that came past the engine; other queues are none of its business.
    `talks` is told of each followed call that an operator talks to, again at every look; `missed` of how talks ended, which the
    live view may not have seen."""

    def __init__(
        self,
        *,
        reactor: Any,
        clock: Clock,
        exchange: Exchange,
        contacts: OpenContacts,
        book: Book,
        store: FollowStore,
        queues: Mapping[str, str],
        caller_key: Callable[[str], str],
        answer_share: float,
        every: float,
        talks: Callable[[Contact], None],
        missed: Callable[[Sign], None],
    ) -> None:
        self._reactor, self._clock, self._exchange, self._contacts = reactor, clock, exchange, contacts
        self._book, self._store, self._queues, self._caller_key = book, store, queues, caller_key
        self._share, self._every, self._talks, self._missed = answer_share, every, talks, missed
        self._timer: Any = None
        self._gone: dict[str, _Gone] = {}
        self._checking = self._again = self._stopped = self._taken_up = False

    def mark_beginning(self) -> None:
        """Before the first call ever: what the ledger holds now is not this engine's. Blocks."""
        try:
            if self._store.ledger_position() is None:
                self._store.save_ledger_position(self._exchange.ledger_end())
        except Unavailable as error:
            log.warning("the queue ledger is read from its first reading on, not from now", why=error.message)

    def start(self) -> None:
        """Look from now on, every so often."""
        self._later()

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def take(self, sign: Sign) -> None:
        """A sign of the live view: what touches a followed call is looked into at once."""
        match sign:
            case LinkUp():
                self.look()
            case ChannelGone():
                contact = self._contacts.on(sign.channel)
                if contact is not None and contact.lost is not None:
                    self.look()
            case CallerJoined():
                self._joined(sign)

    def _joined(self, sign: CallerJoined) -> None:
        contact = self._contacts.on(sign.channel)
        if contact is None:
            if sign.queue in self._queues:  # it came past the engine; the ledger will say so
                self.look()
        elif contact.lost is not None and not (contact.queue and contact.going_to is None):
            now = self._clock.now()
            if contact.queue:  # it was sent on, and the engine did not take it: the dialplan did
                contact.sent_on(now)
                contact.going_to = None
            contact.record(QueueEntered(contact.id, now, sign.queue, 0, 0))

    def look(self) -> None:
        """Compare with the exchange and its ledger now (once more afterwards, if asked meanwhile)."""
        if self._stopped:
            return
        if self._checking:
            self._again = True
            return
        self._checking = True
        Deferred.fromCoroutine(self._check()).addErrback(
            lambda failure: log.error("following calls failed", error=failure.getErrorMessage())
        ).addBoth(self._checked)

    def _checked(self, _result: object) -> None:
        self._checking = False
        if self._again:
            self._again = False
            self.look()
        else:
            self._later()

    def _later(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if not self._stopped:
            wait = min(self._every, GRACE_S) if self._gone else self._every
            self._timer = self._reactor.callLater(wait, self.look)

    async def _check(self) -> None:
        if not self._taken_up and not await self._take_up():
            return
        # First who is followed, then who lives: a call that is followed only from then on may have begun after that look.
        followed = self._contacts.lost()
        try:
            alive = await self._exchange.live_channels() if followed else frozenset()
        except Unavailable:
            alive = None  # nobody can be declared gone now, but the ledger can be read all the same
        try:
            reading: _Reading | None = await self._in_thread(self._read)
        except Unavailable as error:
            log.info("the queue ledger cannot be read now", why=error.message)
            reading = None
        if self._stopped:
            return  # the next engine reads it again
        if reading is not None:
            for entry in reading.entries:
                self._enter(entry, stranger=entry.channel in reading.strangers)
        if alive is not None:
            for contact in followed:
                if contact.operator and contact.channel in alive and contact.lost is not None and not contact.ended:
                    self._talks(contact)
            gone = [contact for contact in followed if contact.channel not in alive]
            self._end_gone(gone, BLIND_GRACE_S if reading is None else GRACE_S)
        if reading is not None and reading.moved:
            try:
                await self._in_thread(self._store.save_ledger_position, reading.position)
            except Unavailable as error:
                log.info("what was read of the queue ledger will be read again", why=error.message)

    async def _take_up(self) -> bool:
        """Contacts an earlier engine left open, to be followed from now on; False when the store cannot say now."""
        try:
            left: Sequence[OpenContact] = await self._in_thread(self._store.left_open)
        except Unavailable as error:
            log.warning("calls of an earlier engine cannot be taken up now", why=error.message)
            return False
        self._taken_up = True
        for displaced in self._contacts.take_up(self._left(contact) for contact in left):
            displaced.displaced(self._clock.now(), self._share)
        if followed := len(self._contacts.lost()):
            log.info("calls of an earlier engine are followed to their end", contacts=followed)
        await self._told_before()
        return True

    async def _told_before(self) -> None:
        """The earlier engine may have read how a stay ended, but left the word to the session that died with it: a caller whom an
        operator has sent on after asking is with somebody else for as long as that talk lasts."""
        queueing = {contact.channel for contact in self._contacts.lost() if contact.queue}
        if not queueing:
            return
        try:
            entries: Sequence[LedgerEntry] = await self._in_thread(self._exchange.ledger_recent)
        except Unavailable as error:
            log.info("the queue ledger cannot be read now", why=error.message)
            return
        for entry in entries:
            if entry.channel in queueing and closing(entry) is not None:
                self._enter(entry, stranger=False)

    def _left(self, left: OpenContact) -> Contact:
        contact = Contact(self._book, left.id, left.channel, left.line, left.number, lost=Cause.ENGINE_LOST, fold=left.fold)
        contact.queue, contact.queued_at, contact.left_at = left.queue, left.queued_at, left.left_at
        contact.answered_at, contact.operator = left.answered_at, left.operator
        return contact

    def _end_gone(self, gone: Sequence[Contact], grace_s: float) -> None:
        now = _Gone(self._clock.now(), self._reactor.seconds())
        self._gone = {contact.id: self._gone.get(contact.id, now) for contact in gone if not contact.ended}
        for contact in gone:
            seen = self._gone.get(contact.id)
            if seen is not None and now.since - seen.since >= grace_s:
                del self._gone[contact.id]
                self._end(contact, seen.at)
                self._missed(ChannelGone(contact.channel))

    def _in_thread(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *args)

    def _read(self) -> _Reading:
        position = self._store.ledger_position()
        if position is None:  # its beginning could not be marked at the start
            return _Reading((), self._exchange.ledger_end(), moved=True, strangers=frozenset())
        entries, after = self._exchange.ledger(position)
        entered = {entry.channel for entry in entries if entry.verb == ENTRY and entry.queue in self._queues}
        strangers = frozenset(entered - self._store.channels_known(entered)) if entered else frozenset()
        return _Reading(entries, after, moved=after != position, strangers=strangers)

    def _enter(self, entry: LedgerEntry, *, stranger: bool) -> None:
        contact = self._contacts.on(entry.channel)
        if contact is None and stranger and entry.verb == ENTRY and entry.queue in self._queues:
            contact = self._bypassed(entry)
        if contact is None or entry.at <= contact.left_at:
            return  # over, or of a stay that is over
        if contact.queue and entry.at < int(contact.queued_at):
            return  # of an earlier call on this channel: an operator sent the caller on by telephone, and they are back already
        if contact.lost is None:
            if entry.verb == CONNECT and entry.queue == contact.queue and not contact.answered:
                # The live view missed it, in a gap: else their desk would ring through the whole talk.
                contact.record(OperatorAnswered(contact.id, entry.at, entry.queue, entry.operator))
                self._talks(contact)
            self._tell_end(contact, entry)
        elif entry.verb == ENTRY and not contact.queue:
            contact.record(QueueEntered(contact.id, entry.at, entry.queue, 0, 0))
        elif entry.verb == CONNECT and contact.queue and not contact.answered:
            contact.record(OperatorAnswered(contact.id, entry.at, entry.queue, entry.operator))
        elif contact.queue and closing(entry) is not None:
            self._tell_end(contact, entry)
            self._end(contact, entry.at)

    def _tell_end(self, contact: Contact, entry: LedgerEntry) -> None:
        """How its stay ended. A session knows that itself, and takes but a talk's seconds and its operator from the ledger; the
        whole is kept should it break before it says so."""
        closed = closing(entry)
        if closed is None or entry.queue != contact.queue:
            return
        seconds = closed.wait_s, closed.talk_s
        contact.queue_end = QueueLeft(contact.id, entry.at, entry.queue, closed.status, *seconds, "queue_log", entry.operator)
        if closed.status is QueueStatus.ANSWERED:
            reason = "agent" if closed.by_operator else "caller"
            ended = TalkEnded(entry.channel, entry.queue, entry.operator, *seconds, reason)
            contact.talk.told(ended)
            self._missed(ended)

    def _bypassed(self, entry: LedgerEntry) -> Contact:
        caller = caller_of("|".join(entry.data[1:-1]))
        line = self._queues[entry.queue]
        contact = Contact(self._book, new_contact_id(entry.at), entry.channel, line, caller.number or "", lost=Cause.BYPASSED)
        self._contacts.add(contact)
        key = self._caller_key(caller.number) if caller.number else ""
        contact.record(ContactStarted(contact.id, entry.at, line, "", self._exchange.name, entry.channel, key, caller.kind, "it"))
        if caller.number:
            contact.record(PrivateNoted(contact.id, entry.at, "number", caller.number))
        return contact

    def _end(self, contact: Contact, at: float) -> None:
        assert contact.lost is not None
        contact.end(contact.lost, at, self._share)
        self._contacts.remove(contact)
