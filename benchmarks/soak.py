"""A soak: calls at a steady rate for as long as you like; memory, files and think time as time goes by.

    python -m benchmarks.soak [--minutes 60] [--rate 50] [--check]

Starts an engine of its own (built-in exchange) and plays Asterisk to it. Prints the slope of its memory over the second
half, files open at the start and the end, and the engine's think time in the first and the last quarter. With --check it
ends with exit code 1 when a call failed, or one of these is worse than any noise of a busy machine makes it.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from benchmarks.results import keep

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
from load import Tally, steadily  # noqa: E402

SETTINGS = f"""
[engine]
log_level = "error"
[agi]
port = 0
[console]
enabled = false
[observe]
enabled = true
port = 0
[plugins]
folders = ["{ROOT / "tests" / "lines"}"]
"""
EVERY_S = 2.0
MOST_GROWTH_MIB, MOST_MORE_FILES = 8, 20
_PORT = re.compile(r"waits for calls on [^:]+:(\d+)")


def sample(pid: int) -> tuple[int, int]:
    """Resident memory in KiB, and open files."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]), len(list(Path(f"/proc/{pid}/fd").iterdir()))  # type: ignore[index]


async def soak(pid: int, port: int, seconds: float, rate: float) -> tuple[Tally, list[tuple[float, int, int, int]]]:
    """The calls, and samples of (seconds, KiB, files, calls cut off so far)."""
    tally, samples, began = Tally(), list[tuple[float, int, int, int]](), time.monotonic()

    def look(now: float) -> None:
        if not samples or now >= samples[-1][0] + EVERY_S:
            samples.append((now, *sample(pid), len(tally.cut)))

    await steadily(port, tally, seconds, rate, look)
    await asyncio.sleep(EVERY_S)
    samples.append((time.monotonic() - began, *sample(pid), len(tally.cut)))
    return tally, samples


def report(tally: Tally, samples: list[tuple[float, int, int, int]]) -> dict[str, float]:
    """The figures."""
    half = samples[len(samples) // 2 :]
    slope = statistics.linear_regression([at for at, *_ in half], [kib for _, kib, *_ in half]).slope * 3600
    files = [number for _, _, number, _ in samples]
    cut_in = {int(at // 60) for (_, *_, before), (at, *_, cut) in pairwise(samples) if cut > before}
    quarter = len(tally.waits) // 4
    first, last = sorted(tally.waits[:quarter]), sorted(tally.waits[-quarter:])
    return {
        "calls": tally.offered,
        "not done": tally.offered - len(tally.done),
        "minutes in which calls were cut": len(cut_in),
        "MiB at half time": round(half[0][1] / 1024, 1),
        "MiB at the end": round(half[-1][1] / 1024, 1),
        "MiB per hour, second half": round(slope / 1024, 2),
        "files, most in the first half": max(files[: len(files) // 2]),
        "files, most in the second half": max(files[len(files) // 2 :]),
        "files when all calls are over": files[-1],
        "think p50 ms, first quarter": round(first[quarter // 2] * 1000, 2),
        "think p50 ms, last quarter": round(last[quarter // 2] * 1000, 2),
        "think p99 ms, first quarter": round(first[int(quarter * 0.99)] * 1000, 2),
        "think p99 ms, last quarter": round(last[int(quarter * 0.99)] * 1000, 2),
    }


def worse(figures: dict[str, float]) -> list[str]:
    """What is not as it was at the beginning."""
    most = {
        "not done": 0.0,
        "MiB at the end": figures["MiB at half time"] + MOST_GROWTH_MIB,
        "files, most in the second half": figures["files, most in the first half"] + MOST_MORE_FILES,
        "files when all calls are over": figures["files, most in the first half"],
        "think p50 ms, last quarter": 3 * figures["think p50 ms, first quarter"] + 20,
    }
    return [f"{name} is {figures[name]:g}, more than {bound:g}" for name, bound in most.items() if figures[name] > bound]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--rate", type=float, default=50, help="calls a second")
    options.add_argument("--check", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ivr.toml").write_text(SETTINGS)
        argv = [str(Path(sys.executable).with_name("ivr")), "serve"]
        engine = subprocess.Popen(argv, cwd=folder, stderr=subprocess.PIPE, text=True)
        try:
            assert engine.stderr is not None
            port = next(int(found[1]) for line in engine.stderr if (found := _PORT.search(line)))
            figures = report(*asyncio.run(soak(engine.pid, port, asked.minutes * 60, asked.rate)))
        finally:
            engine.terminate()
            engine.communicate()
    for name, value in figures.items():
        print(f"{name:32} {value:>12,}")
    if not asked.check:
        print("kept in", keep("soak", {"minutes": asked.minutes, "calls a second": asked.rate, **figures}))
    elif complaints := worse(figures):
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
