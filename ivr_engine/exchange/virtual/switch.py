"""What the parts of the built-in exchange share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.exchange.interface import Sign
    from ivr_engine.exchange.virtual.channel import Channel
    from ivr_engine.exchange.virtual.clock import ExchangeClock
    from ivr_engine.exchange.virtual.operators import Operator
    from ivr_engine.exchange.virtual.queue import Queue
    from ivr_engine.exchange.virtual.queue_log import QueueLog
    from ivr_engine.exchange.virtual.settings import VirtualSettings


@dataclass(slots=True)
class Switch:
    """The innards: clock, sounds, channels, queues, operators, database, and where signs go."""

    clock: ExchangeClock
    settings: VirtualSettings
    sounds: Callable[[str, str], int | None]
    queue_log: QueueLog
    deliver: Callable[[Sign], None]
    reactor: Any = None
    """For the sockets of callers who speak."""
    channels: dict[str, Channel] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    database: dict[tuple[str, str], str] = field(default_factory=dict)
    _number: int = 0

    def next_number(self) -> int:
        """A number no channel had before."""
        self._number += 1
        return self._number

    def length_s(self, channel: Channel, file: str) -> float | None:
        """Seconds of a sound in the channel's language; None when there is no such sound."""
        milliseconds = self.sounds(channel.language, file)
        return None if milliseconds is None else milliseconds / 1000

    def channel_named(self, name: str) -> Channel | None:
        """The channel of that name."""
        return next((channel for channel in self.channels.values() if channel.name == name and not channel.gone), None)
