"""Follow the calls that no session carries: through the live view and the exchange's ledger, to their true end.

Such calls are those of an engine that died, of a FastAGI connection that broke, and those the dialplan served without the
engine. The ledger is read on from a stored place, so what happened in a gap, or while no engine ran, is found afterwards.
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
from ivr_engine.exchange.ledger import stays
from ivr_engine.records.citizens import caller_of
from ivr_engine.routing.contacts import Contact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ivr_engine.clock import Clock
    from ivr_engine.exchange.interface import Exchange, LedgerEntry, Sign
    from ivr_engine.routing.contacts import Book, OpenContacts

log = structlog.get_logger()

ENTRY, CONNECT = "ENTERQUEUE", "CONNECT"


class LedgerStore(Protocol):
    """Where the reader's place is kept, and which channels had a contact; all of it blocks."""

    def ledger_position(self) -> str | None:
        """The stored place; None when the ledger was never read."""

    def save_ledger_position(self, position: str) -> None:
        """Keep it."""

    def channels_known(self, channels: Iterable[str]) -> set[str]:
        """Those of the channels that have a contact, everything acknowledged so far included. Raises Unavailable."""


class _Reading(NamedTuple):
    entries: Sequence[LedgerEntry]
    position: str
    moved: bool
    strangers: frozenset[str]


class Follower:
    """`queues`: queue → the line it belongs to, for calls that came past the engine."""

    def __init__(
        self,
        *,
        reactor: Any,
        clock: Clock,
        exchange: Exchange,
        contacts: OpenContacts,
        book: Book,
        store: LedgerStore,
        queues: Mapping[str, str],
        caller_key: Callable[[str], str],
        answer_share: float,
        every: float,
    ) -> None:
        self._reactor, self._clock, self._exchange, self._contacts = reactor, clock, exchange, contacts
        self._book, self._store, self._queues, self._caller_key = book, store, queues, caller_key
        self._share, self._every = answer_share, every
        self._timer: Any = None
        self._checking = self._again = self._stopped = False

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
                contact = self._contacts.on(sign.channel)
                if contact is not None and contact.lost is not None and not contact.queue:
                    contact.record(QueueEntered(contact.id, self._clock.now(), sign.queue, 0, 0))

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
            self._timer = self._reactor.callLater(self._every, self.look)

    async def _check(self) -> None:
        # First who lives, then the ledger: a channel gone from the first has written its last entry before the second is read.
        try:
            alive = await self._exchange.live_channels()
        except Unavailable:
            alive = None  # nobody can be declared gone now, but the ledger can be read all the same
        try:
            reading = await self._in_thread(self._read)
        except Unavailable as error:
            log.info("the queue ledger cannot be read now", why=error.message)
            return
        for entry in reading.entries:
            self._enter(entry, stranger=entry.channel in reading.strangers)
        if alive is not None:
            for contact in self._contacts.lost():
                if contact.channel not in alive:
                    self._close(contact, self._clock.now())
        if reading.moved:
            await self._in_thread(self._store.save_ledger_position, reading.position)

    def _in_thread(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *args)

    def _read(self) -> _Reading:
        position = self._store.ledger_position()
        entries, after = self._exchange.ledger(position or "")
        if position is None:  # the first reading ever: what happened before this engine is not its own
            return _Reading((), after, moved=True, strangers=frozenset())
        entered = {entry.channel for entry in entries if entry.verb == ENTRY}
        strangers = frozenset(entered - self._store.channels_known(entered)) if entered else frozenset()
        return _Reading(entries, after, moved=after != position, strangers=strangers)

    def _enter(self, entry: LedgerEntry, *, stranger: bool) -> None:
        contact = self._contacts.on(entry.channel)
        if contact is None and stranger and entry.verb == ENTRY:
            contact = self._bypassed(entry)
        if contact is None:
            return  # over
        if contact.lost is None:
            self._tell_session(contact, entry)
            return
        if entry.verb == ENTRY and not contact.queue:
            contact.record(QueueEntered(contact.id, entry.at, entry.queue, 0, 0))
        elif entry.verb == CONNECT and not contact.answered:
            contact.record(OperatorAnswered(contact.id, entry.at, entry.queue, entry.operator))
        elif (stay := next(iter(stays([entry])), None)) is not None and stay.status is not None:
            contact.record(
                QueueLeft(contact.id, entry.at, entry.queue, stay.status, stay.wait_s, stay.talk_s, "queue_log", entry.operator)
            )
            self._close(contact, entry.at)

    def _tell_session(self, contact: Contact, entry: LedgerEntry) -> None:
        """The session itself knows how the queue ended; only a talk's seconds and its operator it takes from the ledger."""
        stay = next(iter(stays([entry])), None)
        if stay is not None and stay.status is QueueStatus.ANSWERED:
            reason = "agent" if stay.by_operator else "caller"
            contact.talk.told(TalkEnded(entry.channel, entry.queue, entry.operator, stay.wait_s, stay.talk_s, reason))

    def _bypassed(self, entry: LedgerEntry) -> Contact:
        caller = caller_of("|".join(entry.data[1:-1]))
        line = self._queues.get(entry.queue, "")
        contact = Contact(self._book, new_contact_id(entry.at), entry.channel, line, caller.number or "", lost=Cause.BYPASSED)
        self._contacts.add(contact)
        key = self._caller_key(caller.number) if caller.number else ""
        contact.record(ContactStarted(contact.id, entry.at, line, "", self._exchange.name, entry.channel, key, caller.kind, "it"))
        if caller.number:
            contact.record(PrivateNoted(contact.id, entry.at, "number", caller.number))
        return contact

    def _close(self, contact: Contact, at: float) -> None:
        assert contact.lost is not None
        contact.end(contact.lost, at, self._share)
        self._contacts.remove(contact)
