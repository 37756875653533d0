"""How long reports take: of a year of 100,000 contacts, and of a store with ten million (made in bulk, without their journals).

python benchmarks/reports.py [CONTACTS ...]   (default: 100000 10000000; the larger one needs 4 GB and many minutes)
"""

from __future__ import annotations

import random
import resource
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from ivr_engine.clock import ROME
from ivr_engine.config import ReportsSection
from ivr_engine.events import Outcome
from ivr_engine.records.figures import Facts, _Tally
from ivr_engine.records.schema import migrate
from ivr_engine.reports.making import make
from ivr_engine.reports.period import Period

LINES = ("lavoro", "sociale", "tfr_cliclavoro", "comunicazioni_obbligatorie")
PER_YEAR = 1_000_000  # a national agency's


def fill(path: Path, contacts: int) -> int:
    """Contacts spread over years of at most PER_YEAR; the last year."""
    chance, years = random.Random(7), max(1, contacts // PER_YEAR)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        migrate(Database(connection))
        connection.execute("BEGIN")
        tally, rows = _Tally(connection), []
        for number in range(contacts):
            year = 2026 - years + 1 + number * years // contacts
            start = datetime(year, 1, 1, tzinfo=ROME).timestamp()
            started = round((start + chance.random() * 365 * 86400) * 1000)
            line, outcome = chance.choice(LINES), chance.choice(list(Outcome))
            queued = outcome in (Outcome.ANSWERED, Outcome.ABANDONED_QUEUE)
            article = f"A{chance.randrange(12):02d}" if not queued else ""
            facts = Facts(
                started, "phone", line, outcome, f"{line}/{article}" if article else "", queued=queued, wait_s=number % 90
            )
            facts.talk_s = 200 if outcome is Outcome.ANSWERED else 0
            tally.add(facts)
            key = f"{chance.randrange(contacts):x}"
            own = (f"C{number:09d}", "phone", line, key, started, started + 1, outcome.value, line if queued else "")
            rows.append((*own, number % 90, facts.talk_s, line if article else "", article))
            if len(rows) == 100_000 or number == contacts - 1:
                connection.executemany(
                    "INSERT INTO contacts (id, medium, line, caller_key, started, ended, outcome, queue, wait_s, talk_s,"
                    " answer_line, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )
                rows.clear()
        tally.flush()
        connection.execute("COMMIT")
    return 2026


def main() -> None:
    """Each report in a connection of its own."""
    for contacts in [int(arg) for arg in sys.argv[1:]] or [100_000, 10_000_000]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ivr.db"
            began = time.perf_counter()
            year = fill(path, contacts)
            print(f"{contacts} contacts, {path.stat().st_size >> 20} MB, made in {time.perf_counter() - began:.0f} s")
            for kind, period in (
                ("ministry", Period(year)),
                ("ministry", Period(year, 11)),
                ("service", Period(year, 11)),
                ("service", Period(year)),
            ):
                with closing(sqlite3.connect(path)) as connection:
                    connection.row_factory = sqlite3.Row
                    before, worked = time.perf_counter(), time.process_time()
                    make(connection, kind, period, ReportsSection(), time.time())
                    took, worked = time.perf_counter() - before, time.process_time() - worked
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
                print(f"  {kind:9} {period!s:8} {took:6.2f} s, {worked:.2f} s of processor  (process's peak so far {peak} MB)")


if __name__ == "__main__":
    main()
