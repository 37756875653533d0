"""`ivr report` and `ivr figures` as people run them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from ivr_engine.clock import ROME
from ivr_engine.events import Cause, ContactEnded, ContactStarted, Outcome
from ivr_engine.records.store import Store, StoreReader

from .site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One call of January 2026, served by IVR."""
    site = Site(tmp_path_factory.mktemp("site"))
    at = datetime(2026, 1, 7, 10, tzinfo=ROME).timestamp()
    store = Store(site.data)
    store.start()
    store.record(ContactStarted("C1", at, "comunicazioni_obbligatorie", "", "virtual", "ch", "", "", "it"))
    store.record(ContactEnded("C1", at + 9, Cause.CALLER, Outcome.SERVED_BY_IVR))
    assert store.close()
    yield site
    site.close()


def test_the_tables_come_out_and_a_month_is_closed(site: Site) -> None:
    done = site.run("report", "ministry", "--year", "2026", "--month", "1", "--format", "json")
    table = json.loads(done.stdout)["tables"][1]
    assert [cell["value"] for cell in table["rows"][0]] == ["GENNAIO 2026", 1, 1, 0, 0, None]
    done = site.run("report", "service", "--year", "2026", "--output", "service.pdf", "--format", "pdf")
    assert "service.pdf is written" in done.stdout
    assert (site.folder / "service.pdf").read_bytes().startswith(b"%PDF-")
    done = site.run("report", "close", "--year", "2026", "--month", "1")
    assert "month 2026-01 is closed, sha256 " in done.stdout


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["ministry", "--year", "2026", "--month", "13"], "there is no month 13"),
        (["ministry", "--year", "2025"], "there are no contacts of 2025 (there are some of 2026)"),
        (["ministry", "--year", "123456"], "there is no year 123456"),
        (["service", "--year", "2026", "--line", "nessuna"], "there is no line 'nessuna'"),
        (["ministry", "--year", "2026", "--line", "lavoro"], "of all lines together"),
        (["cases", "--year", "2026", "--output", "no/such/folder", "--format", "csv"], "cannot be written"),
        (["close", "--year", "2026", "--month", "2"], "there are no contacts of 2026-02"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(site: Site, asked: list[str], sentence: str) -> None:
    done = site.run("report", *asked)
    assert done.returncode == 2
    assert done.stderr.startswith("ivr: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_figures_are_checked_and_counted_anew(site: Site) -> None:
    assert "add up, and are as the journal says" in site.run("figures", "check").stdout
    with StoreReader(site.data).administration.change() as connection:
        connection.execute("DELETE FROM figures WHERE span = 'day'")
    done = site.run("figures", "check")
    assert done.returncode == 2
    assert "2026-01-07: 1 contacts were offered, but 0 are counted and 0 open" in done.stdout
    assert "1 rows of the figures differ" in done.stdout
    assert "1 contacts are counted anew" in site.run("figures", "rebuild").stdout
    assert site.run("figures", "check", "--quick").returncode == 0
