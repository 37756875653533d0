"""The contacts that are open now, each with what the engine must know at once: where it stands and who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.events import (
    Cause,
    ContactEnded,
    LineChosen,
    OperatorAnswered,
    QueueEntered,
    QueueLeft,
    QueueStatus,
)
from ivr_engine.records.outcome import OutcomeFold
from ivr_engine.routing.talk import Talk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ivr_engine.dialogue.runner import Progress
    from ivr_engine.events import Event
    from ivr_engine.records.spool import Spool
    from ivr_engine.routing.feed import Feed


class Book:
    """Takes every fact: into the spool first (then it is acknowledged), then to those who look on."""

    def __init__(self, spool: Spool, feed: Feed) -> None:
        self._spool, self._feed = spool, feed

    def record(self, event: Event) -> None:
        """Never raises; one write to the disk, no wait for the database."""
        self._spool.append(event)
        self._feed.publish(event)


class Destination(NamedTuple):
    """Where an operator sends a caller: to the operators of a line, or from there to a body of the settings. `talk_s`: how long
    they had talked; the exchange counts on until the caller is gone."""

    operator: str
    line: str
    talk_s: int
    body: str = ""


class Contact:
    """An open contact. Its `record` is the journal of its dialogue.

    `lost` is None while a FastAGI session carries the call; otherwise it says why none does, and the call is followed by the
    live view and the ledger until its true end. `left_at` is when its last stay in a queue was over (0: none was); `queue_end`
    what the ledger says of the present stay's end, for the case that no session records it.
    """

    __slots__ = (
        "_book",
        "answered_at",
        "channel",
        "ended",
        "fold",
        "going_to",
        "id",
        "left_at",
        "line",
        "lost",
        "number",
        "operator",
        "progress",
        "queue",
        "queue_end",
        "queued_at",
        "talk",
    )

    def __init__(
        self,
        book: Book,
        contact: str,
        channel: str,
        line: str,
        number: str = "",
        *,
        lost: Cause | None = None,
        fold: OutcomeFold | None = None,
    ) -> None:
        self._book = book
        self.id, self.channel, self.line, self.number = contact, channel, line, number
        self.progress: Progress | None = None
        self.fold = fold or OutcomeFold()
        self.lost = lost
        self.queue = ""
        self.queued_at = self.left_at = 0.0
        self.queue_end: QueueLeft | None = None
        self.answered_at, self.operator = 0.0, ""
        """Since when an operator talks to the caller, and who."""
        self.ended = False
        self.going_to: Destination | None = None
        """Set from an operator's transfer until the call has come back to the engine with it."""
        self.talk = Talk()

    @property
    def answered(self) -> bool:
        """Whether an operator has, in the present queue."""
        return self.answered_at > 0

    def record(self, event: Event) -> None:
        """Take a fact about this contact: keep what matters now, and write it down."""
        match event:
            case LineChosen():
                self.line = event.line
            case QueueEntered():
                self.queue, self.queued_at, self.talk, self.queue_end = event.queue, event.at, Talk(), None
                self.answered_at, self.operator = 0.0, ""
            case OperatorAnswered():
                self.answered_at, self.operator = event.at, event.operator
            case QueueLeft():
                if event.status is QueueStatus.ANSWERED and not self.answered:
                    # The live view missed it (a gap, or it is slower than a very short talk): the case must open all the same.
                    answered_at = event.at - event.talk_s
                    self.record(OperatorAnswered(self.id, answered_at, event.queue, event.operator))
                self.queue, self.operator, self.left_at = "", "", event.at
            case ContactEnded():
                self.ended = True
        self.fold.apply(event)
        self._book.record(event)

    def sent_on(self, at: float) -> None:
        """Its operator sent the caller on from a talk that had outlived its session, which else writes down how it went."""
        assert self.going_to is not None
        self.record(self._stay(at, self.going_to.talk_s, self.going_to.operator))

    def displaced(self, at: float, share: float) -> None:
        """Another call has its channel by now: whoever talked to the caller sent them on by telephone. The ledger's word on that
        talk comes too late, as it goes by the channel."""
        assert self.lost is not None
        if self.queue and self.answered and self.queue_end is None:
            self.queue_end = self._stay(at, max(0, round(at - self.answered_at)), self.operator)
        self.end(self.lost, at, share)

    def end(self, cause: Cause, at: float, share: float) -> None:
        """The contact was over at that instant: its outcome follows from what was recorded."""
        if self.queue:
            # Of a stay whose end nobody told, as the exchange died: without it the caller would seem to have been answered, or to
            # have hung up, at once. How long they talked is not known, and not made up.
            self.record(self.queue_end or self._stay(at, 0, self.operator))
        self.record(ContactEnded(self.id, at, cause, self.fold.outcome(share)))

    def _stay(self, at: float, talk_s: int, operator: str) -> QueueLeft:
        """How the present stay in a queue went, ended at that instant: the wait is what is known here."""
        status = QueueStatus.ANSWERED if self.answered or talk_s else QueueStatus.ABANDONED
        waited = max(0, round((self.answered_at or at) - self.queued_at))
        return QueueLeft(self.id, at, self.queue, status, waited, talk_s, operator=operator)


class OpenContacts:
    """All open contacts, by the exchange's channel."""

    def __init__(self) -> None:
        self._by_channel: dict[str, Contact] = {}
        self._own: set[str] | None = set()

    def add(self, contact: Contact) -> Contact | None:
        """A call arrived, or is followed from now on; the followed one it takes the channel from, which must be ended."""
        if self._own is not None:
            self._own.add(contact.id)
        before = self._by_channel.get(contact.channel)
        self._by_channel[contact.channel] = contact
        return before if before is not None and before.lost is not None else None

    def take_up(self, left: Iterable[Contact]) -> list[Contact]:
        """Follow what an earlier engine left open, once; those whose channel another call has already, which must be ended.

        Contacts of this engine may be among `left`, as they are open too: they are passed over.
        """
        own, self._own = self._own or set(), None
        others = [contact for contact in left if contact.id not in own]
        for contact in others:
            self._by_channel.setdefault(contact.channel, contact)
        return [contact for contact in others if self._by_channel[contact.channel] is not contact]

    def remove(self, contact: Contact) -> None:
        """It is over."""
        if self._by_channel.get(contact.channel) is contact:
            del self._by_channel[contact.channel]

    def on(self, channel: str) -> Contact | None:
        """The open contact on that channel."""
        return self._by_channel.get(channel)

    def everybody(self) -> tuple[Contact, ...]:
        """All that are open."""
        return tuple(self._by_channel.values())

    def get(self, contact: str) -> Contact | None:
        """The open contact of that id."""
        return next((one for one in self._by_channel.values() if one.id == contact), None)

    def lost(self) -> list[Contact]:
        """Those that no session carries."""
        return [contact for contact in self._by_channel.values() if contact.lost is not None]

    def in_self_service(self) -> int:
        """How many are in menus now: carried by a session, and in no queue."""
        return sum(1 for contact in self._by_channel.values() if contact.lost is None and not contact.queue)

    def __len__(self) -> int:
        return len(self._by_channel)
