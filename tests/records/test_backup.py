"""Copies of a store under way, put back; a damaged database repaired; databases of every earlier engine."""

import contextlib
import shutil
import sqlite3
import stat
import threading
from datetime import date

import pytest
from sqlite_utils import Database

from ivr_engine.errors import Unavailable
from ivr_engine.events import Outcome, StepEntered
from ivr_engine.records import schema
from ivr_engine.records.article_search import search
from ivr_engine.records.articles import Article
from ivr_engine.records.backup import backup, check_backup, restore
from ivr_engine.records.database import unsound
from ivr_engine.records.repair import repair
from ivr_engine.records.store import Store, StoreReader

NOW = 1_800_000_000.0
DAY = date(2026, 1, 1)
PAGE = 4096


def steps_in(folder):
    """The names of all steps in the journal, by contact."""
    with contextlib.closing(sqlite3.connect(folder / "ivr.db")) as database:
        rows = database.execute("SELECT contact, json_extract(data, '$.step') FROM journal ORDER BY contact, seq").fetchall()
    found: dict[str, list[str]] = {}
    for contact, step in rows:
        found.setdefault(contact, []).append(step)
    return found


def test_a_backup_under_way_misses_nothing_acknowledged_before_it(store, folder, tmp_path):
    acknowledged, stop = [0], threading.Event()
    store.spool._segment_bytes = 20_000  # many segments are dropped while they are copied

    def calls():
        while not stop.is_set():
            store.record(StepEntered("C1", NOW, "lavoro", f"step{acknowledged[0]}", "say"))
            acknowledged[0] += 1
            stop.wait(0.0002)

    at_work = threading.Thread(target=calls)
    at_work.start()
    try:
        for number in range(4):
            before = acknowledged[0]
            backup(folder, tmp_path / f"copy{number}", NOW)
            again = tmp_path / f"again{number}"
            restore(again, tmp_path / f"copy{number}", "x")
            other = Store(again)
            other.start()
            assert other.writer.flush(30)
            assert other.spool.statistics().unreadable == 0
            assert other.close(30)
            found = steps_in(again)["C1"] if acknowledged[0] and before else []
            assert len(found) >= before
            assert found == [f"step{number}" for number in range(len(found))]
    finally:
        stop.set()
        at_work.join()
    assert before > 100, "there was little under way"


def test_a_backup_overwrites_nothing_and_is_for_its_owner_alone(store, folder, tmp_path, story):
    for event in story.served():
        store.record(event)
    to = tmp_path / "deep" / "copy"
    manifest = backup(folder, to, NOW)
    assert check_backup(to) == manifest
    assert stat.S_IMODE(to.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in to.rglob("*"))
    with pytest.raises(Unavailable, match="is there already"):
        backup(folder, to, NOW)
    assert check_backup(to) == manifest
    with pytest.raises(Unavailable, match="there is no store in"):
        backup(tmp_path / "nowhere", tmp_path / "other", NOW)
    assert sorted(path.name for path in to.parent.iterdir()) == ["copy"], "no draft stays behind"


def test_no_backup_is_made_of_a_damaged_database(open_store, folder, tmp_path, story):
    fill(open_store, story)
    damage(folder, "journal")
    with pytest.raises(Unavailable, match="unusable: corrupt"):
        backup(folder, tmp_path / "copy", NOW)
    assert not (tmp_path / "copy").exists()


def test_restore_sets_the_present_store_aside(open_store, folder, tmp_path, story):
    store = open_store()
    for event in story.served("C1"):
        store.record(event)
    assert store.writer.flush(10)
    key = store.caller_key("+390612345678")
    backup(folder, tmp_path / "copy", NOW)
    for event in story.served("C2"):
        store.record(event)
    with pytest.raises(Unavailable, match="another engine"):
        restore(folder, tmp_path / "copy", "now")
    store.close()
    done = restore(folder, tmp_path / "copy", "now")
    assert [row.id for row in StoreReader(folder).contacts.list()] == ["C1"]
    assert {row.id for row in StoreReader(done.aside).contacts.list()} == {"C1", "C2"}
    again = open_store()
    assert again.caller_key("+390612345678") == key
    for event in story.served("C3"):
        again.record(event)
    assert again.writer.flush(10)
    assert {row.id for row in again.contacts.list()} == {"C1", "C3"}


@pytest.mark.parametrize("how", ["changed", "cut", "no backup"])
def test_what_is_no_whole_backup_is_refused_and_changes_nothing(open_store, folder, tmp_path, story, how):
    store = open_store()
    for event in story.served():
        store.record(event)
    store.close()
    copy = tmp_path / "copy"
    backup(folder, copy, NOW)
    if how == "changed":
        with (copy / "ivr.db").open("r+b") as file:
            file.seek(5 * PAGE)
            file.write(b"x")
    elif how == "cut":
        (copy / "secret.key").unlink()
    else:
        (copy / "backup.json").write_text("{}")
    with pytest.raises(Unavailable, match="damaged: ivr.db" if how == "changed" else "is no backup"):
        restore(folder, copy, "now")
    assert [row.id for row in StoreReader(folder).contacts.list()] == ["C1"]
    assert not list(folder.glob("before-*"))


# A damaged database


def fill(open_store, story, calls=300):
    """A closed store with many calls, on enough pages."""
    store = open_store()
    store.publish([Article("lavoro", "L01", "it", "Dimissioni", "Testo", "S20", "A", "l", "d", DAY, None, DAY)], NOW)
    for number in range(calls):
        events = story.answered if number % 3 else story.served
        for event in events(f"C{number:04}", story.noon + number, number=f"+39333{number:07}"):
            store.record(event)
    assert store.close(30)


def pages_of(folder, table):
    """Numbers of the leaf pages of a table, in order."""
    with contextlib.closing(sqlite3.connect(folder / "ivr.db")) as database:
        rows = database.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path", (table,))
        return [row[0] for row in rows]


def damage(folder, table, pages=1):
    """Overwrite pages in the middle of a table."""
    found = pages_of(folder, table)
    middle = found[len(found) // 2 :][:pages]
    with (folder / "ivr.db").open("r+b") as file:
        for page in middle:
            file.seek((page - 1) * PAGE)
            file.write(b"\xa5" * PAGE)
    assert unsound(folder / "ivr.db")


def everything(folder):
    """All rows of the tables that matter, without what a repair adds."""
    tables = ("contacts", "journal", "private", "citizens", "cases", "case_contacts", "case_history", "articles", "figures")
    with contextlib.closing(sqlite3.connect(folder / "ivr.db")) as database:
        return {table: set(database.execute(f"SELECT * FROM {table}")) for table in tables}


def test_a_sound_database_is_left_alone(open_store, folder, story):
    fill(open_store, story, 3)
    before = (folder / "ivr.db").read_bytes()
    assert repair(folder, None, "now", NOW).damage == ""
    assert (folder / "ivr.db").read_bytes() == before


@pytest.mark.parametrize("table", ["journal", "contacts", "private", "case_history", "figures"])
def test_what_a_backup_has_is_whole_again(open_store, folder, tmp_path, story, table):
    fill(open_store, story)
    before = everything(folder)
    backup(folder, tmp_path / "copy", NOW)
    damage(folder, table, pages=2)
    done = repair(folder, tmp_path / "copy", "now", NOW)
    assert done.from_backup == (table,)
    assert everything(folder) == before
    assert (done.incomplete, done.dangling) == ((), 0)
    assert unsound(folder / "ivr.db") == ""
    assert unsound(done.aside / "ivr.db"), "the damaged file is kept"
    with contextlib.closing(sqlite3.connect(folder / "ivr.db")) as database:
        database.row_factory = sqlite3.Row
        assert [found.id for found in search(database, "dimissione")] == ["L01"], "the index is there again"


def test_the_spool_gives_back_what_it_still_has(open_store, folder, story):
    fill(open_store, story)
    spool = folder / "spool"
    kept = folder.parent / "kept"
    store = open_store(start=False)  # the writer does not run: all of these stay in the spool
    for number in range(300, 400):
        for event in story.answered(f"C{number:04}", story.noon + number, number=f"+39333{number:07}"):
            store.record(event)
    store.spool.close()
    shutil.copytree(spool, kept)
    store._lock.release()
    store = open_store()
    assert store.close(30)
    before = everything(folder)
    for segment in kept.glob("*.jsonl"):
        shutil.copy(segment, spool / segment.name)  # as if it had not been dropped yet
    found = pages_of(folder, "journal")
    with (folder / "ivr.db").open("r+b") as file:  # the last leaf: the newest calls
        file.seek((found[-1] - 1) * PAGE)
        file.write(b"\xa5" * PAGE)
    done = repair(folder, None, "now", NOW)
    assert done.refound > 0
    assert done.incomplete == ()
    assert everything(folder)["journal"] == before["journal"]
    store = open_store()
    assert store.writer.flush(30)
    assert everything(folder)["journal"] == before["journal"], "nothing is taken twice afterwards"


def test_a_lost_contact_is_made_anew_from_its_journal(open_store, folder, story):
    fill(open_store, story)
    before = everything(folder)
    damage(folder, "contacts")
    done = repair(folder, None, "now", NOW)
    assert done.rebuilt > 0
    assert {row[:12] for row in everything(folder)["contacts"]} == {row[:12] for row in before["contacts"]}
    assert everything(folder)["figures"] == before["figures"], "none is counted twice"
    assert done.incomplete == ()


def test_figures_that_cannot_be_read_are_counted_anew(open_store, folder, story):
    fill(open_store, story)
    before = everything(folder)
    damage(folder, "figures")
    damage(folder, "contacts")
    assert not repair(folder, None, "now", NOW).tables["figures"].whole
    assert everything(folder)["figures"] == before["figures"]


def test_what_is_lost_is_said(open_store, folder, story, ask):
    fill(open_store, story)
    before = {row[0] for row in everything(folder)["journal"]}
    rows = everything(folder)["journal"]
    damage(folder, "journal")
    done = repair(folder, None, "now", NOW)
    missing = {row[0] for row in rows - everything(folder)["journal"]}
    assert missing
    assert missing <= before
    assert set(done.incomplete) == missing
    assert not done.lossless
    ((what, detail),) = ask("SELECT what, detail FROM audit WHERE who = 'system'")
    assert what == "database repaired"
    assert f"{len(missing)} contacts incomplete" in detail


def test_a_file_that_is_no_database_needs_a_backup(open_store, folder, tmp_path, story):
    fill(open_store, story, 5)
    before = everything(folder)
    backup(folder, tmp_path / "copy", NOW)
    (folder / "ivr.db").write_bytes(b"this is no database " * 1000)
    with pytest.raises(Unavailable, match=r"nothing can be read .*--from"):
        repair(folder, None, "now", NOW)
    assert (folder / "ivr.db").read_bytes().startswith(b"this is no database")
    assert repair(folder, tmp_path / "copy", "now", NOW).incomplete == ()
    assert everything(folder) == before


def test_erased_people_do_not_come_back_with_a_backup(open_store, folder, tmp_path, story, ask):
    fill(open_store, story)
    backup(folder, tmp_path / "copy", NOW)
    store = open_store()
    store.erase("C0001").result(10)
    store.close()
    damage(folder, "journal")
    repair(folder, tmp_path / "copy", "now", NOW)
    assert ask("SELECT * FROM private WHERE contact = 'C0001'") == []
    assert ask("SELECT count(*) FROM private WHERE contact = 'C0002'") == [(1,)]


@pytest.mark.parametrize("table", ["private", "citizens", "case_history", "consents", "contacts"])
def test_who_was_erased_does_not_come_back_where_the_backup_fills_a_table_up(open_store, folder, tmp_path, story, ask, table):
    fill(open_store, story)
    store = open_store()
    whose = store.contacts.show("C0001").contact.citizen
    number = ask("SELECT number FROM citizens WHERE id = ?", whose)[0][0]

    def work(connection):
        connection.execute("INSERT INTO consents (citizen, what, given, who) VALUES (?, 'survey', 0, 'ada')", (whose,))
        connection.execute(
            "INSERT INTO case_history (case_id, seq, at, what, detail)"
            " SELECT id, 99, 0, 'note', 'MARKER' FROM cases WHERE citizen = ?",
            (whose,),
        )

    store.writer.submit("work", work).result(10)
    backup(folder, tmp_path / "copy", NOW)
    store.writer.submit("forget", lambda connection: store.forget(connection, whose, "ada", NOW)).result(10)
    store.close()
    damage(folder, table)
    assert table in repair(folder, tmp_path / "copy", "now", NOW + 9).from_backup
    theirs = "contact IN (SELECT id FROM contacts WHERE citizen = ?)"
    assert ask(f"SELECT * FROM private WHERE {theirs}", whose) == []
    assert ask("SELECT * FROM consents WHERE citizen = ?", whose) == []
    assert ask("SELECT * FROM case_history WHERE detail = 'MARKER'") == []
    assert ask("SELECT number FROM citizens WHERE id = ?", whose) == [(f"erased {whose}",)]
    assert ask("SELECT * FROM citizens WHERE number = ?", number) == []
    assert number.encode() not in (folder / "ivr.db").read_bytes()
    assert ask("SELECT count(*) FROM audit WHERE what = 'erased'") == [(1,)]


# Databases of earlier engines


def values_for(database, table):
    """A row that the table takes, made from what its columns are."""
    special = {"citizens": {"number": "+393331234567"}, "settings": {"name": "something"}}.get(table, {})
    row = {}
    for column in database[table].columns:
        references = {key.column: key.other_table for key in database[table].foreign_keys}
        if column.name in special:
            row[column.name] = special[column.name]
        elif column.name in references:
            other = references[column.name]
            row[column.name] = next(iter(database[other].rows))[database[other].pks[0]]
        elif column.type == "INTEGER":
            row[column.name] = 7
        elif column.type == "BLOB":
            row[column.name] = b"7"
        else:
            known = {"language": "it", "outcome": "answered", "cause": "operator_hung_up"}
            row[column.name] = known.get(column.name, f"{table}7")
    return row


@pytest.mark.parametrize("version", range(1, len(schema.versions())))
def test_a_database_of_every_earlier_engine_is_brought_up_to_date(folder, open_store, story, version):
    folder.mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(folder / "ivr.db", isolation_level=None)) as connection:
        database = Database(connection, execute_plugins=False)
        schema.migrate(connection, before=schema.versions()[version])
        assert len(list(database["_sqlite_migrations"].rows)) == version
        indexes = [name for name in database.table_names() if name.startswith(("article_words", "sqlite_", "_sqlite"))]
        tables = [name for name in database.table_names() if name not in indexes]
        kept = {}
        for table in tables:
            kept[table] = values_for(database, table)
            database[table].insert(kept[table])
    store = open_store()
    for event in story.answered("NEW", number="+390612345678"):
        store.record(event)
    assert store.writer.flush(20)
    assert store.writer.health().unapplied == 0
    assert store.contacts.show("NEW").contact.outcome is Outcome.ANSWERED
    with contextlib.closing(sqlite3.connect(folder / "ivr.db")) as connection:
        database = Database(connection, execute_plugins=False)
        for table, row in kept.items():
            assert any(row.items() <= dict(found).items() for found in database[table].rows), table
        fresh = Database(memory=True)
        schema.migrate(fresh.conn)
        assert set(database.schema.split(";\n")) == set(fresh.schema.split(";\n"))
        fresh.close()
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_database_of_a_newer_engine_is_refused(folder, open_store):
    open_store().close()
    with contextlib.closing(sqlite3.connect(folder / "ivr.db")) as connection:
        connection.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('ivr_engine', 'm999', '')")
        connection.commit()
    with pytest.raises(Unavailable, match=r"newer engine \(m999\)"):
        open_store()
