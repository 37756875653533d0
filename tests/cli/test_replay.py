"""`ivr replay` and `ivr staffing` as they are used: a year played again, interrupted, gone on with, refused."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import ContactStarted, Outcome
from ivr_engine.records.store import Store
from ivr_engine.reports.replay_plan import CO, Plan
from ivr_engine.reports.replay_tables import load_tables

from .site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(180)
MONTH, SCALE = 8, 60
LONG_S = 150.0  # on a machine that does other things too
COMMAND = ("replay", "2011", "--month", f"{MONTH}", "--scale", f"{SCALE}")


def outcomes(site: Site) -> dict[tuple[str, Outcome], int]:
    """Counted from the journal alone: a contact's last line and its end."""
    with contextlib.closing(sqlite3.connect(site.data / "ivr.db")) as connection:
        rows = connection.execute(
            "SELECT c.line, json_extract(j.data, '$.outcome'), count(*) FROM journal j JOIN contacts c ON c.id = j.contact"
            " WHERE j.kind = 'ContactEnded' AND c.medium = 'phone' GROUP BY 1, 2"
        ).fetchall()
    return {(line, Outcome(outcome)): count for line, outcome, count in rows}


def journals(site: Site) -> list[list[str]]:
    """Every call as it went, without what differs each time: ids, and which of the operators took it."""
    with contextlib.closing(sqlite3.connect(site.data / "ivr.db")) as connection:
        rows = connection.execute(
            "SELECT c.id, j.at, j.kind, json_extract(j.data, '$.step'), json_extract(j.data, '$.prompt'),"
            " json_extract(j.data, '$.outcome') FROM journal j JOIN contacts c ON c.id = j.contact"
            " WHERE c.medium = 'phone' ORDER BY c.id, j.seq"
        ).fetchall()
    calls: dict[str, list[str]] = {}
    for contact, *what in rows:
        calls.setdefault(contact, []).append(" ".join(map(str, what)))
    return sorted(calls.values())


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("replay"))
    assert "ESTIMATES" in play(site)
    yield site
    site.close()


def play(site: Site) -> str:
    """To its end; what it said."""
    running = site.start(*COMMAND)
    assert running.wait(LONG_S) == 0, running.text
    return running.text


def test_the_journal_holds_what_was_planned(played: Site) -> None:
    plan = Plan(load_tables(2011), scale=SCALE)
    assert outcomes(played) == plan.expected([MONTH])
    assert outcomes(played)[CO, Outcome.SERVED_BY_IVR] == 34
    with contextlib.closing(sqlite3.connect(played.data / "ivr.db")) as connection:
        (mails,) = connection.execute("SELECT count(*) FROM contacts WHERE medium = 'email'").fetchone()
        (answered,) = connection.execute("SELECT count(DISTINCT contact) FROM journal WHERE kind = 'OperatorAnswered'").fetchone()
        cases = connection.execute("SELECT count(*), min(number) FROM cases").fetchone()
    assert mails == plan.counts(MONTH)["email"] == 6
    assert answered == sum(count for (_, outcome), count in outcomes(played).items() if outcome is Outcome.ANSWERED) + mails
    assert cases[0] > 0
    assert cases[1] == "2011-000001"
    assert not (played.data / "replay").exists()


KILLED = f"""
import os, signal
from ivr_engine import config
from ivr_engine.engine.replay import Replay
from ivr_engine.reports.replay_plan import Plan
from ivr_engine.reports.replay_tables import load_tables

calls = 0

def told(count):
    global calls
    calls += count
    if calls > 20:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    Replay(config.load(None), Plan(load_tables(2011), scale={SCALE}), ({MONTH},), 1, told).run()
"""


def test_killed_in_the_middle_it_goes_on_and_comes_to_the_same(played: Site, site: Site) -> None:
    """With another number of processes, too; and a third time there is nothing left to play."""
    killed = subprocess.run([sys.executable, site.write("killed.py", KILLED)], cwd=site.folder, timeout=LONG_S, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert _in_the_spool(site) or journals(site)
    assert len(journals(site)) < len(journals(played))
    first = {tuple(call) for call in journals(site)}
    play(site)
    assert journals(site) == journals(played)
    assert first <= {tuple(call) for call in journals(site)}
    play(site)
    assert journals(site) == journals(played)


def _in_the_spool(site: Site) -> int:
    """Calls that were played, whether committed already or not."""
    return sum(path.read_text("utf-8").count("ContactEnded") for path in (site.data / "spool").glob("*.jsonl"))


def test_what_is_refused(played: Site, site: Site) -> None:
    assert "there is no month 13" in site.refused("replay", "2011", "--month", "13")
    assert "no tables of 2012 are shipped" in site.refused("replay", "2012")
    assert "--scale 0 is out of range" in site.refused("replay", "2011", "--scale", "0")
    assert "this store holds another replay" in told(played, *COMMAND, "--seed", "2")


def test_real_contacts_are_never_mixed_with(site: Site) -> None:
    store = Store(site.data)
    store.start()
    store.record(ContactStarted("REAL", 1.8e9, "lavoro", "", "virtual", "1.1", "", "", "it"))
    assert "another engine" in told(site, *COMMAND)
    assert store.close()
    assert "holds real contacts" in told(site, *COMMAND)


def told(site: Site, *command: str) -> str:
    """The sentence of a replay that is refused, after its warning."""
    done = site.run(*command)
    assert done.returncode == 2, done.stdout + done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ivr: ")
    return last


def test_staffing_from_what_was_recorded(played: Site) -> None:
    command = ("staffing", "--from", "2011-08-01", "--until", "2011-08-31", "--handling", "5", "--format", "json")
    whole = json.loads(played.run(*command).stdout)
    operators = sum(count for (_, outcome), count in outcomes(played).items() if outcome is not Outcome.SERVED_BY_IVR)
    days = int(next(words for words in whole["assumptions"] if "recorded days" in words).split()[3])
    assert sum(map(sum, whole["half_hours"].values())) * days == pytest.approx(operators)
    assert whole["points"][0]["enough"]
    assert "no calls to operators" in played.refused("staffing", "--from", "2012-08-01")


def test_staffing_out(site: Site) -> None:
    assert site.run("staffing", "--format", "svg", "--out", "curva.svg", "--handling", "5").returncode == 0
    assert (site.folder / "curva.svg").read_text(encoding="utf-8").startswith("<svg")
    lines = site.run("staffing", "--format", "csv", "--handling", "3-12").stdout.splitlines()
    assert len(lines) == 41
    assert lines[0].startswith("minutes,shrinkage,on_duty")
    volume = ("--calls", "100", "--operators", "13", "--handling", "3", "--shrinkage", "0", "--patience", "86400")
    table = site.run("staffing", *volume).stdout
    assert "79.6%" in table
    assert "Assumptions:" in table


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--month", "2011-13"), "'2011-13' is no month"),
        (("--month", "2012-01"), "no tables of 2012"),
        (("--calls", "0"), "--calls 0 is out of range"),
        (("--calls", "5", "--month", "2011-01"), "exclude each other"),
        (("--until", "2011-01-01"), "go with --from"),
        (("--from", "ieri"), "'ieri' is no day"),
        (("--from", "2011-01-01", "--until", "9999-12-31"), "'9999-12-31' is beyond the calendar"),
        (("--handling", "0"), "'0' are no numbers"),
        (("--handling", "3-999999999999"), "'3-999999999999' are no numbers"),
        (("--shrinkage", "99"), "'99' are no numbers from 0 to 95"),
        (("--operators", "0"), "--operators 0 is out of range"),
        (("--simulate", "lavoro=18"), "nobody serves"),
        (("--simulate", "posta=18"), "'posta=18' is no group"),
    ],
)
def test_staffing_refusals(site: Site, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in site.refused("staffing", *arguments)
