"""A process that serves a menu of two keys with the engine's own FastAGI server; prints its port, then a line per call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet import reactor

from ivr_engine.agi.server import AgiServer, AgiSettings
from ivr_engine.errors import CallerHungUp
from ivr_engine.exchange.agi_call import AgiCall

if TYPE_CHECKING:
    from ivr_engine.agi.commands import Agi


async def serve(agi: Agi) -> None:
    """Two keys, the first during a prompt; the end of the call is written down."""
    call = AgiCall(agi)
    await agi.answer()
    try:
        first = (await call.play("ivr/long", "12")).key
        second = await call.key(5)
        print("keyed", first + second, flush=True)  # noqa: T201 - the test reads it
        if second == "2":
            result = await call.queue("lavoro", 20, 0)
            print("queued", result.status.value, result.wait_s, result.operator, flush=True)  # noqa: T201
    except CallerHungUp as gone:
        print("hung up", gone.heard_ms, flush=True)  # noqa: T201
    finally:
        await call.finish("contact")


if __name__ == "__main__":
    print(AgiServer(reactor, AgiSettings(port=0), serve).listen(), flush=True)  # noqa: T201
    reactor.run()  # type: ignore[attr-defined]
