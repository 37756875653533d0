"""The built-in exchange: takes calls, speaks FastAGI to the engine, and does what the shipped dialplan does around it.

A call's way through the dialplan, which does not trust AGISTATUS: the engine's last act is to set IVR_DONE.
- done: the engine finished the call;
- talked: it did not, but the caller has talked to an operator already, and is let go;
- waited: it did not, and the caller has been in a queue in vain: told that all are busy, never queued twice;
- alone: it did not, and the caller goes to the line's queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError

from ivr_engine.agi.client import AgiClient, Introduction
from ivr_engine.agi.variables import IVR_QUEUE
from ivr_engine.errors import Unavailable
from ivr_engine.exchange.interface import WRAP_UP, ChannelGone, LinkUp
from ivr_engine.exchange.virtual.applications import execute
from ivr_engine.exchange.virtual.caller import CallRecord
from ivr_engine.exchange.virtual.channel import Channel
from ivr_engine.exchange.virtual.operators import Operator
from ivr_engine.exchange.virtual.queue import Queue
from ivr_engine.exchange.virtual.queue_log import QueueLog
from ivr_engine.exchange.virtual.session import Session
from ivr_engine.exchange.virtual.settings import OperatorSettings
from ivr_engine.exchange.virtual.switch import Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ivr_engine.exchange.interface import LedgerEntry, Member, QueueState, Sign
    from ivr_engine.exchange.virtual.caller import Caller
    from ivr_engine.exchange.virtual.clock import ExchangeClock
    from ivr_engine.exchange.virtual.settings import VirtualSettings
    from ivr_engine.exchange.virtual.wire import Wires

HOLD_ON, ALL_BUSY = "ivr/core/operator", "ivr/core/busy"  # what the dialplan says by itself
STOP_S = 2.0  # real seconds that calls have to end when the exchange stops

_log = structlog.get_logger()


class VirtualExchange:
    """An exchange.interface.Exchange without an Asterisk.

    `sounds(language, file)` gives a sound's length in milliseconds, or None when it is missing. `clock` is also the
    engine's call clock; sockets keep the reactor's time. `wires` lead to an engine in the same process, without sockets.
    """

    name = "virtual"
    by_hand = True

    def __init__(
        self,
        reactor: Any,
        clock: ExchangeClock,
        settings: VirtualSettings,
        sounds: Callable[[str, str], int | None],
        wires: Wires | None = None,
    ) -> None:
        self._reactor = reactor
        self._wires = wires
        self._settings = settings
        self._clock = clock
        self._queue_log = QueueLog(settings.log_folder, clock)
        self._deliver: Callable[[Sign], None] | None = None
        self._calls: set[Deferred[CallRecord]] = set()
        self._idle: Deferred[None] | None = None  # stop() waits for it
        self._switch = Switch(clock, settings, sounds, self._queue_log, self._tell, reactor)
        for operator in settings.operators:
            self._switch.operators[operator.name] = Operator(operator, clock, self._freed)
        for queue in settings.queues:
            members = [operator for operator in self._switch.operators.values() if queue.name in operator.queues]
            self._switch.queues[queue.name] = Queue(queue, self._switch, members)

    def start(self, deliver: Callable[[Sign], None]) -> None:
        """Begin to deliver; LinkUp comes in the reactor's next turn. Raises Unavailable when queue_log cannot be written."""
        self._deliver = deliver
        self._queue_log.begin()
        self._reactor.callLater(0, self._tell, LinkUp())

    async def stop(self) -> None:
        """Hang up every call, wait a moment for the engine to close its sessions, deliver nothing more."""
        for channel in tuple(self._switch.channels.values()):
            channel.hang_up("exchange")
        if self._calls:
            self._idle = Deferred()
            self._idle.addTimeout(STOP_S, self._reactor, onTimeoutCancel=lambda _result, _seconds: None)
            await self._idle
        self._deliver = None
        self._queue_log.close()

    async def live_channels(self) -> frozenset[str]:
        """Ids of the callers' channels that exist now."""
        return frozenset(self._switch.channels)

    async def queue_state(self, queue: str) -> QueueState | None:
        """How a queue stands now; None when there is none of that name."""
        found = self._switch.queues.get(queue)
        return found.state if found else None

    def ledger(self, position: str) -> tuple[Sequence[LedgerEntry], str]:
        """Entries of queue_log after `position`, and the position after them."""
        return self._queue_log.read(position)

    def ledger_recent(self) -> Sequence[LedgerEntry]:
        """The last entries of queue_log."""
        return self._queue_log.recent()

    def ledger_end(self) -> str:
        """The position after all that queue_log holds now."""
        return self._queue_log.end()

    def dial(self, number: str, caller: Caller) -> Deferred[CallRecord]:
        """Call a number; fires when the call is over, for the engine too. Raises Unavailable when no line has the number."""
        line = self._settings.numbers.get(number)
        if line is None:
            known = ", ".join(sorted(self._settings.numbers)) or "none"
            raise Unavailable(f"no line has the number {number}", f"numbers: {known}")
        channel = Channel(self._switch, number, line, caller)
        self._switch.channels[channel.uniqueid] = channel
        call = Deferred.fromCoroutine(self._call(channel))
        self._calls.add(call)
        call.addBoth(self._forget, call)
        return call

    async def staff(self, member: Member) -> None:
        """Make the queues' membership so. Whoever sits at a desk answers by hand; without them the settings' operators go on by
        themselves."""
        operators = self._switch.operators
        if member.operator not in operators:
            own = OperatorSettings(member.operator, (), available=False)
            operators[member.operator] = Operator(own, self._clock, self._freed)
        operator = operators[member.operator]
        if member.there:
            operator.queues = tuple(dict.fromkeys((*operator.queues, *member.queues)))
            for queue in operator.queues:
                if queue in self._switch.queues:
                    self._switch.queues[queue].add(operator)
            operator.sit_down(available=member.ready or member.reason == WRAP_UP, held=not member.ready)
        else:
            operator.get_up()

    async def staffed(self) -> Sequence[Member]:
        """Nobody of whom the engine would not know: it has no operators that outlive the engine."""
        return ()

    async def redirect(self, channel: str, line: str) -> None:
        """Take a caller out of their talk, back to the engine on that line. Raises Unavailable."""
        found = self._switch.channels.get(channel)
        if found is None or found.gone:
            raise Unavailable("the caller has gone")
        found.redirect(line)

    def answer(self, operator: str) -> bool:
        """The operator picks up; False when nothing rings. Raises Unavailable for an unknown name (so do the next two)."""
        return self._operator(operator).answer()

    def hang_up(self, operator: str) -> bool:
        """The operator ends the talk, or turns a ringing call away; False when there is neither."""
        return self._operator(operator).hang_up()

    def set_available(self, operator: str, available: bool) -> None:
        """The operator comes back to work, or takes a break."""
        self._operator(operator).set_available(available)

    async def _call(self, channel: Channel) -> CallRecord:
        channel.note("dialled", channel.dialled)
        channel.caller.connected(channel)
        try:
            way = await self._dialplan(channel)
            while channel.going_to and not channel.gone:
                channel.line, channel.going_to = channel.going_to, ""
                for variable in ("IVR_DONE", "QUEUESTATUS", "ANSWEREDTIME"):
                    channel.variables[variable] = ""
                way = await self._dialplan(channel)
            if way == "done":
                channel.hang_up("engine")
        finally:
            channel.hang_up("exchange")
            del self._switch.channels[channel.uniqueid]
            self._tell(ChannelGone(channel.uniqueid))
        contact = channel.variables.get("IVR_DONE", "")
        return CallRecord(channel.uniqueid, channel.line, contact, way, channel.ended_by, tuple(channel.moments))

    async def _dialplan(self, channel: Channel) -> str:
        channel.variables["AGISTATUS"] = await self._agi(channel)
        if channel.going_to:
            return "transferred"
        if channel.variables.get("IVR_DONE"):
            return "done"
        if channel.gone:
            return "gone"
        status = channel.variables.get("QUEUESTATUS", "")
        if status == "CONTINUE" or channel.variables.get("ANSWEREDTIME", "") not in ("", "0"):
            return "talked"
        channel.answer()
        if status:
            await execute(channel, "Playback", ALL_BUSY)
            return "waited"
        channel.note("served without the engine")
        if await execute(channel, "Playback", HOLD_ON) == 0:
            queue = channel.variables.get(IVR_QUEUE) or self._settings.line_queues.get(channel.line, "")
            if await execute(channel, "Queue", f"{queue},,,,{self._settings.queue_timeout_s}") == 0:
                await execute(channel, "Playback", ALL_BUSY)
        return "alone"

    async def _agi(self, channel: Channel) -> str:
        settings, session = self._settings, Session(channel)
        introduction = Introduction(
            request=f"agi://{settings.host}:{settings.port}/{channel.line}",
            channel=channel.name,
            uniqueid=channel.uniqueid,
            callerid=channel.number,
            calleridname=channel.caller_name,
            dnid=channel.dialled,
            extension=channel.dialled,
            context="ivr-call",
            language=channel.language,
            type="Virtual",
        )
        client = AgiClient(
            introduction,
            session,
            sighup=channel.variables.get("AGISIGHUP", "").lower() not in ("no", "false", "off", "0"),
            exit_on_hangup=channel.variables.get("AGIEXITONHANGUP", "").lower() in ("yes", "true", "on", "1"),
        )
        try:
            await self._connect(client)
        except (ConnectError, OSError) as error:
            _log.warning("the engine does not answer", channel=channel.uniqueid, reason=str(error))
            channel.note("engine away")
            session.closed("FAILURE")
            return await session.over
        client.transport.setTcpNoDelay(True)  # a reply and the HANGUP after it are two small writes
        channel.at_hangup.append(client.hang_up)
        if channel.gone:
            client.hang_up()
        try:
            return await session.over
        finally:
            channel.at_hangup.remove(client.hang_up)

    async def _connect(self, client: AgiClient) -> None:
        if self._wires is not None:
            if not self._wires.connect(client):
                raise ConnectError
            return
        host, port, limit = self._settings.host, self._settings.port, self._settings.connect_timeout_s
        endpoint = TCP6ClientEndpoint if ":" in host else TCP4ClientEndpoint
        await connectProtocol(endpoint(self._reactor, host, port, limit), client)  # type: ignore[no-untyped-call]

    def _operator(self, name: str) -> Operator:
        if name not in self._switch.operators:
            known = ", ".join(sorted(self._switch.operators)) or "none"
            raise Unavailable(f"no operator is called {name}", f"operators: {known}")
        return self._switch.operators[name]

    def _freed(self, operator: Operator) -> None:
        for queue in operator.queues:
            if queue in self._switch.queues:
                self._switch.queues[queue].dispatch()

    def _tell(self, sign: Sign) -> None:
        if self._deliver:
            self._deliver(sign)

    def _forget(self, outcome: Any, call: Deferred[CallRecord]) -> Any:
        self._calls.discard(call)
        if self._idle and not self._calls and not self._idle.called:
            self._idle.callback(None)
        return outcome
