"""The engine dies at any moment, again and again: what was acknowledged is in the journal once."""

import sqlite3
import subprocess
import sys

from ivr_engine.records.store import StoreReader

ROUNDS = 40

# Children are forked from one process that has imported everything, so that dying is all that takes time.
DYING = """
import os, random, signal, sys, time
from pathlib import Path
import structlog
from ivr_engine.events import StepEntered
from ivr_engine.records.store import Store

# A death in the middle of a write leaves half a line, of which the next one tells: not where the counts go.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
folder, rounds, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)

def work(contact, told):
    store = Store(folder)
    store.spool._segment_bytes = 20_000
    store.start()
    for number in range(10**9):
        store.record(StepEntered(contact, float(number), "lavoro", f"step{number}", "say"))
        os.write(told, b".")

for number in range(rounds):
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(f"C{number}", told)
        finally:
            os._exit(1)
    os.close(told)
    acknowledged, enough = 0, chance.randrange(2000)
    if number % 4:
        while acknowledged < enough:
            acknowledged += len(os.read(heard, 65536)) or sys.exit("it died by itself")
    else:
        time.sleep(chance.random() * 0.12)  # it may die before it is at work
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while some := os.read(heard, 65536):
        acknowledged += len(some)
    os.close(heard)
    print(f"C{number}", acknowledged, flush=True)
"""


def test_what_was_acknowledged_survives_any_death_once(folder, open_store):
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(folder), str(ROUNDS), "1"],
        stdout=subprocess.PIPE,
        text=True,
        timeout=90,
        check=True,
    )
    acknowledged = {contact: int(count) for contact, count in (line.split() for line in done.stdout.splitlines()[-ROUNDS:])}
    assert sum(count > 50 for count in acknowledged.values()) > ROUNDS / 2
    assert StoreReader(folder).contacts.list()  # as the engine's death left it, before any other comes
    store = open_store()
    assert store.writer.flush(30)
    database = sqlite3.connect(folder / "ivr.db")
    for contact, count in acknowledged.items():
        rows = database.execute(
            "SELECT seq, json_extract(data, '$.step') FROM journal WHERE contact = ? ORDER BY seq", (contact,)
        )
        found = rows.fetchall()
        # One more may have been written than its writer lived to tell.
        assert len(found) in (count, count + 1)
        assert found == [(number + 1, f"step{number}") for number in range(len(found))]
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    assert store.writer.health().unapplied == 0
