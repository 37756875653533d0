"""A blocked reactor is told on with its stack, and ended."""

from __future__ import annotations

import subprocess
import sys

from ivr_engine.watchdog import EXIT_CODE

_BLOCKED = """
import sys, time
from twisted.internet import reactor
from ivr_engine import logs
from ivr_engine.watchdog import Watchdog
logs.configure("info", "json")
def a_function_that_blocks():
    time.sleep(float(sys.argv[1]))
dog = Watchdog(reactor, limit=float(sys.argv[2]))
reactor.callWhenRunning(dog.start)
reactor.callLater(0.3, a_function_that_blocks)
reactor.callLater(0.4, reactor.stop)
reactor.run()
"""


def run(blocked_s: float, limit_s: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _BLOCKED, str(blocked_s), str(limit_s)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_blocked_too_long_it_ends_with_the_stack_in_the_log() -> None:
    done = run(blocked_s=20, limit_s=1.5)
    assert done.returncode == EXIT_CODE
    assert "a_function_that_blocks" in done.stderr


def test_blocked_for_a_while_it_lives_and_the_log_says_where() -> None:
    done = run(blocked_s=2, limit_s=10)
    assert done.returncode == 0
    assert "a_function_that_blocks" in done.stderr


def test_a_healthy_reactor_is_left_in_peace() -> None:
    done = run(blocked_s=0, limit_s=1.5)
    assert (done.returncode, done.stderr) == (0, "")
