"""Fills an example store with a morning's calls, each through the real engine: `python docs/demo_calls.py SETTINGS`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ivr_engine import config
from ivr_engine.engine.commands import Call
from ivr_engine.engine.own import call_all

CALLS = (
    Call("800196196", "1 1 1 01102026", "+390612345601"),
    Call("800196196", "3 1 2 1 13122011", "+393331234502"),
    Call("800196001", "3 1 00187", "+393331234503"),
    Call("800196001", "0", "+393331234504"),
    Call("800196002", "1", "+390212345605"),
    Call("800196002", "0", "+393331234504"),
    Call("800196003", "2 0", "+390112345606"),
    Call("800196003", "~ ~ ~", "+393331234507"),
    Call("800196004", "1 1 01062026", "+393331234508"),
    Call("800196004", "!", ""),
)


def main() -> None:
    """Call after call, in fast time."""
    settings = config.load(Path(sys.argv[1]))
    start = time.time() - 3600
    for answer in call_all(settings, settings.path(settings.engine.data), CALLS, start):
        print(f"  {answer['line']:28} {answer['outcome']}")


if __name__ == "__main__":
    main()
