"""The spool: where an event is on disk, and so acknowledged, before anything else is done with it.

One `write()` of one line to a file opened for appending, nothing more: no wait for the database, no raise into the call. What
the disk refuses waits in memory and is tried again. The writer (writer.py) reads the spool and carries it into the database.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ivr_engine.records.codec import encode_line
from ivr_engine.records.segments import Entry, Position, path_of, read_segments, segments_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ivr_engine.events import Event

log = structlog.get_logger()

SEGMENT_BYTES = 4 << 20
MEMORY_EVENTS = 100_000
_IDENTITY = "identity"
_BATCH = 1000  # lines written at most while holding the lock, so that a call never waits long for it


@dataclass(frozen=True, slots=True)
class SpoolStatistics:
    """`bytes_waiting` are on disk but not yet in the database; `in_memory` events the disk refused and that will be tried
    again; `failures` refused writes since the start; `lost` events that even memory had no room for; `unreadable` lines
    skipped when reading."""

    bytes_waiting: int
    in_memory: int
    failures: int
    lost: int
    unreadable: int


class Spool:
    """Any thread may append; one thread reads. `after` is the last segment the database knows of: numbers never go back.

    `write` is os.write, given so that tests can play a failing disk. Raises OSError when `folder` cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        *,
        after: int = 0,
        segment_bytes: int = SEGMENT_BYTES,
        memory_events: int = MEMORY_EVENTS,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self.folder = folder
        self.arrived = threading.Event()
        """Set by every append; cleared by whoever reads."""
        self._write, self._segment_bytes, self._memory_events = write, segment_bytes, memory_events
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._file: int | None = None
        self._size = 0
        self._failures = self._lost = self._unreadable = 0
        self._failing = False
        self._done = Position()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._segment = max(after, *segments_of(folder), 0)
        self.identity = _identity(folder, fresh=self._segment == 0)
        """Tells this spool from any other: a database that was fed from another one knows no place in this one."""

    def append(self, event: Event) -> None:
        """Keep an event: when this returns with the disk in order it survives the death of the process. Never raises."""
        try:
            line = encode_line(event)
        except Exception:
            self._lost += 1
            log.exception("an event cannot be written down and is lost", contact=event.contact, kind=type(event).__name__)
            return
        with self._lock:
            if self._waiting:
                self._catch_up()
            if self._waiting or not self._put(line):
                self._keep(line)
        if not self.arrived.is_set():  # whoever reads clears it first, and so will see this line too
            self.arrived.set()

    def adopt(self, file: Path) -> None:
        """Take a file of whole lines, written by another spool on the same disk, for the next segment: all of it or nothing.
        Raises OSError."""
        with self._lock:
            self._close()
            number = max(self._segment, *segments_of(self.folder), 0) + 1
            file.rename(path_of(self.folder, number))
            self._segment = number
        self.arrived.set()

    def retry(self) -> bool:
        """Try again to write what waits in memory, and what is only in a file that somebody deleted or moved; True when nothing
        waits any more."""
        with self._lock:
            if self._file is not None and not self._named(self._file):
                self._close()
        while True:
            with self._lock:
                before = len(self._waiting)
                self._catch_up()
                now = len(self._waiting)
            if now == 0 or now == before:
                return now == 0

    def read(self, position: Position) -> Iterator[Entry]:
        """The events behind `position`, each with the place after it; None for what cannot be read. Only for one thread."""
        for entry in read_segments(self.folder, position):
            if entry.event is None:
                self._unreadable += 1
            yield entry

    def committed(self, position: Position) -> None:
        """Everything before `position` is in the database."""
        self._done = position

    def drop(self) -> None:
        """Delete the segments that hold nothing but what is committed."""
        with self._lock:
            in_use = self._segment if self._file is not None else None
        for number in segments_of(self.folder):
            path = path_of(self.folder, number)
            with contextlib.suppress(OSError):
                done = number == self._done.segment and number != in_use and path.stat().st_size <= self._done.offset
                if number < self._done.segment or done:
                    path.unlink()

    def rotate(self) -> None:
        """Write to a new segment from now on, so that the present one can be dropped (erasure must reach the spool too)."""
        with self._lock:
            self._close()

    def statistics(self) -> SpoolStatistics:
        """How the spool is doing."""
        waiting = 0
        for number in segments_of(self.folder):
            if number >= self._done.segment:
                with contextlib.suppress(OSError):
                    size = path_of(self.folder, number).stat().st_size
                    waiting += size - (self._done.offset if number == self._done.segment else 0)
        return SpoolStatistics(waiting, len(self._waiting), self._failures, self._lost, self._unreadable)

    def close(self) -> None:
        """Let go of the file. A later append opens a new one."""
        with self._lock:
            self._close()
            self._catch_up()
            self._close()

    def newest(self) -> int:
        """The highest segment number given out so far."""
        return self._segment

    def _catch_up(self) -> None:
        for _ in range(min(len(self._waiting), _BATCH)):
            line, behind = self._waiting.popleft(), len(self._waiting)
            if not self._put(line):
                self._waiting.insert(len(self._waiting) - behind, line)  # behind what its file had to give back
                return

    def _put(self, line: bytes) -> bool:
        written = 0
        try:
            file = self._open()
            written = self._write(file, line)
        except OSError as error:
            self._refused(str(error), written)
            return False
        if written < len(line):
            self._refused("the disk took only part of a line", written)
            return False
        self._size += written
        if self._failing and not self._waiting:
            self._failing = False
            log.info("the spool can be written again")
        if self._size >= self._segment_bytes:
            self._close()
        return True

    def _open(self) -> int:
        if self._file is None:
            if not (self.folder / _IDENTITY).exists():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _keep_identity(self.folder, self.identity)
            number = max(self._segment, *segments_of(self.folder), 0) + 1
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
            self._file = os.open(path_of(self.folder, number), flags, 0o600)
            self._segment, self._size = number, 0
        return self._file

    def _refused(self, why: str, written: int) -> None:
        self._failures += 1
        if not self._failing:
            self._failing = True
            log.error("the spool cannot be written; events wait in memory", error=why)
        if self._file is None or (written == 0 and self._size == 0):
            return
        # The cut-off line must go, and no other may follow it here: whoever reads may have seen half of it already.
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, self._size)
        if self._size == 0:
            with contextlib.suppress(OSError):
                path_of(self.folder, self._segment).unlink()
        self._close()

    def _keep(self, line: bytes) -> None:
        if len(self._waiting) < self._memory_events:
            self._waiting.append(line)
            return
        self._lost += 1
        if self._lost == 1:
            log.critical("memory is full too: events are lost", waiting=len(self._waiting))

    def _close(self) -> None:
        """What nobody has read of a file that was deleted or moved is to be written again, before all else."""
        if self._file is None:
            return
        if self._size and not self._named(self._file):
            start = self._done.offset if self._done.segment == self._segment else 0
            try:
                lines = os.pread(self._file, self._size - start, start).splitlines(keepends=True)
            except OSError as error:
                log.critical("the spool's file was deleted or moved, and cannot be read again: events are lost", error=str(error))
            else:
                self._waiting.extendleft(reversed(lines))
                log.error("the spool's file was deleted or moved; what the database has not is written again", events=len(lines))
        os.close(self._file)
        self._file = None

    def _named(self, file: int) -> bool:
        """Is it still there under its name? Whoever reads the spool goes by that. Where nobody can tell, it is: nothing is to be
        written twice."""
        try:
            return os.path.samestat(path_of(self.folder, self._segment).stat(), os.fstat(file))
        except OSError as error:
            return not isinstance(error, FileNotFoundError)


def _identity(folder: Path, *, fresh: bool) -> str:
    path = folder / _IDENTITY
    if not fresh and path.exists():
        return path.read_text(encoding="ascii")
    identity = secrets.token_hex(8)
    _keep_identity(folder, identity)
    return identity


def _keep_identity(folder: Path, identity: str) -> None:
    draft = folder / f"{_IDENTITY}.new"  # written aside first: half an identity would be another one
    draft.write_text(identity, encoding="ascii")
    draft.replace(folder / _IDENTITY)
