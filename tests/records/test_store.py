import os
import sqlite3
import stat
import subprocess
import sys
from collections import deque
from datetime import date

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.events import Outcome, PrivateNoted
from ivr_engine.records import article_search, articles, audit, settings
from ivr_engine.records.administration import Administration
from ivr_engine.records.articles import Article
from ivr_engine.records.database import Reader
from ivr_engine.records.store import Store, StoreReader

DAY = date(2026, 1, 1)
ARTICLE = Article("lavoro", "L01", "it", "Title", "Text", "S20", "A", "lavoro", "dimissioni", DAY, None, DAY)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_store_is_for_its_owner_alone(store, folder):
    assert mode(folder) == 0o700
    for name in ("ivr.db", "secret.key", "lock"):
        assert mode(folder / name) == 0o600
    assert mode(folder / "spool") == 0o700


def test_two_engines_on_one_store_are_refused(store, folder):
    with pytest.raises(Unavailable, match=rf"another engine \(process {os.getpid()}\) works on the store"):
        Store(folder)


def test_another_process_is_refused_and_told_who_has_it(store, folder):
    code = "import sys; from pathlib import Path; from ivr_engine.records.store import Store; Store(Path(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"another engine (process {os.getpid()}) works on the store {folder}" in done.stderr


def test_a_closed_store_can_be_opened_again(open_store, story, folder):
    store = open_store()
    for event in story.served():
        store.record(event)
    assert store.close()
    assert not list((folder / "spool").glob("*.jsonl"))  # nothing private is left behind
    again = open_store()
    assert again.contacts.show("C1").contact.outcome is Outcome.SERVED_BY_IVR
    for event in story.served("C2"):
        again.record(event)
    assert again.writer.flush(5)
    assert len(again.contacts.list()) == 2


def test_a_failed_opening_leaves_the_store_free(folder):
    folder.mkdir()
    (folder / "secret.key").write_text("half a key")
    with pytest.raises(Unavailable, match=r"secret\.key is not a key"):
        Store(folder)
    (folder / "secret.key").unlink()
    Store(folder).close()


@pytest.fixture
def unprivileged():
    """Rights count: root may write everywhere."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


def test_an_unwritable_folder_is_one_sentence(tmp_path, request):
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o055)
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data").chmod(0o555)
    request.getfixturevalue("unprivileged")
    with pytest.raises(Unavailable) as refused:
        Store(tmp_path / "data")
    assert refused.value.message == f"the store {tmp_path / 'data'} cannot be written: Permission denied"
    with pytest.raises(Unavailable, match="cannot be written: Permission denied"):
        Store(tmp_path / "data" / "deeper")


def test_a_read_only_database_is_one_sentence(tmp_path, request):
    folder = tmp_path / "data"
    Store(folder).close()
    for path in (folder, folder / "spool", *folder.glob("*")):
        os.chown(path, 65534, 65534) if os.geteuid() == 0 else None
    (folder / "ivr.db").chmod(0o400)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o055)
    tmp_path.chmod(0o755)
    request.getfixturevalue("unprivileged")
    with pytest.raises(Unavailable, match=r"ivr\.db is unusable: read-only \(.*\) \(let the engine's user write to it\)"):
        Store(folder)


def test_a_file_in_place_of_the_folder_is_one_sentence(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(Unavailable, match=r"the store .* cannot be written: File exists"):
        Store(tmp_path / "data")


def test_a_broken_database_is_one_sentence(folder):
    Store(folder).close()
    (folder / "ivr.db").write_bytes(b"this is no database " * 1000)
    with pytest.raises(Unavailable, match=r"ivr\.db is unusable: corrupt .*ivr doctor --repair"):
        Store(folder)
    (folder / "ivr.db").unlink()
    (folder / "ivr.db").mkdir()
    with pytest.raises(Unavailable, match=r"ivr\.db is unusable: cannot be opened"):
        Store(folder)


def test_a_lock_at_the_start_passes(open_store, locked, story):
    open_store().close()
    with locked():
        store = open_store()
        for event in story.served():
            store.record(event)
        assert not store.writer.flush(0.5)
    assert store.writer.flush(10)
    assert store.contacts.show("C1").contact.outcome is Outcome.SERVED_BY_IVR


def test_the_hash_of_a_number_is_the_stores_own(open_store, tmp_path):
    store = open_store()
    hashed = store.caller_key("+393331234567")
    assert len(hashed) == 32
    assert hashed == store.caller_key("+393331234567") != store.caller_key("+393331234568")
    assert store.caller_key("") == ""
    store.close()
    store = open_store()
    assert store.caller_key("+393331234567") == hashed
    other = Store(tmp_path / "other")
    assert other.caller_key("+393331234567") != hashed
    other.close()


def test_the_place_in_the_ledger_is_kept(open_store):
    store = open_store()
    assert store.ledger_position() is None
    store.save_ledger_position("12:345")
    store.save_ledger_position("12:400")
    store.close()
    assert open_store().ledger_position() == "12:400"


def test_known_channels_include_what_was_acknowledged_just_now(store, story):
    contacts = [f"C{number}" for number in range(1200)]
    for contact in contacts:
        store.record(next(story.started(contact)))
    channels = [f"channel-{contact}" for contact in contacts]
    assert store.channels_known([*channels, "stranger"]) == set(channels)
    assert store.channels_known([]) == set()


def test_a_reader_needs_no_engine_and_disturbs_none(store, story, folder):
    reader = StoreReader(folder)
    for event in (*story.served("C1"), *story.answered("C2", story.noon + 60), *story.queued("C3", story.noon + 90)):
        store.record(event)
    assert store.writer.flush(5)
    for _ in range(2):
        assert [contact.id for contact in reader.contacts.list()] == ["C3", "C2", "C1"]
        assert [contact.id for contact in reader.contacts.list(limit=1)] == ["C3"]
        assert [contact.id for contact in reader.contacts.list(line="sociale")] == []
        assert [contact.id for contact in reader.contacts.list(line="lavoro", outcome=Outcome.SERVED_BY_IVR)] == ["C1"]
        assert [contact.id for contact in reader.contacts.list(open_only=True)] == ["C3"]
        assert reader.contacts.show("nobody") is None
        assert reader.cases.show("2027-000009") is None
        store.close()  # and once more without an engine


def test_a_reader_writes_nothing(store, folder):
    with StoreReader(folder)._reader.open() as connection, pytest.raises(Exception, match="readonly"):
        connection.execute("DELETE FROM contacts")


def test_a_reader_that_stays_open_sees_each_moment_anew_and_another_file(tmp_path):
    reader, other = Reader(tmp_path / "ivr.db", keep=1), Reader(tmp_path / "ivr.db")
    for path in (tmp_path / "ivr.db", tmp_path / "other.db"):
        with Administration(path).change() as connection:
            settings.put(connection, "which", path.name)

    def which() -> list[str | None]:
        found = []
        for one in (reader, other):
            with one.open() as connection:
                found.append(settings.get(connection, "which"))
        return found

    with reader.open() as first, reader.open() as second:
        assert first is not second
    with reader.open() as again:
        assert again in (first, second)
    assert which() == ["ivr.db"] * 2
    with Administration(tmp_path / "ivr.db").change() as connection:
        settings.put(connection, "which", "changed")
    assert which() == ["changed"] * 2
    with pytest.raises(ZeroDivisionError), reader.open():
        _ = 1 / 0
    assert which() == ["changed"] * 2
    (tmp_path / "other.db").replace(tmp_path / "ivr.db")
    for suffix in ("-wal", "-shm"):  # as the writer does, whose they are
        (tmp_path / f"ivr.db{suffix}").unlink()
    assert which() == ["other.db"] * 2
    (tmp_path / "ivr.db").unlink()
    with pytest.raises(Unavailable, match="there is no store in"):
        which()
    reader.close()


def test_nothing_of_the_write_ahead_log_is_left_behind(store, story, folder):
    store.record(next(story.started("C1")))
    assert store.writer.flush(5)
    assert [contact.id for contact in store.contacts.list()] == ["C1"]  # a connection stays open
    assert store.close()
    assert sorted(file.name for file in folder.glob("ivr.db*")) == ["ivr.db"]
    assert [contact.id for contact in store.contacts.list()] == ["C1"]
    assert store._reader._idle == deque()


def test_reading_where_no_store_is_says_so(tmp_path):
    with pytest.raises(Unavailable, match="there is no store in"):
        StoreReader(tmp_path).contacts.list()
    (tmp_path / "ivr.db").write_bytes(b"nonsense" * 100)
    with pytest.raises(Unavailable, match="cannot be read: file is not a database"):
        StoreReader(tmp_path).contacts.list()


def test_open_contacts_know_where_they_stand(store, story):
    events = [
        *story.served("C1"),
        *story.started("C2", story.noon + 1, number=""),
        *story.queued("C3", story.noon + 2),
        *list(story.answered("C4", story.noon + 3))[:-2],  # still talking
        *list(story.answered("C5", story.noon + 4))[:-1],  # talked, not yet over
    ]
    for event in events:
        store.record(event)
    assert store.writer.flush(5)
    found = store.contacts.open_contacts()
    assert [(it.id, it.channel, it.number, it.queue, it.queued_at, it.operator) for it in found] == [
        ("C2", "channel-C2", "", "", 0.0, ""),
        ("C3", "channel-C3", "+393331234567", "lavoro", story.noon + 4, ""),
        ("C4", "channel-C4", "+393331234567", "lavoro", story.noon + 5, "op1"),
        ("C5", "channel-C5", "+393331234567", "", 0.0, ""),
    ]
    assert [it.answered_at > it.queued_at for it in found] == [False, False, True, False]
    assert [it.fold.outcome() for it in found] == [
        Outcome.ABANDONED_IVR,
        Outcome.ABANDONED_QUEUE,
        Outcome.ANSWERED,
        Outcome.ANSWERED,
    ]


def test_articles_keep_their_versions(store, story):
    changed = Article(**{**{name: getattr(ARTICLE, name) for name in ARTICLE.__slots__}, "text": "Another text"})
    english = Article(**{**{name: getattr(ARTICLE, name) for name in ARTICLE.__slots__}, "language": "en"})
    assert store.publish([ARTICLE, english], story.noon).result(5) == 2
    assert store.publish([ARTICLE, english], story.noon).result(5) == 0
    assert store.publish([changed, english], story.noon).result(5) == 1
    assert [(it.version, it.article.text) for it in store.articles.versions("lavoro", "L01", "it")] == [
        (1, "Text"),
        (2, "Another text"),
    ]
    assert store.articles.get("lavoro", "L01", "it", DAY).article == changed
    assert store.articles.get("lavoro", "L01", "en", DAY).version == 1
    assert store.articles.get("lavoro", "L02", "it", DAY) is None


def test_an_article_is_found_on_the_days_it_is_in_force(store, story):
    values = {name: getattr(ARTICLE, name) for name in ARTICLE.__slots__}
    old = Article(**{**values, "text": "Old rule", "valid_to": date(2026, 6, 30)})
    new = Article(**{**values, "text": "New rule", "valid_from": date(2026, 7, 1)})
    store.publish([old], story.noon).result(5)
    store.publish([new], story.noon).result(5)

    def text(*day):
        found = store.articles.get("lavoro", "L01", "it", date(*day))
        return found and found.article.text

    assert [text(2025, 12, 31), text(2026, 1, 1), text(2026, 6, 30), text(2026, 7, 1), text(2030, 1, 1)] == [
        None,
        "Old rule",
        "Old rule",
        "New rule",
        "New rule",
    ]


def test_what_has_ended_does_not_come_back_as_it_was_before(store, story):
    values = {name: getattr(ARTICLE, name) for name in ARTICLE.__slots__}
    ended = Article(**{**values, "text": "New rule", "valid_to": date(2026, 12, 31)})
    store.publish([ARTICLE], story.noon).result(5)
    store.publish([ended], story.noon).result(5)
    found = []
    with store.administration.look() as connection:
        for day in (date(2026, 12, 31), date(2027, 1, 1)):
            article = store.articles.get("lavoro", "L01", "it", day)
            search = article_search.search(connection, "rule", on=day)
            found.append((article and article.article.text, [it.id for it in search]))
    assert found == [("New rule", ["L01"]), (None, [])]


def test_what_no_line_has_any_more_is_neither_found_nor_listed_until_it_is_there_again(store, story):
    values = {name: getattr(ARTICLE, name) for name in ARTICLE.__slots__}
    first = Article(**{**values, "line": "sociale", "text": "First rule"})
    gone = Article(**{**values, "line": "sociale", "text": "New rule"})

    def known():
        article = store.articles.get("sociale", "L01", "it", DAY)
        with store.administration.look() as connection:
            listed = [it.article.line for it in articles.all_latest(connection, "it")]
            return article and article.version, [it.line for it in article_search.search(connection, "rule", on=DAY)], listed

    for published in ([ARTICLE, first], [ARTICLE, gone]):
        store.publish(published, story.noon).result(5)
    assert known() == (2, ["sociale"], ["lavoro", "sociale"])
    with store.administration.change() as connection:
        articles.publish(connection, [ARTICLE], story.noon, "lavoro")
    assert known() == (2, ["sociale"], ["lavoro", "sociale"])
    assert store.publish([ARTICLE], story.noon).result(5) == 0
    assert known() == (None, [], ["lavoro"])
    assert [it.retired for it in store.articles.versions("sociale", "L01", "it")] == [True, True]
    with store.administration.change() as connection:
        assert articles.titles(connection, "it")["sociale", "L01"] == gone.title
        article_search.fill(connection)
    assert known() == (None, [], ["lavoro"])
    assert store.publish([ARTICLE, gone], story.noon).result(5) == 0
    assert known() == (2, ["sociale"], ["lavoro", "sociale"])
    assert [it.retired for it in store.articles.versions("sociale", "L01", "it")] == [False, False]  # one may begin later


def test_a_name_in_a_private_value_stays_private(store, story, ask):
    for event in (*story.started(), PrivateNoted("C1", story.noon, "input.cf", "RSSMRA80A01H501U")):
        store.record(event)
    assert store.writer.flush(5)
    for table in ("journal", "contacts", "settings"):
        assert "RSSMRA80A01H501U" not in str(ask(f"SELECT * FROM {table}"))


def test_every_start_keeps_the_audit_log(open_store):
    def note(connection):
        audit.note(connection, 0, "anna", "looked at", "citizen 1")

    def replace(connection):
        connection.execute("INSERT OR REPLACE INTO audit (id, at, who, what, object, detail) VALUES (1, 1, 'b', 'x', 'y', 'z')")

    first = open_store()
    first.writer.submit("note", note).result(5)
    first.close(5)
    again = open_store()
    again.writer.submit("note", note).result(5)
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        again.writer.submit("replace", replace).result(5)
