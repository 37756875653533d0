"""The console, put together with the engine it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.console.app import Console
from ivr_engine.console.live import Live
from ivr_engine.console.visit import Office

if TYPE_CHECKING:
    from ivr_engine.engine.wiring import Engine


def console(engine: Engine) -> Console:
    """The console of a started engine."""
    return Console(
        Office(
            reactor=engine.reactor,
            clock=engine.clock,
            settings=engine.settings,
            store=engine.store,
            feed=engine.feed,
            contacts=engine.contacts,
            exchange=engine.exchange,
            board=engine.board,
            figures=engine.figures,
            operators=engine.operators,
            operator_changes=engine.changes,
            link=engine.link,
            pools=engine.pools,
            live=Live(engine.reactor),
            lines=lambda: engine.lines,
            publication=engine.publication,
            reload=engine.reload,
            listens=lambda: engine.voices.media is not None,
            sounds_of=engine.voices.server.sounds_of,
        )
    )
