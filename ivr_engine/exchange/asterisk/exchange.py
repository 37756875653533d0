"""A real Asterisk behind the exchange's interface: its manager, connected to again and again, and its queue_log."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import structlog

from ivr_engine.errors import Unavailable
from ivr_engine.exchange import ledger
from ivr_engine.exchange.asterisk.link import AsteriskSettings, Link, Owner
from ivr_engine.exchange.asterisk.members import ALREADY_SO, staff_actions, staffed
from ivr_engine.exchange.asterisk.signs import queue_state
from ivr_engine.exchange.interface import LinkDown, LinkUp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ivr_engine.exchange.interface import LedgerEntry, Member, QueueState, Sign

__all__ = ["AsteriskExchange", "AsteriskSettings"]

log = structlog.get_logger()


class _State(Enum):
    STOPPED = "stopped"
    CONNECTING = "connecting"
    UP = "up"
    WAITING = "waiting"  # for the time of the next attempt


class AsteriskExchange:
    """Asterisk as the engine sees it. `chance()` gives numbers from 0 to 1, to spread the attempts of several engines.

    stopped --start--> connecting --up--> up --lost--> waiting --time--> connecting …
                       connecting --lost--> waiting;   any --stop--> stopped
    Every attempt has a link of its own; what an earlier link still has to say is not heard.
    """

    name = "asterisk"
    by_hand = False  # operators have telephones

    def __init__(self, reactor: Any, settings: AsteriskSettings, chance: Callable[[], float]) -> None:
        self._reactor, self._settings, self._chance = reactor, settings, chance
        self._state = _State.STOPPED
        self._deliver: Callable[[Sign], None] = _nobody
        self._owner = Owner(self._on_up, self._on_sign, self._on_lost)
        self._link: Link | None = None
        self._retry: Any = None
        self._attempts = 0  # in a row that came to nothing

    def start(self, deliver: Callable[[Sign], None]) -> None:
        """Begin to connect and to deliver; LinkUp tells when it works, LinkDown when it does not (once until it does)."""
        assert self._state is _State.STOPPED, "started twice"
        self._deliver = deliver
        self._attempts = 0
        self._connect()

    async def stop(self) -> None:
        """Deliver no more and let go of the connection; back when its threads have ended."""
        self._state = _State.STOPPED
        self._deliver = _nobody
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        link, self._link = self._link, None
        if link is not None:
            link.close()
            await link.ended

    async def live_channels(self) -> frozenset[str]:
        """Ids of all channels that exist now. Raises Unavailable when the link is down or breaks meanwhile."""
        rows = await self._up().rows("CoreShowChannels")
        return frozenset(row["Uniqueid"] for row in rows)

    async def queue_state(self, queue: str) -> QueueState | None:
        """How a queue stands now; None when there is none of that name. Raises Unavailable, as live_channels does."""
        return queue_state(await self._up().rows("QueueStatus", queue), queue)

    async def staff(self, member: Member) -> None:
        """Make the queues' membership so. Members written in queues.conf stay there, and are paused. Raises Unavailable."""
        await self._up().do(*staff_actions(member), allowed=ALREADY_SO)

    async def staffed(self) -> Sequence[Member]:
        """Whom `staff` brought into queues, by this engine or an earlier one, and who is there still. Raises Unavailable."""
        return staffed(await self._up().rows("QueueStatus"))

    async def redirect(self, channel: str, line: str) -> None:
        """Take a caller out of their talk, back to the engine on that line. Raises Unavailable."""
        link = self._up()
        rows = await link.rows("CoreShowChannels")
        name = next((row["Channel"] for row in rows if row["Uniqueid"] == channel), None)
        if name is None:
            raise Unavailable("the caller has gone")
        await link.do({"Action": "Redirect", "Channel": name, "Context": "ivr-transfer-in", "Exten": line, "Priority": "1"})

    def answer(self, operator: str) -> bool:  # noqa: ARG002 - the telephone does that
        """Nothing: the telephone does that."""
        return False

    def hang_up(self, operator: str) -> bool:  # noqa: ARG002 - the telephone does that
        """Nothing: the telephone does that."""
        return False

    def _up(self) -> Link:
        if self._state is not _State.UP or self._link is None:
            raise Unavailable("Asterisk's manager is not connected")
        return self._link

    def ledger(self, position: str) -> tuple[Sequence[LedgerEntry], str]:
        """What queue_log holds after `position`, and the position after it. Blocks. Raises Unavailable."""
        return ledger.read(self._settings.queue_log, position)

    def ledger_recent(self) -> Sequence[LedgerEntry]:
        """The last entries of queue_log. Blocks. Raises Unavailable."""
        return ledger.recent(self._settings.queue_log)

    def ledger_end(self) -> str:
        """The position after all that queue_log holds now. Blocks. Raises Unavailable."""
        return ledger.end(self._settings.queue_log)

    def _connect(self) -> None:
        self._state = _State.CONNECTING
        self._link = Link(self._reactor, self._settings, self._owner)
        self._link.start()

    def _on_up(self, link: Link) -> None:
        if link is not self._link:
            return
        self._state, self._attempts = _State.UP, 0
        log.info("connected to Asterisk", host=self._settings.host, port=self._settings.port)
        self._deliver(LinkUp())

    def _on_sign(self, link: Link, sign: Sign) -> None:
        if link is self._link:
            self._deliver(sign)

    def _on_lost(self, link: Link, why: str) -> None:
        if link is not self._link:
            return
        self._state, self._link = _State.WAITING, None
        wait = min(self._settings.retry_first * 2**self._attempts, self._settings.retry_most) * (0.5 + self._chance() / 2)
        log.warning("no connection to Asterisk", why=why, next_attempt_s=round(wait, 2))
        self._retry = self._reactor.callLater(wait, self._connect)
        self._attempts += 1
        if self._attempts == 1:
            self._deliver(LinkDown(why))


def _nobody(_sign: Sign) -> None:
    """Nobody listens before start and after stop."""
