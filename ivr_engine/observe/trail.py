"""The trail of each contact in the log: every fact, under the contact's id. Its end is told to everybody, the rest to who asks
for the debug level."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
import structlog

from ivr_engine.events import ContactEnded
from ivr_engine.routing.feed import ScreenPop

if TYPE_CHECKING:
    from ivr_engine.routing.feed import Feed, Notice

log = structlog.get_logger()


def follow(feed: Feed) -> None:
    """Write down every fact that the feed tells from now on; `log_level` of the settings is known by then."""
    feed.subscribe(_write, kinds=() if log.is_enabled_for(logging.DEBUG) else (ContactEnded,))


def _write(notice: Notice) -> None:
    match notice:
        case ContactEnded():
            log.info("contact ended", contact=notice.contact, outcome=str(notice.outcome), cause=str(notice.cause))
        case ScreenPop():  # a citizen's name and more: not for a log
            log.debug("ScreenPop", contact=notice.contact, operator=notice.operator, queue=notice.queue)
        case _:
            values = msgspec.to_builtins(notice)
            log.debug(type(notice).__name__, **{name: values[name] for name in values if name not in _UNTOLD})


_UNTOLD = {"at", "caller_key", "dialled", "value"}
