"""The database fails in every way; no event is lost, none is taken twice, and the engine says so once."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest
from structlog.testing import capture_logs

from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.events import Outcome
from ivr_engine.records.database import State


def steps_of(ask, contact="C1"):
    """The numbers of the steps in a contact's journal, in its order."""
    rows = ask(
        "SELECT json_extract(data, '$.step') FROM journal WHERE contact = ? AND kind = 'StepEntered' ORDER BY seq", contact
    )
    return [int(step.removeprefix("step")) for (step,) in rows]


def record(store, events):
    for event in events:
        store.record(event)


def test_groups_are_committed_in_order(store, story, ask):
    record(store, story.steps(5000))
    assert store.writer.flush(20)
    assert steps_of(ask) == list(range(5000))
    assert store.writer.health().committed == 5000
    assert store.spool.statistics().bytes_waiting == 0


def test_events_before_the_start_wait_for_it(open_store, story, ask):
    store = open_store(start=False)
    record(store, story.steps(10))
    store.start()
    assert store.writer.flush(10)
    assert steps_of(ask) == list(range(10))


def test_a_database_locked_by_another_program_delays_nothing_but_itself(store, story, ask, locked, wait_until):
    record(store, story.steps(10))
    assert store.writer.flush(10)
    with capture_logs() as logs:
        with locked():
            slowest = 0.0
            for event in story.steps(2000, first=10):
                before = time.perf_counter()
                store.record(event)
                slowest = max(slowest, time.perf_counter() - before)
            wait_until(lambda: store.writer.health().state is State.LOCKED)
            time.sleep(2.5)  # several attempts go by
            assert steps_of(ask) == list(range(10))
            assert store.spool.statistics().bytes_waiting > 0
        assert store.writer.flush(10)
    assert slowest < 0.5
    assert steps_of(ask) == list(range(2010))
    assert store.writer.health().state is State.WORKS
    assert [it["event"] for it in logs] == ["the database fails; events wait in the spool", "the database works again"]


def test_a_deleted_database_is_made_anew(store, story, ask, folder, wait_until):
    record(store, story.steps(10, "C1"))
    assert store.writer.flush(10)
    store.spool.rotate()  # C1 is committed and gone from the spool
    store.writer.flush(10)
    wait_until(lambda: not list((folder / "spool").glob("*.jsonl")))
    with capture_logs() as logs:
        for name in ("ivr.db", "ivr.db-wal", "ivr.db-shm"):
            (folder / name).unlink()
        record(store, story.steps(10, "C2"))
        assert store.writer.flush(10)
    assert steps_of(ask, "C2") == list(range(10))
    assert ask("SELECT count(*) FROM journal WHERE contact = 'C1'") == [(0,)]
    told = {it.get("state") for it in logs if it["event"] == "the database fails; events wait in the spool"}
    # The others when the writer looked between two of the three files.
    assert told & {"deleted or replaced", "failed", "cannot be opened"}


def test_only_the_main_file_deleted_is_noticed_too(store, story, ask, folder):
    record(store, story.steps(10, "C1"))
    assert store.writer.flush(10)
    (folder / "ivr.db").unlink()
    record(store, story.steps(10, "C2"))
    assert store.writer.flush(10)
    assert steps_of(ask, "C2") == list(range(10))
    assert ask("PRAGMA integrity_check") == [("ok",)]


def test_a_backup_put_in_place_gets_what_it_lacks(store, story, ask, folder, tmp_path):
    record(store, story.steps(10))
    assert store.writer.flush(10)
    with sqlite3.connect(folder / "ivr.db") as source, sqlite3.connect(tmp_path / "backup.db") as copy:
        source.backup(copy)
    source.close()
    copy.close()
    record(store, story.steps(10, first=10))
    assert store.writer.flush(10)
    (tmp_path / "backup.db").replace(folder / "ivr.db")  # the write-ahead log of the old file is still there
    record(store, story.steps(10, first=20))
    assert store.writer.flush(10)
    assert steps_of(ask) == list(range(30))
    assert ask("PRAGMA integrity_check") == [("ok",)]


def test_a_backup_restored_into_the_open_file_gets_what_it_lacks(store, story, ask, folder, tmp_path):
    record(store, story.steps(10))
    assert store.writer.flush(10)
    copy = sqlite3.connect(tmp_path / "backup.db")
    live = sqlite3.connect(folder / "ivr.db", timeout=5)
    live.backup(copy)
    record(store, story.steps(10, first=10))
    assert store.writer.flush(10)
    copy.backup(live)
    live.close()
    copy.close()
    record(store, story.steps(10, first=20))
    assert store.writer.flush(10)
    assert steps_of(ask) == list(range(30))


def test_the_database_of_another_store_starts_from_the_whole_spool(open_store, story, ask, folder, tmp_path):
    from ivr_engine.records.store import Store

    other = Store(tmp_path / "other")
    other.start()
    record(other, story.steps(500, "C9"))
    other.close()
    store = open_store()
    record(store, story.steps(10))
    assert store.writer.flush(10)
    (tmp_path / "other" / "ivr.db").replace(folder / "ivr.db")
    record(store, story.steps(10, first=10))
    assert store.writer.flush(10)
    assert steps_of(ask) == list(range(20))
    assert len(steps_of(ask, "C9")) == 500


def test_a_corrupt_database_is_waited_for(open_store, story, ask, folder, tmp_path, wait_until):
    store = open_store()
    record(store, story.steps(10))
    store.close()
    shutil.copy(folder / "ivr.db", tmp_path / "good.db")
    store = open_store()
    record(store, story.steps(10, first=10))
    assert store.writer.flush(10)
    with capture_logs() as logs:
        (tmp_path / "bad.db").write_bytes(os.urandom(100_000))
        (tmp_path / "bad.db").replace(folder / "ivr.db")
        record(store, story.steps(10, first=20))
        wait_until(lambda: store.writer.health().state is State.CORRUPT)
        assert not store.writer.flush(0.1)
        (tmp_path / "good.db").replace(folder / "ivr.db")
        assert store.writer.flush(10)
    assert steps_of(ask) == list(range(30))
    states = [it["state"] for it in logs if it["event"].startswith("the database fails")]
    assert states.count("corrupt") == 1


@pytest.mark.parametrize("damage", ["overwritten", "emptied", "cut"])
def test_a_database_damaged_in_place_costs_nothing(store, story, ask, folder, wait_until, damage):
    """The engine has the pages in memory and could go on for hours, committing into nowhere."""
    record(store, story.steps(3000))
    assert store.writer.flush(10)
    with (folder / "ivr.db").open("r+b") as file:
        size = file.seek(0, 2)
        if damage == "overwritten":
            file.seek(0)
            file.write(b"nonsense" * (size // 8))
        else:
            file.truncate(0 if damage == "emptied" else 5000)
    with capture_logs():
        record(store, story.steps(3000, "C2"))
        wait_until(lambda: store.writer.health().state is not State.WORKS)
        for file in folder.glob("ivr.db*"):  # what an administrator does when no copy is good
            file.unlink()
        record(store, story.steps(10, "C3"))
        assert store.writer.flush(15)
    assert [steps_of(ask, contact) for contact in ("C1", "C2", "C3")] == [list(range(3000)), list(range(3000)), list(range(10))]
    assert ask("PRAGMA integrity_check") == [("ok",)]


@pytest.fixture
def small_disk(folder):
    """A file system of a megabyte and a half under the store."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(folder)], capture_output=True, check=False, timeout=20
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small file system: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, timeout=20)


def fill(ballast):
    """Take all the room there is."""
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(file, b"x" * 4096):
            pass
    os.close(file)
    assert shutil.disk_usage(ballast).free < 4096


def test_a_full_disk_is_waited_for(small_disk, open_store, story, ask, wait_until):
    store = open_store()
    record(store, story.steps(100))
    assert store.writer.flush(10)
    ballast = small_disk / "ballast"
    with capture_logs():
        fill(ballast)
    with capture_logs() as logs:
        record(store, story.steps(2000, first=100))
        wait_until(lambda: store.writer.health().state is State.FULL)
        statistics = store.spool.statistics()
        assert statistics.in_memory > 0
        assert (statistics.lost, store.writer.flush(0.1)) == (0, False)
        ballast.unlink()
        assert store.writer.flush(15)
    assert steps_of(ask) == list(range(2100))
    said = [it["event"] for it in logs]
    for sentence in ("the spool cannot be written; events wait in memory", "the database fails; events wait in the spool"):
        assert said.count(sentence) == 1
    store.close()


def test_a_job_runs_after_the_events_before_it(store, story):
    record(store, story.steps(3000))
    count = store.writer.submit("count", lambda connection: connection.execute("SELECT count(*) FROM journal").fetchone()[0])
    assert count.result(20) == 3000


def test_what_a_job_raises_comes_back_and_changes_nothing(store, ask):
    def fail(connection):
        connection.execute("INSERT INTO settings VALUES ('half', 'done')")
        raise LookupError("no such thing")

    with capture_logs(), pytest.raises(LookupError, match="no such thing"):
        store.writer.submit("fail", fail).result(5)
    assert ask("SELECT * FROM settings WHERE name = 'half'") == []
    assert store.writer.flush(5)


def test_a_job_waits_while_the_database_is_locked_and_runs_once(store, locked, wait_until):
    runs = []
    with capture_logs(), locked():
        job = store.writer.submit("note", lambda _connection: runs.append(1))
        with pytest.raises(Unavailable, match="cannot be written now"):
            store.save_ledger_position("1:1")
        assert not store.writer.flush(0.1)
    job.result(10)
    assert store.writer.flush(10)
    assert runs == [1]
    assert store.ledger_position() == "1:1"


def test_a_listener_that_fails_harms_nobody(open_store, story):
    def fail(_touched):
        raise RuntimeError("a bug")

    store = open_store(on_committed=fail)
    with capture_logs() as logs:
        record(store, story.answered())
        assert store.writer.flush(10)
    assert [it["event"] for it in logs] == ["telling of committed cases failed"]
    assert store.contacts.show("C1").contact.outcome is Outcome.ANSWERED


def test_listeners_hear_after_the_commit(open_store, story, ask):
    seen = []
    store = open_store(
        on_committed=lambda touched: seen.append(
            (threading.current_thread().name, touched[0].case, ask("SELECT number FROM cases"))
        )
    )
    record(store, story.answered())
    assert store.writer.flush(10)
    assert seen == [("records-writer", "2027-000001", [("2027-000001",)])]


def test_stopping_commits_what_was_acknowledged(open_store, story, ask):
    store = open_store()
    record(store, story.steps(3000))
    assert store.close()
    assert steps_of(ask) == list(range(3000))
    with pytest.raises(Unavailable, match="the store is closed"):
        store.writer.submit("late", lambda _connection: None).result(5)
    assert not store.writer.flush(1)


def test_stopping_is_bounded_and_the_next_start_takes_up_the_rest(open_store, story, ask, locked):
    store = open_store()
    assert store.writer.flush(5)
    with capture_logs(), locked():
        record(store, story.steps(100))
        waiting = store.writer.submit("never", lambda _connection: None)
        before = time.monotonic()
        assert not store.close(10)
        assert time.monotonic() - before < 6
        with pytest.raises(Unavailable):
            waiting.result(5)
    assert steps_of(ask) == []
    store = open_store()
    assert store.writer.flush(10)
    assert steps_of(ask) == list(range(100))


def test_a_whole_folder_deleted_does_not_stop_the_calls(store, story, ask, folder):
    assert store.writer.flush(5)
    with capture_logs():
        shutil.rmtree(folder)
        record(store, story.steps(10))
        assert store.writer.flush(10)
    assert steps_of(ask) == list(range(10))


def test_what_was_given_up_while_it_ran_is_not_saved(store, ask):
    running, told = threading.Event(), threading.Event()

    def write(connection):
        connection.execute("INSERT INTO settings (name, value) VALUES ('late', '1')")
        running.set()
        assert told.wait(10)

    asked = store.writer.submit("late", write)
    assert running.wait(10)
    assert asked.cancel()
    told.set()
    assert store.writer.flush(10)
    assert ask("SELECT count(*) FROM settings WHERE name = 'late'") == [(0,)]


def test_a_refusal_is_no_fault(store):
    def refuse(_connection):
        raise IvrError("no")

    with capture_logs() as logs:
        with pytest.raises(IvrError, match="no"):
            store.writer.submit("refused", refuse).result(10)
        assert store.writer.flush(10)
    assert logs == []
