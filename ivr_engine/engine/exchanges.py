"""The exchange the settings ask for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from ivr_engine.exchange.asterisk.exchange import AsteriskExchange, AsteriskSettings
from ivr_engine.exchange.virtual.exchange import VirtualExchange
from ivr_engine.exchange.virtual.settings import OperatorSettings, QueueSettings, VirtualSettings

if TYPE_CHECKING:
    from pathlib import Path

    from ivr_engine.config import Settings
    from ivr_engine.engine.lines import Lines
    from ivr_engine.exchange.virtual.clock import ExchangeClock


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


def virtual_exchange(
    settings: Settings, lines: Lines, reactor: Any, clock: ExchangeClock, port: int, folder: Path
) -> VirtualExchange:
    """The built-in exchange; it plays what the catalogue has, in the lengths the catalogue gives."""
    site = settings.virtual
    queues_of: dict[str, list[str]] = {}
    for queue, operators in site.operators.items():
        for operator in operators:
            queues_of.setdefault(operator, []).append(queue)
    own = VirtualSettings(
        numbers=lines.numbers(),
        line_queues={line.name: line.queue for line in lines.lines.values()},
        queues=tuple(QueueSettings(queue) for queue in sorted({*site.operators, *lines.queues()})),
        operators=tuple(
            OperatorSettings(name, tuple(queues), answers_after_s=site.ring, talks_s=site.talk)
            for name, queues in queues_of.items()
        ),
        host="127.0.0.1",
        port=port,
        log_folder=folder,
    )

    return VirtualExchange(reactor, clock, own, lines.catalogue.length)
