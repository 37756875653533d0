"""How long reports take: of a year of 100,000 contacts, and of a store with ten million (made in bulk, three events each).

python -m benchmarks.reports [CONTACTS ...]   (default: 100000 10000000; the larger one needs 8 GB and many minutes)

Cold: before each report the system forgets what it has read of the file (needs root; it says so where it cannot).
"""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks.results import keep
from ivr_engine.clock import ROME
from ivr_engine.config import ReportsSection
from ivr_engine.events import Cause, ContactEnded, ContactStarted, Outcome, PromptHeard
from ivr_engine.records.codec import journal_data
from ivr_engine.records.figures import Facts, _Tally
from ivr_engine.records.schema import migrate
from ivr_engine.reports.making import make
from ivr_engine.reports.period import Period

LINES = ("lavoro", "sociale", "tfr_cliclavoro", "comunicazioni_obbligatorie")
PER_YEAR = 1_000_000  # a national agency's
_JOURNAL = [
    (place, type(event).__name__, journal_data(event))
    for place, event in enumerate(
        (
            ContactStarted("", 0.0, "lavoro", "800196001", "virtual", "1700000000.1", "0123456789abcdef", "mobile", "it"),
            PromptHeard("", 0.0, "benvenuto", "lavoro.benvenuto", 4000, 4000),
            ContactEnded("", 0.0, Cause.CALLER, Outcome.ABANDONED_IVR),
        ),
        1,
    )
]


def fill(path: Path, contacts: int) -> int:
    """Contacts spread over years of at most PER_YEAR; the last year."""
    chance, years = random.Random(7), max(1, contacts // PER_YEAR)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        migrate(connection)
        named = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'contacts' AND sql IS NOT NULL"
        indexes = connection.execute(named).fetchall()
        for index in indexes:  # made again when all is in
            connection.execute(f"DROP INDEX {index['name']}")
        connection.execute("BEGIN")
        tally, rows, events = _Tally(connection), [], []
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
            events += [(own[0], place, started + place, kind, data) for place, kind, data in _JOURNAL]
            if len(rows) == 100_000 or number == contacts - 1:
                connection.executemany(
                    "INSERT INTO contacts (id, medium, line, caller_key, started, ended, outcome, queue, wait_s, talk_s,"
                    " answer_line, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )
                connection.executemany("INSERT INTO journal (contact, seq, at, kind, data) VALUES (?, ?, ?, ?, ?)", events)
                rows.clear()
                events.clear()
        tally.flush()
        connection.execute("COMMIT")
        for index in indexes:
            connection.execute(index["sql"])
        connection.execute("PRAGMA journal_mode=WAL")
    return 2026


def forget(path: Path) -> bool:
    """Whether the system forgot what it had read of the file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    try:
        Path("/proc/sys/vm/drop_caches").write_text("1")
    except OSError:
        return False
    return True


def main() -> None:
    """Each report in a connection of its own."""
    figures = {}
    for contacts in [int(arg) for arg in sys.argv[1:]] or [100_000, 10_000_000]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ivr.db"
            began = time.perf_counter()
            year = fill(path, contacts)
            size = path.stat().st_size >> 20
            print(f"{contacts} contacts, {size} MB, made in {time.perf_counter() - began:.0f} s", flush=True)
            took, cold = {}, False
            for kind, period in (
                ("ministry", Period(year)),
                ("ministry", Period(year, 11)),
                ("service", Period(year, 11)),
                ("service", Period(year)),
            ):
                cold = forget(path)
                with closing(sqlite3.connect(path)) as connection:
                    connection.row_factory = sqlite3.Row
                    before, worked = time.perf_counter(), time.process_time()
                    make(connection, kind, period, ReportsSection(), time.time())
                    took[f"{kind} {period}"] = round(time.perf_counter() - before, 3)
                    worked = time.process_time() - worked
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
                name = f"{kind} {period}"
                print(
                    f"  {name:18} {took[name]:6.2f} s, {worked:.2f} s of processor  (process's peak so far {peak} MB)", flush=True
                )
            print("  the file's pages were not in memory before each" if cold else "  the file's pages were in memory: not cold")
            figures[contacts] = {"mb": size, "cold": cold, "seconds": took}
    print("kept in", keep("reports", figures))


if __name__ == "__main__":
    main()
