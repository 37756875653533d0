"""The engine's life: leaving in good order, dying, coming back, and a store that is locked meanwhile."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .site import SETTINGS, TRIAL

if TYPE_CHECKING:
    from .site import Site

LONG_TALK = SETTINGS.replace("talk = 0.3", "talk = 60")


def test_sigterm_waits_for_who_is_in_a_menu_and_then_ends(site: Site) -> None:
    engine = site.serve()
    caller = site.start("phone", TRIAL)
    caller.wait_for("Risposta, 1.")
    engine.signal()
    engine.wait_for("leaving: no new calls")
    assert engine.alive(), "somebody is in a menu"
    caller.type("1").wait_for("Questa è una risposta")
    assert engine.wait() == 0
    (row,) = [row for row in site.json("contacts", "list") if row["outcome"] == "served_by_ivr"]
    assert row["cause"] == "goodbye"


def test_sigterm_does_not_wait_for_a_talk(site: Site) -> None:
    site.write("ivr.toml", LONG_TALK)
    engine = site.serve()
    caller = site.start("phone", TRIAL)
    caller.wait_for("Risposta, 1.")
    caller.type("0").wait_for("op1 answers")
    engine.signal()
    assert engine.wait() == 0
    (row,) = site.json("contacts", "list")
    assert (row["outcome"], row["cause"]) == ("answered", "exchange_lost"), "it was not the caller who hung up"


def test_a_second_signal_ends_at_once(site: Site) -> None:
    engine = site.serve()
    caller = site.start("phone", TRIAL)
    caller.wait_for("Risposta, 1.")
    engine.signal()
    engine.wait_for("leaving: no new calls")
    for _ in range(3):
        engine.signal()
    assert engine.wait() == 0
    assert "Traceback" not in engine.text


def test_after_a_kill_no_contact_is_missing_and_none_stays_open(site: Site) -> None:
    site.write("ivr.toml", LONG_TALK)
    engine = site.serve()
    watch = site.start("watch")
    watch.wait_for("watching")
    talking, listening = site.start("phone", TRIAL), site.start("phone", TRIAL)
    talking.wait_for("Risposta, 1.")
    talking.type("0").wait_for("op1 answers")
    listening.wait_for("Risposta, 1.")
    watch.wait_for("OperatorAnswered")
    engine.signal(signal.SIGKILL)
    engine.wait()
    again = site.serve()
    watch = site.start("watch")
    again.wait_for("followed to their end")
    for outcome in ("answered", "abandoned_ivr"):
        watch.wait_for(f"outcome={outcome}")
    again.signal()
    again.wait()
    rows = site.json("contacts", "list")
    assert {(row["outcome"], row["cause"]) for row in rows} == {("answered", "engine_lost"), ("abandoned_ivr", "engine_lost")}
    assert len(rows) == 2
    assert len(site.json("cases", "list")) == 1


@pytest.mark.parametrize("keys", ["0", "1"])
def test_a_locked_store_costs_the_caller_nothing_and_the_record_nothing(site: Site, keys: str) -> None:
    engine = site.serve()
    lock = sqlite3.connect(site.data / "ivr.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    called = site.json("call", TRIAL, "--keys", keys, "--from", "+390612345678")
    assert called["outcome"] == ("answered" if keys == "0" else "served_by_ivr")
    lock.execute("ROLLBACK")
    lock.close()
    engine.signal()
    assert engine.wait() == 0
    (row,) = site.json("contacts", "list")
    kinds = [entry["kind"] for entry in site.json("contacts", "show", row["id"])["journal"]]
    assert (kinds[0], kinds[-1]) == ("ContactStarted", "ContactEnded")
    assert kinds.count("ContactStarted") == kinds.count("ContactEnded") == 1
    assert len(site.json("cases", "list")) == (keys == "0")


def test_no_call_waits_for_what_it_does_not_need() -> None:
    """A restart opens its port before all that is loaded, and the callers of that moment are not refused."""
    late = {"klein", "jinja2", "numpy", "prometheus_client", "soundfile", "soxr", "ivr_engine.console", "ivr_engine.observe"}
    code = "import sys, ivr_engine.cli.serve; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert "ivr_engine.engine.wiring" in loaded
    assert late & set(loaded) == set()
