"""What callers said as sound: kept with the contact, gone with what identifies it."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from ivr_engine.events import ContactStarted
from ivr_engine.records.store import Store
from ivr_engine.records.utterances import Utterances

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

STARTED = ContactStarted("C1", 1_790_000_000.0, "lavoro", "800", "virtual", "1.1", "", "mobile", "it")


def kept(store: Store) -> int:
    (number,) = store.writer.submit("count", lambda c: c.execute("SELECT count(*) FROM contact_files").fetchone()).result(10)
    return int(number)


def test_a_database_that_is_away_for_long_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr_engine.records.utterances.MOST", 2000)
    store = Store(tmp_path, lambda touched: None)  # not started: nothing is taken yet
    utterances = Utterances(store.writer)
    store.record(STARTED)
    with capture_logs() as said:
        for _ in range(3):
            utterances.keep("C1", "menu", b"\x01\x02" * 400)
    assert [(line["contact"], line["event"].partition(":")[0]) for line in said] == [("C1", "an utterance is not kept")]
    store.start()
    try:
        assert (
            store.writer.submit("count", lambda c: c.execute("SELECT count(*) FROM contact_files").fetchone()[0]).result(10) == 2
        )
        utterances.keep("C1", "menu", b"\x01\x02" * 400)
        assert (
            store.writer.submit("count", lambda c: c.execute("SELECT count(*) FROM contact_files").fetchone()[0]).result(10) == 3
        )
    finally:
        store.close()


def test_utterances_are_documents_of_their_contact_and_are_erased_with_it(tmp_path: Path) -> None:
    store = Store(tmp_path, lambda touched: None)
    store.start()
    try:
        store.record(STARTED)
        utterances = Utterances(store.writer)
        for audio in (b"\x01\x02" * 800, b"\x03\x04" * 80):
            utterances.keep("C1", "menu", audio)
        rows = store.writer.submit(
            "look", lambda c: c.execute("SELECT number, name, content FROM contact_files").fetchall()
        ).result(10)
        assert [(number, name) for number, name, _ in rows] == [(1, "menu.wav"), (2, "menu.wav")]
        with wave.open(io.BytesIO(rows[0][2])) as sound:
            assert (sound.getframerate(), sound.readframes(9999)) == (8000, b"\x01\x02" * 800)
        store.erase("C1").result(10)
        assert kept(store) == 0
    finally:
        store.close()
