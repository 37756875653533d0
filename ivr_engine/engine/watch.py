"""Who keeps an eye on the engine, put together with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.observe.observer import Observer
from ivr_engine.observe.subject import Subject

if TYPE_CHECKING:
    from ivr_engine.engine.wiring import Engine


def observer(engine: Engine) -> Observer:
    """The observer of an engine that is about to start."""
    return Observer(
        Subject(
            reactor=engine.reactor,
            clock=engine.clock,
            settings=engine.settings,
            server=engine.server,
            store=engine.store,
            pools=engine.pools,
            operators=engine.operators,
            contacts=engine.contacts,
            feed=engine.feed,
            link=engine.link,
            staffed=lambda: _staffed(engine),
            queue_state=engine.queue_state,
        )
    )


def _staffed(engine: Engine) -> dict[str, bool]:
    now, hours = engine.clock.now(), engine.serving.house.hours
    queues: dict[str, bool] = {}
    for name, line in engine.serving.lines.items():
        queues[line.queue] = queues.get(line.queue, False) or hours.is_open(name, now)
    return queues
