"""A whole engine, as a process that a monitoring server watches: its ports, its metrics, its store."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families

from ..cli.site import SETTINGS, Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAIT_S = 60.0
OBSERVED = SETTINGS.replace("[agi]", "[agi]\nheader_timeout = 1") + "[observe]\nenabled = true\nport = 0\n"
ALARMED = OBSERVED + "[alarms]\nevery = 0.1\nafter = 0.3\nwell_after = 0.3\n"
PORTS = {"agi": "waits for calls on ", "console": "console: http://", "observe": "metrics: http://"}


def port_of(engine: Any, what: str) -> int:
    """The port in a line of the greeting."""
    return int(engine.wait_for(what).split(what)[1].split("127.0.0.1:")[1].split("/")[0].split(" ")[0].rstrip("."))


def wait_until(true: Callable[[], bool], what: str, timeout: float = WAIT_S) -> None:
    """Ask again and again; what cannot be awaited. Raises AssertionError."""
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def ask(site: Site, query: str) -> list[tuple[Any, ...]]:
    """Rows of the site's database."""
    with contextlib.closing(sqlite3.connect(site.data / "ivr.db", timeout=10)) as database:
        return database.execute(query).fetchall()


def fetched(address: str) -> tuple[int, str]:
    """Code and body of a page."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class Watched:
    """An engine of a site of its own, started."""

    def __init__(self, folder: Path, settings: str = ALARMED, *, prepare: Callable[[Site], object] = lambda _site: None) -> None:
        self.site = Site(folder, settings)
        prepare(self.site)
        self.start()

    def start(self) -> None:
        """Serve; again, if it was ended."""
        self.engine = self.site.start("serve")
        self.port = port_of(self.engine, PORTS["agi"])
        self._base = f"http://127.0.0.1:{port_of(self.engine, PORTS['observe'])}"

    def get(self, path: str) -> tuple[int, str]:
        """Code and body of a page of the port for monitoring."""
        return fetched(self._base + path)

    def ready(self) -> tuple[int, dict[str, Any]]:
        """/readyz."""
        code, body = self.get("/readyz")
        return code, json.loads(body)

    def metric(self, name: str, *labels: str) -> float | None:
        """Its value now; None when there is none."""
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                if sample.name == name and sorted(sample.labels.values()) == sorted(labels):
                    return sample.value
        return None

    def outcomes(self) -> dict[str | None, int]:
        """Contacts by outcome, as the store has them; None: still open."""
        return dict(ask(self.site, "SELECT outcome, count(*) FROM contacts GROUP BY outcome"))

    def wait_all_over(self, offered: int) -> None:
        """Until the store has so many contacts, each ended."""

        def over() -> bool:
            outcomes = self.outcomes()
            return None not in outcomes and sum(outcomes.values()) >= offered

        wait_until(over, f"{offered} calls were offered, the store has {self.outcomes()}")
        assert sum(self.outcomes().values()) == offered
