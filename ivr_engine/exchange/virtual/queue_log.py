"""The queue ledger, written as Asterisk writes its queue_log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import structlog

from ivr_engine.errors import Unavailable
from ivr_engine.exchange import ledger
from ivr_engine.exchange.interface import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ivr_engine.exchange.virtual.clock import ExchangeClock

NOBODY = "NONE"

_log = structlog.get_logger()


class QueueLog:
    """Appends entries to `folder`/queue_log, or keeps them in memory when there is no folder."""

    def __init__(self, folder: Path | None, clock: ExchangeClock) -> None:
        self._file = folder / "queue_log" if folder else None
        self._clock = clock
        self._entries: list[LedgerEntry] = []
        self._open: int | None = None
        self._inode = 0

    def begin(self) -> None:
        """The exchange starts. Raises Unavailable when the file cannot be written."""
        try:
            self._add(NOBODY, NOBODY, NOBODY, "QUEUESTART", ())
        except OSError as error:
            raise Unavailable(
                f"the built-in exchange cannot write {self._file}: {error.strerror or type(error).__name__}",
                "make its folder, or name another one",
            ) from error

    def write(self, channel: str, queue: str, operator: str, verb: str, *data: object) -> None:
        """Add an entry; times are whole seconds, as in Asterisk's file. A full disk costs the entry, not the call."""
        try:
            self._add(channel, queue, operator, verb, tuple(map(str, data)))
        except OSError as error:
            _log.error("queue_log cannot be written", verb=verb, channel=channel, reason=error.strerror)

    def read(self, position: str) -> tuple[Sequence[LedgerEntry], str]:
        """Entries after `position` ("" = the beginning), and the position after them."""
        if self._file is not None:
            return ledger.read(self._file, position)
        start = int(position or 0)
        entries = self._entries[start:]
        return entries, str(start + len(entries))

    def recent(self) -> Sequence[LedgerEntry]:
        """Its last entries."""
        return self._entries if self._file is None else ledger.recent(self._file)

    def end(self) -> str:
        """The position after all that is in it."""
        return str(len(self._entries)) if self._file is None else ledger.end(self._file)

    def close(self) -> None:
        """Let go of the file; a later entry opens it again."""
        if self._open is not None:
            os.close(self._open)
            self._open = None

    def _add(self, channel: str, queue: str, operator: str, verb: str, data: tuple[str, ...]) -> None:
        at = int(self._clock.now())
        if self._file is None:
            self._entries.append(LedgerEntry(at, channel, queue, operator, verb, data))
            return
        line = "|".join([str(at), channel, queue, operator, verb, *(data or [""])]) + "\n"
        if self._open is not None and not self._in_place(self._file):
            self.close()
        if self._open is None:  # callers' numbers are in it: for the engine's user only
            self._open = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._inode = os.fstat(self._open).st_ino
        os.write(self._open, line.encode())

    def _in_place(self, file: Path) -> bool:
        """Is the open file still the one of that name, not one that was rotated away?"""
        try:
            return file.stat().st_ino == self._inode
        except FileNotFoundError:
            return False
