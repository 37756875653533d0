"""An engine at work, as those see it who look after it: metrics, health, trail, alarms; and no number in its log."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ..cli.site import SETTINGS, TRIAL, Site
from ..faults.load import Tally, call, run
from ..faults.watched import fetched

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD, SECRET, NUMBER = "una-parola-segreta", "s3gret0-ami", "+390655501234"


class Observed:
    def __init__(self, site: Any) -> None:
        told = site.folder / "told"
        site.write(
            "ivr.toml",
            SETTINGS.replace("[engine]", '[engine]\nlog_level = "debug"\nlog_format = "json"')
            + f"""
[asterisk]
secret = "{SECRET}"
[observe]
enabled = true
port = 0
[alarms]
command = ["{sys.executable}", "-c", "import sys; open({str(told)!r}, 'a').write(sys.stdin.read() + chr(10))"]
every = 0.1
after = 0.3
well_after = 0.3
""",
        )
        self.site, self.told = site, told
        self.engine = site.serve()
        site.run("users", "add", "ada", "--role", "administrator")
        assert site.run("users", "password", "ada", "--password", PASSWORD).returncode == 0
        self.base = self.engine.wait_for("metrics: ").split("metrics: ")[1].removesuffix("/metrics")
        self.console = self.engine.wait_for("console: ").split("console: ")[1]

    def get(self, path: str) -> tuple[int, str]:
        return fetched(self.base + path)

    def metrics(self) -> dict[tuple[str, ...], float]:
        """(name, label values…) → value."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}

    def calls(self, number: int, keys: str) -> None:
        """Calls one after the other, as an Asterisk makes them."""
        port = int(self.engine.wait_for('"port": ').split('"port": ')[1].split(",")[0].rstrip("}"))

        async def make() -> None:
            for _ in range(number):
                await call(port, Tally(), keys=keys)

        run(make())

    def wait_told(self, text: str) -> None:
        """Wait until the alarms' command was told that."""
        deadline = time.monotonic() + 30
        while not self.told.exists() or text not in self.told.read_text():
            assert time.monotonic() < deadline, "nobody was told"
            time.sleep(0.1)

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.engine.lines if line.startswith("{")]


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    site = Site(tmp_path_factory.mktemp("observed"))
    yield Observed(site)
    site.close()


def test_metrics_say_what_happened(observed: Observed) -> None:
    before = observed.metrics()
    assert before["ivr_store_up",] == before["ivr_ami_up",] == 1
    observed.site.json("call", TRIAL, "--keys", "1", "--from", NUMBER)
    after = observed.metrics()
    name = ("ivr_contacts_total", "prova", "served_by_ivr")
    assert after[name] == before.get(name, 0) + 1
    assert after["ivr_sessions_total", "served"] == before["ivr_sessions_total", "served"] + 1
    assert after["ivr_events_committed_total",] >= before["ivr_events_committed_total",]
    thought = after["ivr_think_seconds_count",] - before["ivr_think_seconds_count",]
    assert 5 < thought < 100
    assert after["ivr_think_seconds_bucket", "+Inf"] == after["ivr_think_seconds_count",]
    assert 0 < after["ivr_think_seconds_sum",] < 60
    assert after["ivr_pool_threads", "prova", "free"] == 2
    assert after["process_resident_memory_bytes",] > 10_000_000
    assert not [name for name in after if NUMBER in name or "3" * 6 in str(name)]


def test_health_and_readiness(observed: Observed) -> None:
    assert observed.get("/healthz") == (200, '{"status":"ok"}\n')
    code, body = observed.get("/readyz")
    assert (code, json.loads(body)["ready"]) == (200, True)
    assert observed.get("/other")[0] == 404


def test_a_contact_is_followed_through_the_log_by_its_id(observed: Observed) -> None:
    contact = observed.site.json("call", TRIAL, "--keys", "0", "--from", NUMBER)["contact"]
    observed.engine.wait_for(f'"{contact}"')
    trail = [entry["event"] for entry in observed.log() if entry.get("contact") == contact]
    for fact in ("ContactStarted", "StepEntered", "PromptHeard", "QueueEntered", "OperatorRang", "OperatorAnswered"):
        assert fact in trail
    assert trail[-1] in {"contact ended", "CaseTouched"}
    broken = observed.site.json("call", TRIAL, "--keys", "3", "--from", NUMBER)["contact"]
    observed.engine.wait_for('"function failed"')
    (failed,) = [entry for entry in observed.log() if entry["event"] == "function failed" and entry["contact"] == broken]
    assert failed["function"] == "broken", "from a thread of the line's own"


def test_alarms_are_told_and_taken_back(observed: Observed) -> None:
    observed.calls(5, "3")
    lock = sqlite3.connect(observed.site.data / "ivr.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    observed.calls(1, "1")
    observed.engine.wait_for('"component": "store"')
    raised = json.loads(observed.get("/readyz")[1])["alarms"]
    assert raised["store"].startswith("the database is locked")
    assert "breaker prova.broken" in raised
    assert observed.metrics()["ivr_alarm", "store"] == 1
    assert "alarm: store: the database is locked" in observed.site.run("health").stdout
    lock.execute("ROLLBACK")
    lock.close()
    observed.engine.wait_for("alarm taken back")
    observed.wait_told('"cleared"')
    notices = [json.loads(line) for line in observed.told.read_text().splitlines()]
    states = [(notice["alarm"], notice["state"]) for notice in notices]
    assert ("breaker prova.broken", "raised") in states
    assert states.index(("store", "raised")) < states.index(("store", "cleared"))


def test_neither_numbers_nor_inputs_nor_secrets_reach_the_log(observed: Observed) -> None:
    observed.site.json("call", TRIAL, "--keys", "2 20121# 1", "--from", NUMBER)
    for password in ("sbagliata-" + PASSWORD, PASSWORD):
        form = urllib.parse.urlencode({"name": "ada", "password": password}).encode()
        try:
            urllib.request.urlopen(observed.console + "sign-in", form, timeout=20).close()
        except urllib.error.HTTPError as error:
            error.close()
    status = observed.site.run("health", "--json").stdout
    assert len(observed.log()) > 50, "there is something to look through"
    key = (observed.site.data / "secret.key").read_text()
    for text in (observed.engine.text, observed.get("/metrics")[1], observed.told.read_text(), status):
        for hidden in (PASSWORD, SECRET, key, NUMBER, NUMBER[3:], "20121"):
            assert hidden not in text
