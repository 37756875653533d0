"""Many calls at once, as an Asterisk makes them, from one asyncio loop: each walks a line's tree by keys and may be watched."""

from __future__ import annotations

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_LIMIT_S = 300
ANSWER = "1"  # the key that leads to an answer in the trial line


@dataclass
class Tally:
    """What became of the calls: `contacts` by channel, as the engine told them (so they were acknowledged); `done`: channels
    whose script ended with IVR_DONE; `cut`: those whose connection broke; `waits`: seconds from a reply to the next command."""

    contacts: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    offered: int = 0
    waits: list[float] = field(default_factory=list)


_CHANNELS = itertools.count(1)


def run(calls: Coroutine[Any, Any, None]) -> None:
    """Make them in a thread of its own: the browser's tests leave an asyncio loop running in theirs."""
    with ThreadPoolExecutor(1) as own:
        own.submit(asyncio.run, calls).result(_LIMIT_S)


async def call(port: int, tally: Tally, *, pace: float = 0.0, keys: str = ANSWER, line: str = "prova", cut_at: str = "") -> None:
    """One call; `pace`: seconds Asterisk takes for a command; `cut_at`: a word of the command at which the connection breaks.
    Never raises for a broken connection."""
    channel = f"{int(time.time())}.{next(_CHANNELS)}"
    tally.offered += 1
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        tally.offered -= 1  # the engine never heard of it
        return
    try:
        await _talk(reader, writer, tally, channel, pace, list(keys), line, cut_at)
    except (OSError, EOFError, asyncio.IncompleteReadError):
        tally.cut.add(channel)
    finally:
        writer.close()


async def steadily(
    port: int, tally: Tally, seconds: float, rate: float, look: Callable[[float], None] = lambda _now: None
) -> None:
    """`rate` calls a second of two kinds, for so long, and until the last is over; `look` is told the seconds now and then."""
    calls: set[asyncio.Task[None]] = set()
    began, made = time.monotonic(), 0
    while (now := time.monotonic() - began) < seconds:
        while made < now * rate:
            made += 1
            task = asyncio.ensure_future(call(port, tally, pace=0.05, keys=ANSWER if made % 3 else "2"))
            calls.add(task)
            task.add_done_callback(calls.discard)
        look(now)
        await asyncio.sleep(0.01)
    await asyncio.gather(*calls)


async def _talk(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    tally: Tally,
    channel: str,
    pace: float,
    keys: list[str],
    line: str,
    cut_at: str,
) -> None:
    writer.write(
        f"agi_network: yes\nagi_network_script: {line}\nagi_request: agi://127.0.0.1/{line}\nagi_channel: PJSIP/t-{channel}\n"
        f"agi_language: it\nagi_uniqueid: {channel}\nagi_callerid: +390655501234\nagi_dnid: 800\n\n".encode()
    )
    began = time.perf_counter()
    while command := (await reader.readline()).decode():
        if not command.endswith("\n") or (cut_at and cut_at in command):
            raise EOFError
        tally.waits.append(time.perf_counter() - began)
        words = command.split()
        if words[:2] == ["SET", "VARIABLE"]:
            if words[2] == "IVR_CONTACT":
                tally.contacts[channel] = words[3].strip('"')
            elif words[2] == "IVR_DONE":
                tally.done.add(channel)
        if pace:
            await asyncio.sleep(pace)
        writer.write(_reply(words, keys))
        began = time.perf_counter()
    if channel not in tally.done:
        raise EOFError


def _reply(words: list[str], keys: list[str]) -> bytes:
    key = str(ord(keys.pop(0))) if keys and words[:3] == ["WAIT", "FOR", "DIGIT"] else "0"
    if words[:2] in (["STREAM", "FILE"], ["CONTROL", "STREAM"]):
        return b"200 result=0 endpos=8000\n"
    return f"200 result={key}\n".encode()
