"""Whether the exchange's live view works: while it does not, calls go on, but nobody here sees who rings or talks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.exchange.interface import LinkDown, LinkUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.exchange.interface import Sign


class Link:
    """`up`, else `why` not. `changed` is called in the reactor's thread when that changes, and must not fail."""

    def __init__(self) -> None:
        self.up = False
        self.why = "not connected yet"
        self.changed: Callable[[], None] = lambda: None

    def take(self, sign: Sign) -> None:
        """One sign of the live view."""
        match sign:
            case LinkUp():
                self.up, self.why = True, ""
            case LinkDown():
                self.up, self.why = False, sign.why
            case _:
                return
        self.changed()
