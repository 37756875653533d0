"""What callers said as sound: kept with the contact, gone with what identifies it."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

from ivr_engine.events import ContactStarted
from ivr_engine.records.store import Store
from ivr_engine.records.utterances import Utterances

if TYPE_CHECKING:
    from pathlib import Path

STARTED = ContactStarted("C1", 1_790_000_000.0, "lavoro", "800", "virtual", "1.1", "", "mobile", "it")


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
        (left,) = store.writer.submit("count", lambda c: c.execute("SELECT count(*) FROM contact_files").fetchone()).result(10)
        assert left == 0
    finally:
        store.close()
