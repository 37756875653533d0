"""What is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ivr_engine.exchange.interface import LinkDown, LinkUp

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from ivr_engine.agi.server import AgiServer
    from ivr_engine.clock import Clock
    from ivr_engine.config import Settings
    from ivr_engine.exchange.interface import QueueState, Sign
    from ivr_engine.plugins.pool import Pools
    from ivr_engine.records.store import Store
    from ivr_engine.routing.contacts import OpenContacts
    from ivr_engine.routing.feed import Feed
    from ivr_engine.routing.operators import Operators


class Link:
    """The live view's connection: `up`, and since the reactor's second `since` when it is not."""

    def __init__(self) -> None:
        self.up = False
        self.why = "not connected yet"

    def take(self, sign: Sign) -> None:
        """One sign of the live view."""
        if isinstance(sign, LinkUp):
            self.up, self.why = True, ""
        elif isinstance(sign, LinkDown):
            self.up, self.why = False, sign.why


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
