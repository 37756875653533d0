"""The exchange the settings ask for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from ivr_engine.exchange.asterisk.exchange import AsteriskExchange, AsteriskSettings
from ivr_engine.exchange.virtual.clock import FastClock
from ivr_engine.exchange.virtual.exchange import VirtualExchange
from ivr_engine.exchange.virtual.settings import OperatorSettings, QueueSettings, VirtualSettings
from ivr_engine.exchange.virtual.wire import Wires

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ivr_engine.config import Settings
    from ivr_engine.engine.wiring import Engine


def asterisk_exchange(settings: Settings, reactor: Any) -> AsteriskExchange:
    """A real Asterisk, by its manager interface and its queue_log."""
    site = settings.asterisk
    own = AsteriskSettings(
        host=site.host,
        port=site.port,
        user=site.user,
        secret=site.secret.get_secret_value(),
        queue_log=settings.path(site.queue_log),
    )
    return AsteriskExchange(reactor, own, random.random)


def virtual_exchange(engine: Engine, numbers: Mapping[str, str]) -> VirtualExchange:
    """The built-in exchange; it plays what the catalogue has, in the lengths the catalogue gives. `numbers` may change."""
    site, lines = engine.settings.virtual, engine.lines
    queues_of: dict[str, list[str]] = {}
    for queue, operators in site.operators.items():
        for operator in operators:
            queues_of.setdefault(operator, []).append(queue)
    own = VirtualSettings(
        numbers=numbers,
        line_queues={line.name: line.queue for line in lines.lines.values()},
        queues=tuple(QueueSettings(queue) for queue in sorted({*site.operators, *lines.queues()})),
        operators=tuple(
            OperatorSettings(name, tuple(queues), answers_after_s=site.ring, talks_s=site.talk)
            for name, queues in queues_of.items()
        ),
        host="127.0.0.1",
        port=engine.port,
        log_folder=engine.store.folder,
    )

    wires = Wires(engine.reactor, engine.server.buildProtocol) if engine.wired else None
    if isinstance(engine.clock, FastClock):
        engine.clock.carrier = wires
    return VirtualExchange(engine.reactor, engine.clock, own, engine.sound_length, wires)
