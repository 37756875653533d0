"""From ring to painted screen-pop: `python -m benchmarks.console_pop [SECONDS] [CALLS_A_SECOND]`, 60 and 20.

A hundred operators are ready: ninety-nine protocol clients, which fetch their card as a browser does when the live feed says so,
and one desk in a real Chromium, rung by a line of its own. Callers ask for an operator, hear it ring for a moment and give up.
The engine itself measures each pop, from the ring to the browser's word that the card is on the screen. The reference is the same
Chromium in the same run with nobody else calling. Printed before: what the desk weighs on the wire, and its first paint.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sqlite3
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from playwright.async_api import async_playwright, expect

from benchmarks.results import keep
from ivr_engine.records import users
from ivr_engine.records.store import StoreReader
from ivr_engine.records.users import Role
from tests.conftest import FLAGS
from tests.console.site import PASSWORD, Console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Page

OPERATORS = [f"op{n}" for n in range(99)]
BROWSER, ITS_LINE, THE_LINE = "anna", "800196002", "800196001"
SHARE = 10  # one call in so many rings the browser
RINGS_S = 0.3
QUIET = 40  # calls of the reference
SETTINGS = f"""
[agi]
port = 0
[console]
port = 0
[virtual]
operators = {{ lavoro = {json.dumps(OPERATORS)}, sociale = ["{BROWSER}"] }}
[lines.lavoro]
hours = {{ mon-sun = ["00:00-24:00"] }}
[lines.sociale]
hours = {{ mon-sun = ["00:00-24:00"] }}
"""


class Desk:
    """One operator's protocol client: a live feed, and a connection for pages that stays open."""

    def __init__(self, port: int, cookie: str, csrf: str) -> None:
        self._port, self._cookie, self._csrf = port, cookie, csrf
        self._told = ""

    async def open(self) -> None:
        """Sit down, follow the live feed, become ready."""
        self._reader, self._writer = await self._connect()
        await self._ask("GET", "/desk")
        self._live, self._say = await self._connect()
        key = base64.b64encode(os.urandom(16)).decode()
        self._say.write(
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nOrigin: http://127.0.0.1:{self._port}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Cookie: {self._cookie}\r\n\r\n".encode()
        )
        head = await self._live.readuntil(b"\r\n\r\n")
        assert b" 101 " in head, head
        await self._ask("POST", "/desk/state", {"csrf": self._csrf, "state": "ready"})

    async def follow(self) -> None:
        """Fetch the card whenever the feed says that something has changed, and tell when it is there."""
        while True:
            kind, text = await self._frame()
            if kind == 9:
                self._send(10, text)
            elif kind == 1 and json.loads(text)["kind"] == "desk":
                card = await self._ask("GET", "/desk/call")
                found = re.search(r'data-contact="([^"]+)"', card)
                if found and found[1] != self._told:
                    self._told = found[1]
                    self._send(1, json.dumps({"kind": "pop-shown", "contact": self._told}).encode())

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> str:
        if self._reader.at_eof():  # the server ends connections that nobody uses
            self._reader, self._writer = await self._connect()
        body = urlencode(form or {}).encode()
        kind = "Content-Type: application/x-www-form-urlencoded\r\n" if form else ""
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nHX-Request: true\r\nCookie: {self._cookie}\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        assert " 200 " in head, head
        parts = []
        while size := int(await self._reader.readline(), 16):  # chunks
            parts.append((await self._reader.readexactly(size + 2))[:-2])
        await self._reader.readline()
        return b"".join(parts).decode()

    async def _frame(self) -> tuple[int, bytes]:
        first, length = await self._live.readexactly(2)
        if length >= 126:
            length = int.from_bytes(await self._live.readexactly(2 if length == 126 else 8), "big")
        return first & 15, await self._live.readexactly(length)

    def _send(self, kind: int, text: bytes) -> None:
        assert len(text) < 126
        mask = os.urandom(4)
        self._say.write(bytes((128 | kind, 128 | len(text))) + mask + bytes(b ^ mask[n % 4] for n, b in enumerate(text)))


async def citizen(socket: Path, number: str, caller: str, ended: Counter[str]) -> None:
    """A call that asks for an operator at once, hears it ring, and gives up."""
    reader, writer = await asyncio.open_unix_connection(str(socket))

    def say(**fields: Any) -> None:
        writer.write(json.dumps(fields).encode() + b"\n")

    say(do="phone", number=number, caller=caller)
    asked = False
    async for text in reader:
        said: dict[str, Any] = json.loads(text)
        if said["type"] == "sound" and not asked:
            asked = True
            say(keys="0")
        elif said["type"] == "queue":
            asyncio.get_running_loop().call_later(RINGS_S, lambda: say(hang_up=True))
        elif said["type"] in {"done", "error"}:
            ended[said.get("outcome") or said.get("message", "error")] += 1
            break
    writer.close()


async def weigh(page: Page, url: str) -> dict[str, float]:
    """The bytes of a first and of a second visit, and when something is first seen."""
    client = await page.context.new_cdp_session(page)
    await client.send("Network.enable")
    sizes: list[float] = []
    figures: dict[str, float] = {}
    client.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    for visit in ("first", "second"):
        sizes.clear()
        await page.goto(url, wait_until="networkidle")
        paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        print(f"the desk, {visit} visit: {sum(sizes) / 1000:.1f} kB over the wire, first paint after {paint:.0f} ms")
        figures |= {f"{visit} visit, kB": sum(sizes) / 1000, f"{visit} visit, first paint ms": paint}
    return figures


async def measure(site: Console, seconds: float, pace: float) -> dict[str, float]:
    """Connect everybody, place the calls, print how they ended; what the desk weighs."""
    port, socket = urlsplit(site.url).port, site.data / "control.sock"
    assert port is not None
    desks = [Desk(port, site.session(name), site.csrf(name)) for name in OPERATORS]
    for desk in desks:
        await desk.open()
    following = [asyncio.create_task(desk.follow()) for desk in desks]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
        context = await browser.new_context(base_url=site.url)
        cookie, _, token = site.session(BROWSER).partition("=")
        await context.add_cookies([{"name": cookie, "value": token, "url": site.url}])
        page = await context.new_page()
        weight = await weigh(page, "/desk")
        await expect(page.locator("#live-state")).not_to_be_empty()
        await page.keyboard.press("Alt+r")
        await expect(page.locator("#desk-state")).to_have_attribute("data-state", "ready")
        ended: Counter[str] = Counter()
        for n in range(QUIET):
            await citizen(socket, ITS_LINE, f"333000{n:04}", ended)
        loop, calls = asyncio.get_running_loop(), []
        begun = loop.time()
        for n in range(round(seconds * pace)):
            await asyncio.sleep(begun + n / pace - loop.time())
            line = THE_LINE if n % SHARE else ITS_LINE
            calls.append(asyncio.create_task(citizen(socket, line, f"333{n:07}", ended)))
        await asyncio.gather(*calls)
        took = loop.time() - begun
        await browser.close()
    broken = {repr(task.exception()) for task in following if task.done()}
    for task in following:
        task.cancel()
    print(f"{len(calls)} calls in {took:.0f} s; all ended as {dict(ended)}; desks that broke off: {broken or 'none'}")
    return weight


def distribution(title: str, took: Sequence[int]) -> dict[str, float]:
    """One line, and the same to keep."""
    cut = statistics.quantiles(took, n=100, method="inclusive")
    print(
        f"{title}: {len(took)} pops, median {cut[49]:.0f} ms, 90 % {cut[89]:.0f} ms, 95 % {cut[94]:.0f} ms,"
        f" 99 % {cut[98]:.0f} ms, longest {max(took)} ms"
    )
    return {"pops": len(took), "median ms": cut[49], "95 % ms": cut[94], "99 % ms": cut[98], "longest ms": max(took)}


def main(seconds: float = 60, pace: float = 20) -> None:
    """An engine of its own, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="ivr-pop-") as folder:
        site = Console(Path(folder), SETTINGS)
        hashed = users.hashed(PASSWORD)
        with StoreReader(site.data).administration.change() as connection:
            users.add(connection, "chief", Role.ADMINISTRATOR, "", 0, "benchmark")
            for name in (*OPERATORS, BROWSER):
                users.add(connection, name, Role.OPERATOR, name, 0, "benchmark")
                users.set_password(connection, name, hashed, 0, "benchmark")
        site.open()
        try:
            weight = asyncio.run(measure(site, seconds, pace))
        finally:
            site.close()
        with sqlite3.connect(site.data / "ivr.db") as database:
            rows = database.execute("SELECT data FROM journal WHERE kind = 'ScreenPopShown' ORDER BY at")
            shown = [json.loads(data) for (data,) in rows]
    painted = [pop["ms"] for pop in shown if pop["operator"] == BROWSER]
    quiet = distribution("Chromium, nobody else calls", painted[:QUIET])
    busy = distribution(f"Chromium, {pace:g} calls/s and {len(OPERATORS) + 1} desks", painted[QUIET:])
    clients = distribution(
        "protocol clients, until the card is there", [pop["ms"] for pop in shown if pop["operator"] != BROWSER]
    )
    ratio = busy["95 % ms"] / quiet["95 % ms"]
    print(f"95 % under load : quiet = {ratio:.2f}")
    pops = {"Chromium, quiet": quiet, "Chromium, under load": busy, "protocol clients": clients}
    print("kept in", keep("console_pop", {"calls a second": pace, "the desk": weight, **pops, "95 % under load : quiet": ratio}))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
