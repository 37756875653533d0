"""What a bad day brings, while calls go on: the database locked by another program, Asterisk's manager away, a line's function
that leaks, allocates without end or never returns; and a soak beside it all. Longer: IVR_FAULT_LOCK_S, IVR_FAULT_AWAY_S."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from ..cli.site import LINES, ROOT, TRIAL, Site
from ..exchange.asterisk.fake_manager import FakeManager
from .load import Tally, call, run
from .watched import ALARMED, Watched, ask, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOCK_S = float(os.environ.get("IVR_FAULT_LOCK_S", "3"))
AWAY_S = float(os.environ.get("IVR_FAULT_AWAY_S", "3"))
SLOWEST_S = 2.0
"""A caller never waits so long for the next command, whatever else fails: far above what a busy machine makes of it, below
SQLite's and the manager's time-outs."""


@pytest.fixture(autouse=True, scope="module")
def soaked() -> Iterator[Callable[[], tuple[int, str]]]:
    """Two minutes of calls to an engine of its own, begun before the first test here: it mostly waits."""
    argv = [sys.executable, "-m", "benchmarks.soak", "--minutes", "2", "--rate", "10", "--check"]
    soak = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def outcome() -> tuple[int, str]:
        told, _ = soak.communicate(timeout=170)
        return soak.returncode, told

    yield outcome
    if soak.poll() is None:
        soak.send_signal(signal.SIGINT)  # it ends its engine too
        soak.communicate(timeout=30)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.site.close()


async def meanwhile(port: int, tally: Tally, until: asyncio.Event, callers: int = 10) -> None:
    """So many callers, each calling again when the call is over, until told."""

    async def caller() -> None:
        while not until.is_set():
            await call(port, tally, pace=0.1)

    await asyncio.gather(*(caller() for _ in range(callers)))


def calls_during(port: int, trouble: Callable[[], None]) -> Tally:
    """Calls before, during and after the trouble, which blocks a thread for as long as it lasts."""
    tally = Tally()

    async def both() -> None:
        over = asyncio.Event()
        calls = asyncio.ensure_future(meanwhile(port, tally, over))
        await asyncio.sleep(0.5)
        try:
            await asyncio.to_thread(trouble)
            await asyncio.sleep(0.5)
        finally:
            over.set()
        await calls

    run(both())
    return tally


_LOCKER = """
import sqlite3, sys
lock = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
lock.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
lock.execute("ROLLBACK")
"""


def test_the_database_locked_by_another_process_costs_no_call_and_no_fact(watched: Watched) -> None:
    def locked() -> None:
        argv = [sys.executable, "-c", _LOCKER, str(watched.site.data / "ivr.db")]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            began, stored = time.monotonic(), sum(watched.outcomes().values())
            wait_until(lambda: "store" in watched.ready()[1]["alarms"], "no alarm")
            time.sleep(max(0.0, began + LOCK_S - time.monotonic()))
            assert watched.ready()[0] == 200, "calls are taken and their facts kept"
            assert watched.metric("ivr_store_up") == 0
            assert watched.metric("ivr_alarm", "store") == 1
            assert (watched.metric("ivr_spool_bytes") or 0) > 1000
            assert "alarm: store: the database is locked" in watched.site.run("health").stdout
            assert sum(watched.outcomes().values()) == stored, "it was not locked"
            other.communicate("")

    tally = calls_during(watched.port, locked)
    assert len(tally.done) == tally.offered
    assert tally.offered > 10 * LOCK_S / 3
    assert max(tally.waits) < SLOWEST_S, "a caller heard of it"
    watched.wait_all_over(tally.offered)
    assert len(watched.outcomes()) == 1, "calls alike end alike, whatever the store did"
    assert {channel for (channel,) in ask(watched.site, "SELECT channel FROM contacts")} == tally.done
    wait_until(lambda: "store" not in watched.ready()[1]["alarms"], "the alarm is not taken back")
    assert watched.metric("ivr_store_up") == 1
    assert watched.metric("ivr_events_unapplied_total") == 0


def manager_of(site: Site, port: int) -> None:
    """Settings of an engine on an Asterisk of which there is a manager only."""
    site.write("queue_log", "")
    asterisk = f'[exchange]\nkind = "asterisk"\n[asterisk]\nport = {port}\nsecret = "right"\nledger_every = 0.5\n'
    site.write("ivr.toml", ALARMED + asterisk + f'queue_log = "{site.folder / "queue_log"}"\n')


def queue_log(channel: str, verb: str, *data: object) -> str:
    return (
        "|".join(map(str, (int(time.time()), channel, "lavoro", "NONE" if verb == "ENTERQUEUE" else "op1", verb, *data))) + "\n"
    )


def test_the_manager_is_away_in_the_rush_hour(tmp_path: Path) -> None:
    managers = [FakeManager()]
    port = managers[0].port
    watched = Watched(tmp_path, prepare=lambda site: manager_of(site, port))
    wait_until(lambda: watched.metric("ivr_ami_up") == 1, "it never connected")
    queued = Tally()

    async def into_the_queue() -> None:
        """Four callers whose session breaks while they wait or talk."""
        talking = [asyncio.ensure_future(call(watched.port, queued, keys="0", cut_at="Queue")) for _ in range(4)]
        await asyncio.gather(*talking)

    run(into_the_queue())
    waiting = sorted(queued.cut)
    assert len(waiting) == 4
    alive = [{"Uniqueid": channel, "Channel": f"PJSIP/t-{channel}"} for channel in waiting]
    managers[0].rows["CoreShowChannels"] = alive
    wait_until(lambda: watched.metric("ivr_contacts_open") == 4, "they are followed")

    def away() -> None:
        managers[-1].close()
        began = time.monotonic()
        wait_until(lambda: "ami" in watched.ready()[1]["alarms"], "no alarm")
        # Two ends are told by the ledger alone, two by nobody: all four are hung up in the gap.
        with (watched.site.folder / "queue_log").open("a", encoding="utf-8") as ledger:
            for channel, verb, data in ((waiting[0], "COMPLETECALLER", (3, 7, 1)), (waiting[1], "ABANDON", (1, 1, 9))):
                ledger.write(queue_log(channel, "ENTERQUEUE", "", "", 1) + queue_log(channel, verb, *data))
        wait_until(lambda: watched.metric("ivr_contacts_open") is not None and len(open_of(watched, waiting)) == 2, "the ledger")
        time.sleep(max(0.0, began + AWAY_S - time.monotonic()))
        assert watched.metric("ivr_ami_up") == 0
        assert watched.ready()[0] == 200, "calls are taken all the same"
        assert "alarm: ami: " in watched.site.run("health").stdout
        assert set(open_of(watched, waiting)) == set(waiting[2:]), "nobody can be declared gone now"
        managers.append(FakeManager(port))
        wait_until(lambda: watched.metric("ivr_ami_up") == 1, "it does not connect again")

    try:
        tally = calls_during(watched.port, away)
        assert len(tally.done) == tally.offered
        assert max(tally.waits) < SLOWEST_S
        watched.wait_all_over(tally.offered + 4)
        outcomes = watched.outcomes()
        assert outcomes["answered"] == 1, "the one the ledger tells of"
        assert outcomes["abandoned_queue"] == 3
        wait_until(lambda: "ami" not in watched.ready()[1]["alarms"], "the alarm is not taken back")
    finally:
        watched.site.close()
        managers[-1].close()


def open_of(watched: Watched, channels: list[str]) -> list[str]:
    """Those of the channels whose contact is open in the store."""
    rows = ask(watched.site, "SELECT channel FROM contacts WHERE ended IS NULL")
    return [channel for (channel,) in rows if channel in channels]


FUNCTIONS = '''
"""Functions of the trial line that take memory, or never give their thread back."""

from ivr_engine import Result

KEPT = []


def find(request):
    return Result("found", {"numero": 1}, {"ufficio": "Roma"})


def broken(request):
    taken = []
    while True:
        taken.append(bytearray(1 << 20))


def slow(request):
    KEPT.append(b"x" * (40 << 20))
    return Result("found")


def eternal(request):
    while True:
        pass
'''
GREEDY, LEAKY, ETERNAL, SERVED = "3", "6", "4", "1"


def line_of(site: Site, settings: str) -> None:
    """The trial line with those functions."""
    site.line("prova", **{"functions.py": FUNCTIONS})
    site.write("ivr.toml", settings.replace(str(LINES), str(site.folder / "lines")).replace("limit = 0.3", "limit = 5"))


def several(port: int, keys: str, calls: int) -> Tally:
    """So many calls, one after the other."""
    tally = Tally()

    async def make() -> None:
        for _ in range(calls):
            await call(port, tally, keys=keys)

    run(make())
    return tally


def test_a_function_that_allocates_without_end_fails_alone(tmp_path: Path) -> None:
    """Under the service's LimitDATA, as docs/operating.md has it."""
    watched = Watched(tmp_path, prepare=lambda site: line_of(site, ALARMED))
    try:
        pid = watched.engine.pid
        before = resident(pid)
        _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
        resource.prlimit(pid, resource.RLIMIT_DATA, ((before << 20) + (700 << 20), hard))
        greedy = Tally()

        def take_all() -> None:
            nonlocal greedy
            greedy = several(watched.port, GREEDY, 6)

        tally = calls_during(watched.port, take_all)
        assert watched.engine.alive()
        assert len(tally.done) == tally.offered > 10
        assert max(tally.waits) < SLOWEST_S
        assert len(greedy.done) == 6, "they go to an operator and come back from there"
        assert watched.metric("ivr_breaker", "prova", "broken") == 2
        failed = watched.site.json("health")["health"]["prova"]["broken"]
        assert failed["error"] == "MemoryError"
        assert resident(pid) < before + 300, "what it took is given back"
        assert watched.site.json("call", TRIAL, "--keys", SERVED)["outcome"] == "served_by_ivr"
    finally:
        watched.site.close()


def resident(pid: int) -> int:
    """MiB of a process in memory."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * resource.getpagesize() >> 20


def test_a_leak_is_told_before_it_does_harm(tmp_path: Path) -> None:
    watched = Watched(tmp_path, prepare=lambda site: line_of(site, ALARMED + "memory_mib = 400\n"))
    try:
        assert watched.ready() == (200, {"ready": True, "calls": True, "spool": True, "memory": True, "alarms": {}})
        assert resident(watched.engine.pid) < 350
        leaking = several(watched.port, LEAKY, 10)
        assert len(leaking.done) == 10
        wait_until(lambda: "memory" in watched.ready()[1]["alarms"], "no alarm")
        code, told = watched.ready()
        assert (code, told["memory"], told["calls"]) == (503, False, True)
        assert "more than the 400 of alarms.memory_mib" in told["alarms"]["memory"]
        assert watched.metric("ivr_alarm", "memory") == 1
    finally:
        watched.site.close()


def test_functions_that_never_return_cost_their_own_line_only(tmp_path: Path) -> None:
    """Not even the interpreter's lock is theirs for long: they compute."""
    watched = Watched(tmp_path, prepare=lambda site: line_of(site, ALARMED.replace("limit = 0.3", "limit = 1")))
    try:
        stuck: list[Any] = []
        tally = calls_during(watched.port, lambda: stuck.append(several(watched.port, ETERNAL, 4)))
        assert len(tally.done) == tally.offered
        assert len(stuck[0].done) == 4
        assert max(tally.waits) < SLOWEST_S
        assert watched.metric("ivr_pool_threads", "prova", "free") == 0
        assert watched.site.json("call", TRIAL, "--keys", SERVED)["outcome"] == "served_by_ivr"
    finally:
        watched.site.close()


@pytest.mark.timeout(200)
def test_two_minutes_of_calls_leave_the_engine_as_it_was(soaked: Callable[[], tuple[int, str]]) -> None:
    code, told = soaked()
    assert code == 0, told
