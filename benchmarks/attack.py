"""What callers notice of an attack on the engine's ports: think time with and without, in one run.

    python -m benchmarks.attack [--seconds 15] [--rate 20] [--rounds 3]

An engine of its own on core 0; callers and attackers on the others. Each round measures the calls alone, then beside each attack:
connections that dribble their bytes (slow loris), and a flood of connections with rubbish on them, against FastAGI, the console,
the port for monitoring and, where a recogniser is installed in build/models, AudioSocket. Printed is the ratio of the 99th
percentiles, attacked over alone, the median of the rounds; how many calls did not end well; and what the attackers got through.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.results import keep
from benchmarks.soak import ROOT
from benchmarks.wire.servers import BUILD, Kind, await_port, free_port, running
from tests.faults.load import Tally, steadily

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

MODELS = ROOT / "build" / "models"
LORISES, FLOODERS = 200, 8
RUBBISH = b"\x10\xff\xffGET / HTTP/1.1\r\nagi_x: \n\x00" * 8
DRIBBLE = {
    "agi": b"agi_request: agi://",
    "console": b"GET /login HTTP/1.1\r\nX: ",
    "observe": b"GET / HTTP/1.1\r\nX: ",
    "voices": b"\x01\x00",
}


def settings(ports: dict[str, int]) -> str:
    """With voices only where they can be heard."""
    heard = f'[audiosocket]\nport = {ports["voices"]}\n[speech]\nmodels = "{MODELS}"\nears = {{ it = "whisper-base" }}\n'
    return f"""
[engine]
log_level = "error"
[agi]
port = {ports["agi"]}
[console]
port = {ports["console"]}
[observe]
enabled = true
port = {ports["observe"]}
[plugins]
folders = ["{ROOT / "tests" / "lines"}"]
{heard if "voices" in ports else ""}
"""


async def loris(port: int, dribble: bytes) -> None:
    """A connection that says a byte now and then, opened again when it is cut."""
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for byte in dribble * 100:
                    writer.write(bytes((byte,)))
                    await writer.drain()
                    await asyncio.sleep(0.5)
            finally:
                writer.close()
        await asyncio.sleep(0.1)


async def flood(port: int, count: list[int]) -> None:
    """One connection after the other, each with rubbish."""
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            count[0] += 1
            writer.write(RUBBISH)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await reader.read(1000)
            writer.close()
        await asyncio.sleep(0)


def attack(how: str, port: int, dribble: bytes, begun: Event, stop: Event, told: Any) -> None:
    """The attackers' process, until told to stop; tells how many connections of the flood were made."""

    async def run() -> int:
        count = [0]
        work = [loris(port, dribble) for _ in range(LORISES)] if how == "loris" else [flood(port, count) for _ in range(FLOODERS)]
        tasks = [asyncio.ensure_future(one) for one in work]
        await asyncio.sleep(0)  # now all of them have begun
        begun.set()
        await asyncio.to_thread(stop.wait)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return count[0]

    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[1:]) or os.sched_getaffinity(0))
    told.put(asyncio.run(run()))


async def calls(port: int, seconds: float, rate: float) -> Tally:
    """At a steady rate."""
    tally = Tally()
    await steadily(port, tally, seconds, rate)
    return tally


def measured(ports: dict[str, int], how: str, against: str, seconds: float, rate: float) -> tuple[Tally, int]:
    """Calls beside an attack ("" for none)."""
    if not how:
        return asyncio.run(calls(ports["agi"], seconds, rate)), 0
    begun, stop, told = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Queue()
    attackers = multiprocessing.Process(target=attack, args=(how, ports[against], DRIBBLE[against], begun, stop, told))
    attackers.start()
    begun.wait(30)
    try:
        return asyncio.run(calls(ports["agi"], seconds, rate)), (stop.set(), told.get(timeout=30))[1]
    finally:
        stop.set()
        attackers.join(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rate", type=float, default=20, help="calls a second")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    names = ("agi", "console", "observe", *(("voices",) if (MODELS / "whisper-base").is_dir() else ()))
    ports = {name: free_port() for name in names}
    attacks = [("", ""), *((how, against) for against in names for how in ("loris", "flood"))]
    highs: dict[tuple[str, str], list[float]] = {one: [] for one in attacks}
    lost: dict[tuple[str, str], int] = dict.fromkeys(attacks, 0)
    made: dict[tuple[str, str], int] = dict.fromkeys(attacks, 0)
    BUILD.mkdir(parents=True, exist_ok=True)
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[1:]) or os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ivr.toml").write_text(settings(ports))
        engine = Kind("ivr-engine", (str(Path(sys.executable).with_name("ivr")), "serve"), Path(folder))
        with running(engine, port=ports["agi"]) as server:
            for port in ports.values():
                await_port(server.process, port, BUILD / "server.log")
            measured(ports, "", "", asked.seconds, asked.rate)  # its first calls are slower than all others
            for _ in range(asked.rounds):
                for one in attacks:
                    tally, connections = measured(ports, *one, asked.seconds, asked.rate)
                    waits = sorted(tally.waits)
                    highs[one].append(waits[int(len(waits) * 0.99)] * 1000)
                    lost[one] += tally.offered - len(tally.done)
                    made[one] += connections
    alone = statistics.median(highs["", ""])
    figures = {"alone": {"p99 ms": round(alone, 2), "not done": lost["", ""]}}
    print(f"{'attack':20} {'p99 ms':>8} {'ratio':>6} {'not done':>9} {'connections':>12}")
    print(f"{'none':20} {alone:8.2f} {'':6} {lost['', '']:9}")
    for how, against in attacks[1:]:
        high = statistics.median(highs[how, against])
        name, count = f"{how} on {against}", made[how, against]
        figures[name] = {
            "p99 ms": round(high, 2),
            "ratio": round(high / alone, 2),
            "not done": lost[how, against],
            "connections": count,
        }
        print(f"{name:20} {high:8.2f} {high / alone:6.2f} {lost[how, against]:9} {count:12}")
    print(keep("attack", figures))


if __name__ == "__main__":
    main()
