"""The database file: opened for the one writer or for reading, and what can ail it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.errors import Unavailable
from ivr_engine.records.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_READ_WAIT = 2.0  # seconds a reader waits for a lock
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "recursive_triggers=ON",  # else a REPLACE would pass by the triggers that keep the audit log and closed months
)


class State(StrEnum):
    """How the database does. Events are safe in the spool in every state."""

    WORKS = "works"
    LOCKED = "locked"
    FULL = "disk full"
    READ_ONLY = "read-only"
    CORRUPT = "corrupt"
    GONE = "cannot be opened"
    REPLACED = "deleted or replaced"
    FAILED = "failed"


_STATES = {
    sqlite3.SQLITE_BUSY: State.LOCKED,
    sqlite3.SQLITE_LOCKED: State.LOCKED,
    sqlite3.SQLITE_FULL: State.FULL,
    sqlite3.SQLITE_READONLY: State.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: State.CORRUPT,
    sqlite3.SQLITE_NOTADB: State.CORRUPT,
    sqlite3.SQLITE_CANTOPEN: State.GONE,
}
_HINTS = {
    State.LOCKED: "close the program that has it open",
    State.FULL: "make room on the disk",
    State.READ_ONLY: "let the engine's user write to it",
    State.CORRUPT: "stop the engine and run `ivr doctor --repair`; events it lacks are still in the spool",
    State.GONE: "it must be a file that the engine's user may open",
}
_EVENT_FAULTS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


class Replaced(Exception):
    """The file under the open connection is no longer the one of that name."""


def state_of(error: Exception) -> State:
    """What an error says about the database."""
    if isinstance(error, Replaced):
        return State.REPLACED
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the family, the rest its detail
    return _STATES.get(code, State.FAILED)


def refused(path: Path, state: State, why: object) -> Unavailable:
    """What ails a database, to a person."""
    return Unavailable(f"the database {path} is unusable: {state} ({why})", _HINTS.get(state, "see `ivr doctor`"))


def ails_database(error: Exception) -> bool:
    """Is it the database that failed (try again later), rather than what was asked of it?"""
    return isinstance(error, sqlite3.Error | Replaced) and not isinstance(error, _EVENT_FAULTS)


class WriteConnection:
    """The writer's connection: schema up to date, write-ahead log, every commit on disk. Made and used in one thread.

    Raises sqlite3.Error. `busy` is how many seconds to wait for a lock.
    """

    def __init__(self, path: Path, busy: float) -> None:
        self._path, self._busy = path, busy
        with contextlib.suppress(OSError):  # made first, so that nobody else may read it; SQLite says what else is wrong
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self.connection = sqlite3.connect(path, timeout=busy, isolation_level=None)
        try:
            self.connection.row_factory = sqlite3.Row
            for pragma in _PRAGMAS:
                self.connection.execute(f"PRAGMA {pragma}")
            migrate(self.connection)
        except BaseException:
            self.connection.close()
            raise
        self._files = {file: _inode(file) for file in (path, _beside(path, "-wal"), _beside(path, "-shm"))}

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing. Raises Replaced when the commit went to a file that is no longer the store's."""
        self.check()
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self.check()

    def check(self) -> None:
        """Raises Replaced when the file was deleted or another put in its place."""
        if _inode(self._path) != self._files[self._path]:
            raise Replaced(f"{self._path.name} is not the file that was opened")

    def empty_log(self) -> bool:
        """Cut the write-ahead log off, once all of it is in the file: what was erased there would stay in it until it is written
        over, perhaps for months. False while somebody reads, who is not waited for. Raises sqlite3.Error."""
        self.connection.execute("PRAGMA busy_timeout=0")
        try:
            (busy, *_pages) = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            self.connection.execute(f"PRAGMA busy_timeout={round(self._busy * 1000)}")
        return not busy

    def verify(self) -> None:
        """Raises sqlite3.Error or Replaced unless a newcomer finds in the file what this connection finds.

        What somebody overwrites in place goes unnoticed here, where the pages are in memory, until nobody else can read them.
        """
        self.check()
        with contextlib.closing(_read_only(self._path)) as newcomer:
            seen = [
                connection.execute("SELECT name, value FROM settings").fetchall() for connection in (self.connection, newcomer)
            ]
        if list(map(tuple, seen[0])) != list(map(tuple, seen[1])):
            raise Replaced(f"{self._path.name} was overwritten")

    def close(self) -> None:
        """Close; what a replaced file leaves behind must not be taken for a part of its successor."""
        replaced = _inode(self._path) != self._files[self._path]
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        if replaced:
            for file, inode in self._files.items():
                if file != self._path and inode is not None and _inode(file) == inode:
                    file.unlink(missing_ok=True)


class Reader:
    """Read-only access from any thread or process, also while an engine writes.

    Each use has a connection for itself. Up to `keep` of them stay open for the next use: a new one reads the whole schema first,
    which takes a millisecond. Whoever keeps any must `close` at the end.
    """

    def __init__(self, path: Path, keep: int = 0) -> None:
        self._path, self._keep = path, keep
        self._idle: deque[_Idle] = deque()

    @contextlib.contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection for the length of the block, all of it seeing one moment. Raises Unavailable."""
        file = _inode(self._path)
        if file is None:
            raise Unavailable(f"there is no store in {self._path.parent}", "start the engine once, it makes one")
        try:
            connection = self._idle_on(file) or _read_only(self._path)
            connection.row_factory = sqlite3.Row
            try:
                connection.execute("BEGIN")
                yield connection
                connection.execute("ROLLBACK")
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise Unavailable(f"the store {self._path} cannot be read: {error}", "see `ivr doctor`") from error
        self._idle.append(_Idle(connection, file))
        self._close_beyond(self._keep)

    def close(self) -> None:
        """Close what is open, and keep nothing any more. May be called again."""
        self._keep = 0
        self._close_beyond(0)

    def _idle_on(self, file: tuple[int, int]) -> sqlite3.Connection | None:
        while True:
            try:
                idle = self._idle.pop()
            except IndexError:
                return None
            if idle.file == file:
                return idle.connection
            idle.connection.close()  # another file was put in its place

    def _close_beyond(self, number: int) -> None:
        while len(self._idle) > number:
            with contextlib.suppress(IndexError):  # another thread was quicker
                self._idle.popleft().connection.close()


class _Idle(NamedTuple):
    connection: sqlite3.Connection
    file: tuple[int, int]
    """Device and inode it was opened on."""


def copy_database(path: Path, to: Path) -> None:
    """Copy a database as it is at one moment, while others read and write it. Raises sqlite3.Error."""
    with contextlib.closing(_read_only(path)) as source, contextlib.closing(sqlite3.connect(to)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it


def unsound(path: Path) -> str:
    """What is wrong with a database file, in SQLite's words; "" when it is sound. Reads all of it."""
    try:
        with contextlib.closing(_read_only(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(found)


def _read_only(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=_READ_WAIT, isolation_level=None, check_same_thread=False)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
