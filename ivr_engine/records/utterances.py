"""What callers said, as sound, of lines whose callers agreed: a document of the contact, erased with what identifies it."""

from __future__ import annotations

import hashlib
import io
import threading
import wave
from typing import TYPE_CHECKING

import structlog

from ivr_engine.hearing import RATE

if TYPE_CHECKING:
    import sqlite3
    from concurrent.futures import Future

    from ivr_engine.records.writer import Writer

log = structlog.get_logger()

MOST = 32 << 20
"""Bytes of sound that may wait in memory for the database: some half an hour."""


class Utterances:
    """Satisfies dialogue.services.Utterances."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self._waiting = 0

    def keep(self, contact: str, step: str, audio: bytes) -> None:
        """Keep it once the contact itself is in the database; a failure is logged, the call goes on. What a database that fails
        for long leaves waiting has a limit."""
        with self._lock:
            if self._waiting + len(audio) > MOST:
                log.warning("an utterance is not kept: too many wait for the database", contact=contact, step=step)
                return
            self._waiting += len(audio)

        def told(future: Future[None]) -> None:
            with self._lock:
                self._waiting -= len(audio)
            if (error := future.exception()) is not None:
                log.error("an utterance could not be kept", why=str(error))

        kept = self._writer.submit("keep an utterance", lambda connection: _put(connection, contact, step, audio))
        kept.add_done_callback(told)


def _put(connection: sqlite3.Connection, contact: str, step: str, audio: bytes) -> None:
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(audio)
    data = content.getvalue()
    connection.execute(
        "INSERT INTO contact_files (contact, number, name, size, sha256, content)"
        " SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5 FROM contact_files WHERE contact = ?1",
        (contact, f"{step}.wav", len(data), hashlib.sha256(data).hexdigest(), data),
    )
