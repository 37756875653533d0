"""The FastAGI bench's menu script on this engine's wire: `python -m benchmarks.wire.menu [PORT]`, until it is stopped."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from ivr_engine.agi.server import AgiServer, AgiSettings

if TYPE_CHECKING:
    from ivr_engine.agi.commands import Agi

KEYS = "0123456789"


async def menu(agi: Agi) -> None:
    """Ten commands: two menus, then the queue."""
    await agi.answer()
    await agi.get_variable("CALLERID(num)")
    await agi.set_variable("LINE", "lavoro")
    await agi.stream_file("welcome", KEYS)
    await agi.get_data("menu", 5000, 1)
    await agi.stream_file("submenu", KEYS)
    await agi.get_data("submenu", 5000, 1)
    await agi.set_variable("QUEUE", "lavoro")
    await agi.execute("Queue", "lavoro,t,,,300")
    await agi.hang_up()


def main() -> None:
    """Serve until killed."""
    from twisted.internet import reactor

    port = int(sys.argv[1]) if len(sys.argv) > 1 else 14573
    AgiServer(reactor, AgiSettings(port=port, allow=("127.0.0.0/8",), max_calls=10_000), menu).listen()
    gc.freeze()
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
