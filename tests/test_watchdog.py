"""A blocked reactor is told on with its stack, and ended."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ivr_engine.watchdog import EXIT_CODE

if TYPE_CHECKING:
    from pathlib import Path

_BLOCKED = """
import re, sys, time
from pathlib import Path
from twisted.internet import reactor
from ivr_engine import logs
from ivr_engine.watchdog import Watchdog
logs.configure("info", "json")
def a_function_that_blocks(seconds):
    time.sleep(seconds)
def a_function_that_keeps_the_lock(length):
    re.match(r"(a+)+$", "a" * length + "b")
def a_function_that_writes(length):
    sys.stderr.write("x" * length)
dog = Watchdog(reactor, float(sys.argv[1]), Path(sys.argv[2]))
reactor.callWhenRunning(dog.start)
reactor.callLater(0.3, globals()[sys.argv[3]], int(sys.argv[4]))
reactor.callLater(0.4, dog.stop)
reactor.callLater(0.5, reactor.stop)
reactor.run()
"""


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return tmp_path / "blocked.txt"


def command(dump: Path, limit_s: float, block: str, how_much: int) -> list[str]:
    return [sys.executable, "-c", _BLOCKED, str(limit_s), str(dump), block, str(how_much)]


def run(dump: Path, limit_s: float, seconds: int) -> subprocess.CompletedProcess[str]:
    argv = command(dump, limit_s, "a_function_that_blocks", seconds)
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def test_blocked_too_long_it_ends_with_the_stack_in_the_log(dump: Path) -> None:
    done = run(dump, limit_s=1.5, seconds=20)
    assert done.returncode == EXIT_CODE
    assert "a_function_that_blocks" in done.stderr


def test_blocked_for_a_while_it_lives_and_the_log_says_where(dump: Path) -> None:
    done = run(dump, limit_s=10, seconds=2)
    assert done.returncode == 0
    assert "a_function_that_blocks" in done.stderr


def test_a_healthy_reactor_is_left_in_peace(dump: Path) -> None:
    done = run(dump, limit_s=1.5, seconds=0)
    assert (done.returncode, done.stderr, dump.read_text()) == (0, "", "")


def test_code_that_keeps_the_interpreter_to_itself_is_ended_too(dump: Path) -> None:
    argv = command(dump, 0.5, "a_function_that_keeps_the_lock", 60)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "a_function_that_keeps_the_lock" in dump.read_text()


def test_a_log_nobody_reads_does_not_save_it(dump: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(command(dump, 1.5, "a_function_that_writes", 1_000_000), stderr=writing)  # more than a pipe holds
    try:
        assert process.wait(30) == EXIT_CODE
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)
