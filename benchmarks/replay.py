"""How fast a year is played again: calls a second of wall clock and of processor time, and the most memory of a process.

`python -m benchmarks.replay [MONTH] [SCALE]`: a month of 2011 (default November, one call in 4) into a store of its own.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time

from benchmarks.results import keep
from ivr_engine import config, logs
from ivr_engine.engine.replay import Replay
from ivr_engine.reports.replay_plan import Plan
from ivr_engine.reports.replay_tables import load_tables

YEAR_CALLS = 93_009


def main(month: int, scale: int) -> None:
    """Play and print."""
    logs.configure("error", "text")
    processes = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        settings = config.load(None)
        own = settings.model_copy(update={"engine": settings.engine.model_copy(update={"data": folder})})
        plan, began = Plan(load_tables(2011), scale=scale), time.perf_counter()
        result = Replay(own, plan, (month,), processes).run()
        wall = time.perf_counter() - began
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(one.ru_utime + one.ru_stime for one in usage)
    calls = result.found.total()
    print(f"{calls} calls, as planned: {result.alike}, {processes} processes, load {os.getloadavg()[0]:.1f}")
    print(f"{wall:.1f} s of wall clock, {processor:.1f} s of processor time: {1000 * processor / calls:.2f} ms a call")
    print(f"the year at that pace: {YEAR_CALLS * wall / calls:.0f} s; a process has at most {result.memory_kb / 1024:.0f} MB")
    figures = {
        "calls": calls,
        "wall s": wall,
        "processor s": processor,
        "year s": YEAR_CALLS * wall / calls,
        "MB": result.memory_kb / 1024,
    }
    print("kept in", keep("replay", figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11, int(sys.argv[2]) if len(sys.argv) > 2 else 4)
