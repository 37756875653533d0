"""A soak: calls at a steady rate for as long as you like; memory, files and think time as time goes by.

    python benchmarks/soak.py --minutes 60 --rate 50 [--json results.json]

Starts an engine of its own (built-in exchange) and plays Asterisk to it. Prints the slope of its memory over the second
half, files open at the start and the end, and the engine's think time in the first and the last quarter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
from load import Tally, call  # noqa: E402

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
_PORT = re.compile(r"waits for calls on [^:]+:(\d+)")


def sample(pid: int) -> tuple[int, int]:
    """Resident memory in KiB, and open files."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]), len(list(Path(f"/proc/{pid}/fd").iterdir()))  # type: ignore[index]


async def soak(pid: int, port: int, seconds: float, rate: float) -> tuple[Tally, list[tuple[float, int, int, int]]]:
    """The calls, and samples of (seconds, KiB, files, commands so far)."""
    tally, samples, began = Tally(), [], time.monotonic()
    calls: set[asyncio.Task[None]] = set()
    made, look_at = 0, 0.0
    while (now := time.monotonic() - began) < seconds:
        while made < now * rate:
            made += 1
            task = asyncio.ensure_future(call(port, tally, pace=0.05, keys="1" if made % 3 else "2"))
            calls.add(task)
            task.add_done_callback(calls.discard)
        if now >= look_at:
            samples.append((now, *sample(pid), len(tally.waits)))
            look_at = now + EVERY_S
        await asyncio.sleep(0.01)
    await asyncio.gather(*calls)
    return tally, samples


def report(tally: Tally, samples: list[tuple[float, int, int, int]]) -> dict[str, float]:
    """The figures."""
    half = samples[len(samples) // 2 :]
    slope = statistics.linear_regression([at for at, *_ in half], [kib for _, kib, *_ in half]).slope * 3600
    quarter = len(tally.waits) // 4
    first, last = sorted(tally.waits[:quarter]), sorted(tally.waits[-quarter:])
    return {
        "calls": tally.offered,
        "not done": tally.offered - len(tally.done),
        "MiB at half time": round(half[0][1] / 1024, 1),
        "MiB at the end": round(half[-1][1] / 1024, 1),
        "MiB per hour, second half": round(slope / 1024, 2),
        "files at the start": samples[0][2],
        "files at the end": samples[-1][2],
        "think p50 ms, first quarter": round(first[quarter // 2] * 1000, 2),
        "think p50 ms, last quarter": round(last[quarter // 2] * 1000, 2),
        "think p99 ms, first quarter": round(first[int(quarter * 0.99)] * 1000, 2),
        "think p99 ms, last quarter": round(last[int(quarter * 0.99)] * 1000, 2),
    }


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--rate", type=float, default=50, help="calls a second")
    options.add_argument("--json", type=Path)
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
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
