"""What is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from ivr_engine.agi.server import AgiServer
    from ivr_engine.clock import Clock
    from ivr_engine.config import Settings
    from ivr_engine.exchange.interface import QueueState
    from ivr_engine.plugins.pool import Pools
    from ivr_engine.records.store import Store
    from ivr_engine.routing.contacts import OpenContacts
    from ivr_engine.routing.feed import Feed
    from ivr_engine.routing.link import Link
    from ivr_engine.routing.operators import Operators


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A running engine, as far as it is observed. `staffed`: queue → whether one of its lines has operators' hours now."""

    reactor: Any
    clock: Clock
    settings: Settings
    server: AgiServer
    store: Store
    pools: Pools
    operators: Operators
    contacts: OpenContacts
    feed: Feed
    link: Link
    staffed: Callable[[], Mapping[str, bool]]
    queue_state: Callable[[str], Coroutine[Any, Any, QueueState | None]]
