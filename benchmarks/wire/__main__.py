"""How fast the engine speaks FastAGI, beside a bare responder and its peers: `python -m benchmarks.wire`.

Two parts. *Bare*: ten commands a call, on the engine's wire with an `async def` handler, on a bare asyncio.Protocol (the
reference) and on other libraries. *Whole*: callers of the mandatory communications' line who ask for a deadline and hear it, with
tree, function and journal on disk; a bare responder says the very same commands. Outcomes are counted in the journal afterwards.

Server on core 0, load on core 1. Servers take turns within a round; ratios are to the reference of the same round, and the median
over the rounds is told. Run `bash benchmarks/wire/install.sh` first.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from benchmarks.results import keep
from benchmarks.wire.servers import BARE, BUILD, PROJECT, REFERENCE, Kind, free_port, peers, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.wire.servers import Server

BARE_KEYS, WHOLE_KEYS, LINE = "12", "12313122011", "800196003"
LOAD = ("taskset", "--cpu-list", str((os.cpu_count() or 1) - 1), str(BUILD / "load"))
HELD = (2000, 10_000)
"""Held calls whose memory is told; the bare script holds them in the fourth command."""

_SITE = """
[agi]
port = {port}
max_calls = 20000
allow = ["127.0.0.0/8"]
[console]
enabled = false
[plugins]
threads = 64
"""

Figures = dict[str, Any]


def load(port: int, mode: str, **options: object) -> Figures:
    """One run of the load on core 1."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    done = subprocess.run(
        [*LOAD, "--port", str(port), "--mode", mode, *words],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=float(str(options.get("seconds", 5))) + 60,
    )
    figures: Figures = json.loads(done.stdout)
    return figures


def measured(server: Server, mode: str, **options: object) -> Figures:
    """A run, with what it cost the server."""
    before = server.cpu_s()
    figures = load(server.port, mode, **options)
    spent = server.cpu_s() - before
    figures["cpu_us_per_call"] = spent / max(1, figures["calls"]) * 1e6
    figures["cpu_us_per_command"] = spent / max(1, figures["commands"]) * 1e6
    return figures


def held(kind: Kind, callers: int, hold: int, **options: object) -> Figures:
    """Memory of so many calls that wait in one command; all come in the same instant."""
    with running(kind) as server:
        load(server.port, "closed", callers=10, seconds=1, **options)  # what is made once is not a call's
        before = server.memory_kib()
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        command = [
            str(BUILD / "load"),
            "--port",
            str(server.port),
            "--mode",
            "hold",
            "--callers",
            str(callers),
            "--hold",
            str(hold),
        ]
        with subprocess.Popen([*command, "--seconds", "10", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as callers_up:
            assert callers_up.stdout is not None
            assert callers_up.stdin is not None
            figures: Figures = json.loads(callers_up.stdout.readline())
            figures["kib_per_call"] = (server.memory_kib() - before) / callers
            callers_up.stdin.close()
        return figures


TESTS: dict[str, tuple[str, dict[str, object]]] = {
    "1 caller": ("closed", {"callers": 1}),
    "50 callers": ("closed", {"callers": 50}),
    "500 callers": ("closed", {"callers": 500}),
    "2000 callers": ("closed", {"callers": 2000}),
    "200 calls/s": ("open", {"rate": 200}),
}
BUSY: tuple[str, dict[str, object]] = ("open", {"rate": 200, "delay_ms": 1000, "seconds": 15})
"""Each command takes a second at Asterisk: ten commands a call make 2,000 calls up and 2,000 commands a second."""


def bare(rounds: int, seconds: float) -> Figures:
    """The wire alone."""
    kinds = [REFERENCE, BARE, *peers()]
    figures: Figures = {kind.name: defaultdict(list) for kind in kinds}
    for number in range(rounds):
        for name, (mode, options) in TESTS.items():
            for kind in kinds:
                with running(kind) as server:
                    told = measured(server, mode, keys=BARE_KEYS, **{"seconds": seconds, **options})
                figures[kind.name][name].append(told)
                say(f"round {number + 1}", kind.name, name, told)
        for kind in (REFERENCE, BARE):
            with running(kind) as server:
                figures[kind.name]["2000 calls up"].append(measured(server, BUSY[0], keys=BARE_KEYS, **BUSY[1]))
            for callers in HELD:
                figures[kind.name][f"{callers} held"].append(held(kind, callers, 4, keys=BARE_KEYS))
    table("The wire alone: calls a second", figures, list(TESTS), "calls_per_s", kinds)
    return figures


@contextlib.contextmanager
def engine() -> Iterator[tuple[Kind, int, Path]]:
    """The whole engine in a folder of its own, its lines' sounds not rendered: their lengths are estimated."""
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        port = free_port()
        (Path(folder) / "ivr.toml").write_text(_SITE.format(port=port), encoding="utf-8")
        yield Kind("ivr-engine, whole", (str(Path(sys.executable).with_name("ivr")), "serve"), Path(folder)), port, Path(folder)


def whole(rounds: int, seconds: float) -> Figures:
    """Tree, functions, journal on disk."""
    figures: Figures = {"ivr-engine, whole": defaultdict(list), "raw-asyncio": defaultdict(list), "outcomes": []}
    for number in range(rounds):
        for name, (mode, options) in TESTS.items():
            said = BUILD / "commands.txt"
            with engine() as (kind, port, folder):
                with running(kind, port=port) as server:
                    load(port, "closed", callers=1, seconds=1, keys=WHOLE_KEYS, number=LINE, record=said)
                    told = measured(server, mode, keys=WHOLE_KEYS, number=LINE, **{"seconds": seconds, **options})
                    told["opened_s"] = server.opened_s
                    told["outcomes"] = outcomes(folder, told["calls"])
                figures[kind.name][name].append(told)
                say(f"round {number + 1}", kind.name, name, told)
            replay = Kind(REFERENCE.name, (*REFERENCE.command, str(said)))
            with running(replay) as server:
                told = measured(server, mode, keys=WHOLE_KEYS, number=LINE, **{"seconds": seconds, **options})
            figures[REFERENCE.name][name].append(told)
            say(f"round {number + 1}", REFERENCE.name, name, told)
    table("The whole call: calls a second", figures, list(TESTS), "calls_per_s", [REFERENCE, Kind("ivr-engine, whole", ())])
    return figures


def outcomes(folder: Path, calls: int) -> dict[str, int]:
    """How the calls ended, once the journal is in the database: all of them, or what is wrong is told."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with contextlib.closing(sqlite3.connect(f"file:{folder / 'data' / 'ivr.db'}?mode=ro", uri=True)) as store:
            found = dict(store.execute("SELECT coalesce(outcome, 'open'), count(*) FROM contacts GROUP BY 1").fetchall())
        if sum(found.values()) - found.get("open", 0) >= calls:
            return found
        time.sleep(0.2)
    return {**found, "missing": calls - sum(found.values())}


def say(*words: object) -> None:
    """One line of progress."""
    *what, told = words
    assert isinstance(told, dict)
    think = told["think_us"]
    print(
        *what,
        f"{told['calls_per_s']:.0f} calls/s",
        f"{told['cpu_us_per_command']:.1f} µs CPU a command",
        f"think p50 {think['p50']:.0f} p99 {think['p99']:.0f} µs",
        f"failed {told['failed']}, refused {told['refused']}, load busy {told['generator_busy']:.2f}",
        told.get("outcomes", ""),
        sep=" | ",
        flush=True,
    )


def ratios(figures: Figures, kind: str, test: str, field: str) -> list[float]:
    """To the reference, round by round."""
    return [
        own[field] / reference[field] for own, reference in zip(figures[kind][test], figures[REFERENCE.name][test], strict=True)
    ]


def table(title: str, figures: Figures, tests: Sequence[str], field: str, kinds: Sequence[Kind]) -> None:
    """Medians: the reference in its own unit, all others as its multiple."""
    rows = [
        [kind.name, *(statistics.median(ratios(figures, kind.name, test, field)) for test in tests)]
        for kind in kinds
        if kind is not REFERENCE
    ]
    own = [
        REFERENCE.name,
        *(f"= {statistics.median(told[field] for told in figures[REFERENCE.name][test]):.0f}" for test in tests),
    ]
    print(
        f"\n{title}, as multiples of {REFERENCE.name}\n",
        tabulate([own, *rows], headers=["", *tests], floatfmt=".2f"),
        "",
        sep="\n",
    )


def main() -> None:
    """Both parts, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--part", choices=("bare", "whole"), action="append")
    chosen = parser.parse_args()
    subprocess.run(["bash", str(PROJECT / "benchmarks" / "wire" / "install.sh")], check=True)
    for name, part in (("bare", bare), ("whole", whole)):
        if name in (chosen.part or ("bare", "whole")):
            print("kept in", keep(f"wire.{name}", part(chosen.rounds, chosen.seconds)))


if __name__ == "__main__":
    main()
