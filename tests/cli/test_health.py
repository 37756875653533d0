"""`ivr health`: what the running engine says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .site import TRIAL

if TYPE_CHECKING:
    from .site import Site


def test_a_function_and_its_breaker(running: Site) -> None:
    assert running.run("call", TRIAL, "--keys", "3 !").returncode == 0
    told = running.run("health")
    assert told.returncode == 0, told.stderr
    row = next(line.split() for line in told.stdout.splitlines() if line.split()[:2] == ["prova", "broken"])
    assert row[2:7] == ["closed", "0", "1", "0", "0"]
    everything = running.json("health")
    assert everything["health"]["prova"]["broken"]["failed"] == 1
    assert everything["versions"]["prova"] == 1


def test_nobody_answers_where_no_engine_runs(site: Site) -> None:
    assert "no engine runs" in site.refused("health")
