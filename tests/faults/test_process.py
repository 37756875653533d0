"""A whole engine, as a process, under attack: killed, flooded, its disk full. Longer: IVR_FAULT_ROUNDS and IVR_FAULT_CALLS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ..cli.site import TRIAL, Site
from .load import Tally, call, run
from .watched import OBSERVED, PORTS, ask, port_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = int(os.environ.get("IVR_FAULT_ROUNDS", "2"))
CALLS = int(os.environ.get("IVR_FAULT_CALLS", "60"))


@pytest.fixture
def site(tmp_path: Any) -> Iterator[Site]:
    site = Site(tmp_path, OBSERVED)
    yield site
    site.close()


async def rush(port: int, tally: Tally, calls: int, until: float, killing: Callable[[], None]) -> None:
    """So many callers, each calling again as soon as the call is over; then the end of the engine."""
    over = False

    async def caller() -> None:
        while not over:
            await call(port, tally, pace=0.02)
            await asyncio.sleep(0.01)

    callers = [asyncio.ensure_future(caller()) for _ in range(calls)]
    await asyncio.sleep(until)
    killing()
    over = True
    await asyncio.gather(*callers)


def test_killed_at_any_moment_under_many_calls(site: Site) -> None:
    chance, tally = random.Random(7), Tally()
    for _ in range(ROUNDS):
        engine = site.serve()
        port = port_of(engine, "waits for calls on ")
        run(rush(port, tally, CALLS, 0.5 + chance.random() * 1.5, lambda: engine.signal(signal.SIGKILL)))  # noqa: B023
        engine.wait()
    assert len(tally.cut) > ROUNDS * CALLS / 4, "there were calls in progress"
    site.serve()
    open_now = "SELECT count(*) FROM contacts WHERE ended IS NULL"
    wait_until(lambda: ask(site, open_now) == [(0,)], "contacts without a live channel stay open")
    rows = ask(site, "SELECT channel, id, outcome FROM contacts")
    by_channel = {channel: contact for channel, contact, _outcome in rows}
    assert len(by_channel) == len(rows), "a call is there twice"
    missing = {channel for channel, contact in tally.contacts.items() if by_channel.get(channel) != contact}
    assert missing == set(), "acknowledged, and not in the store"
    assert len(tally.contacts) <= len(rows) <= tally.offered
    kinds = "SELECT count(*) FROM journal WHERE kind = '{}' GROUP BY contact HAVING count(*) != 1"
    for kind in ("ContactStarted", "ContactEnded"):
        assert ask(site, kinds.format(kind)) == []
        assert ask(site, f"SELECT count(DISTINCT contact) FROM journal WHERE kind = '{kind}'") == [(len(rows),)]
    outcomes = Counter(outcome for _channel, _contact, outcome in rows)
    assert None not in outcomes
    assert outcomes.total() == len(rows)
    gaps = "SELECT contact FROM journal GROUP BY contact HAVING count(*) != max(seq)"
    assert ask(site, gaps) == []


def test_calls_go_on_while_every_port_is_flooded(site: Site) -> None:
    engine = site.serve()
    ports = {name: port_of(engine, text) for name, text in PORTS.items()}
    attacked, held = Tally(), []

    async def attack() -> None:
        for port in ports.values():
            for number in range(150):
                with contextlib.suppress(OSError):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    held.append((port, reader, writer))
                    writer.write(b"GET /" if number % 3 else b"\xff" * 1000)
        for _ in range(20):
            for _port, _reader, writer in held[::5]:
                with contextlib.suppress(OSError):
                    writer.write(b"x")  # the slow kind
            await asyncio.sleep(0.05)

    async def both() -> None:
        await asyncio.gather(attack(), *(call(ports["agi"], attacked, pace=0.01) for _ in range(30)))
        for port, reader, writer in held:
            if port == ports["agi"]:
                with contextlib.suppress(OSError):
                    while await asyncio.wait_for(reader.read(100), 30):
                        pass  # until the engine has cut it off
            writer.close()

    run(both())
    assert len(held) > 300
    assert len(attacked.done) == attacked.offered == 30
    status = site.json("health")
    assert status["calls"]["failed"] == status["calls"]["refused"] == 0
    assert site.json("call", TRIAL, "--keys", "1")["outcome"] == "served_by_ivr"


def test_a_full_disk_costs_no_call_and_no_fact(site: Site) -> None:
    engine = site.serve()
    soft, hard = resource.prlimit(engine.pid, resource.RLIMIT_FSIZE)
    before = site.json("call", TRIAL, "--keys", "1")["contact"]
    resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (1, hard))  # no file may grow: as on a full disk
    during = site.json("call", TRIAL, "--keys", "1")
    assert during["outcome"] == "served_by_ivr"
    assert site.json("health")["spool"]["in_memory"] > 5
    resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (soft, hard))
    wait_until(lambda: site.json("health")["spool"]["in_memory"] == 0, "what waits in memory is not written")
    after = site.json("call", TRIAL, "--keys", "1")["contact"]
    engine.signal()
    assert engine.wait() == 0
    assert {row["id"] for row in site.json("contacts", "list")} == {before, during["contact"], after}
    whole = "SELECT count(*) FROM journal WHERE contact = '{}'"
    assert len({tuple(ask(site, whole.format(contact))) for contact in (before, during["contact"], after)}) == 1
