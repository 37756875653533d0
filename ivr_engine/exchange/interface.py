"""One interface for what switches the calls: a real Asterisk or the built-in virtual exchange.

Calls themselves reach the engine over FastAGI from either; this is the live view beside them (who rings, who talks) and
the ledger of what happened while nobody looked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class CallerJoined(Struct, frozen=True):
    """A caller entered a queue. `channel` is the caller's own id, the one the FastAGI session names."""

    channel: str
    queue: str
    position: int


class OperatorRinging(Struct, frozen=True):
    channel: str
    queue: str
    operator: str


class OperatorConnected(Struct, frozen=True):
    channel: str
    queue: str
    operator: str
    hold_s: int


TIME_UP_S = 0.5
"""Seconds within which CallerLeft follows an OperatorSilent that only means that the caller's own time was up."""


class OperatorSilent(Struct, frozen=True):
    """The operator's phone rang out; or it rang when the caller's time in the queue was up, which `TIME_UP_S` tells apart."""

    channel: str
    queue: str
    operator: str


class TalkEnded(Struct, frozen=True):
    """`reason`: caller, agent or transfer. Seconds, as the exchange's own ledger has them."""

    channel: str
    queue: str
    operator: str
    hold_s: int
    talk_s: int
    reason: str


class CallerLeft(Struct, frozen=True):
    """A caller left the queue, for whatever reason."""

    channel: str
    queue: str


class ChannelGone(Struct, frozen=True):
    """The caller's channel no longer exists."""

    channel: str


class LinkUp(Struct, frozen=True):
    """The live view works (again): whoever followed calls must compare with `live_channels` and the ledger."""


class LinkDown(Struct, frozen=True):
    """The live view is lost until the next LinkUp; nothing of the gap will be delivered."""

    why: str


Sign: TypeAlias = (
    CallerJoined | OperatorRinging | OperatorConnected | OperatorSilent | TalkEnded | CallerLeft | ChannelGone | LinkUp | LinkDown
)


class LedgerEntry(Struct, frozen=True):
    """One line of the exchange's queue ledger (Asterisk's queue_log): verb and its data fields, as written there."""

    at: float
    channel: str
    queue: str
    operator: str
    verb: str
    data: tuple[str, ...]


class QueueState(Struct, frozen=True):
    """How a queue stands: callers `waiting`, operators `serving` (there, and not on a break: writing up a case is none), of whom
    `free` could be rung."""

    waiting: int
    serving: int
    free: int


WRAP_UP = "wrap-up"
"""The reason of a pause after a talk: whoever writes up the case is not away, and callers go on waiting for them."""


class Member(Struct, frozen=True):
    """An operator as the queues should have them. `phone`: the telephone's address on the exchange (PJSIP/anna); `ready`: may be
    rung, else paused for `reason`; `there`: False takes them out of the queues they need not be in."""

    operator: str
    phone: str
    queues: tuple[str, ...]
    ready: bool
    reason: str = ""
    there: bool = True


class Exchange(Protocol):
    """The live view and the ledger. `deliver` is always called in the reactor's thread."""

    name: str

    def start(self, deliver: Callable[[Sign], None]) -> None:
        """Begin to connect and to deliver; returns at once, LinkUp tells when it works."""

    async def stop(self) -> None:
        """Stop delivering and let go of the connection."""

    async def live_channels(self) -> frozenset[str]:
        """Ids of all channels that exist now. Raises Unavailable when the exchange cannot be asked."""

    async def queue_state(self, queue: str) -> QueueState | None:
        """How a queue stands now; None when there is none of that name. Raises Unavailable."""

    by_hand: bool
    """Whether operators answer and hang up in the console (`answer`, `hang_up`), for want of a telephone."""

    async def staff(self, member: Member) -> None:
        """Make the queues' membership so; done twice it changes nothing. Raises Unavailable."""

    async def staffed(self) -> Sequence[Member]:
        """Whom `staff` brought into queues and who is there still, by an earlier engine too; whoever the exchange's own files put
        there is not among them. Raises Unavailable."""

    async def redirect(self, channel: str, line: str) -> None:
        """Take a caller out of their talk, back to the engine on that line; the session that carried them ends as by a hang-up.
        Raises Unavailable."""

    def answer(self, operator: str) -> bool:
        """The operator picks up; False when nothing rings or the telephone does that itself."""

    def hang_up(self, operator: str) -> bool:
        """The operator ends the talk, or turns a ringing call away; False when there is neither, as with `answer`."""

    def ledger(self, position: str) -> tuple[Sequence[LedgerEntry], str]:
        """Entries after `position` ("" = the beginning) and the position after them. Blocks: call it in a thread."""

    def ledger_recent(self) -> Sequence[LedgerEntry]:
        """The ledger's last entries, of many hours, wherever it was read to. Blocks: call it in a thread."""

    def ledger_end(self) -> str:
        """The position after everything the ledger holds now. Blocks: call it in a thread."""
