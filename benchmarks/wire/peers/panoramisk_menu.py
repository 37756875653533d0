"""The menu script on panoramisk: `python panoramisk_menu.py PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from panoramisk import fast_agi

from benchmarks.wire.raw_asyncio import MENU


async def menu(request: Any) -> None:
    """One call."""
    for command in MENU:
        await request.send_command(command)


async def main() -> None:
    """Until killed."""
    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application.add_route("menu", menu)
    server = await asyncio.start_server(application.handler, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
