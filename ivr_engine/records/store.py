"""The store: one folder with the database, the spool, the key and the lock, and who may look things up in it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable
from ivr_engine.records import articles, people, private, secret, settings
from ivr_engine.records.administration import Administration
from ivr_engine.records.articles import Article, Articles
from ivr_engine.records.cases import Cases
from ivr_engine.records.citizens import Citizens
from ivr_engine.records.contacts import Contacts
from ivr_engine.records.database import Reader, Replaced, State, WriteConnection, refused, state_of
from ivr_engine.records.lock import StoreLock
from ivr_engine.records.spool import Spool
from ivr_engine.records.traffic import Traffic, traffic
from ivr_engine.records.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from ivr_engine.events import Event
    from ivr_engine.records.cases import CaseTouched
    from ivr_engine.records.contacts import OpenContact

DATABASE = "ivr.db"
_WAIT = 5.0  # seconds the blocking methods wait for the writer
_KEPT = 8  # read connections an engine keeps open: as many as look at once on a busy day
_BUSY = 1.0  # seconds to wait at the start for somebody's lock


class StoreReader:
    """Looks things up in a store, whether or not an engine runs on it; writes nothing. Its methods block.

    `keep`: connections that stay open between two uses, for whoever looks often and closes them at the end (see Reader).
    """

    def __init__(self, folder: Path, keep: int = 0) -> None:
        self.folder = folder
        self._reader = Reader(folder / DATABASE, keep)
        self.contacts = Contacts(self._reader)
        self.cases = Cases(self._reader)
        self.citizens = Citizens(self._reader)
        self.articles = Articles(self._reader)
        self.administration = Administration(folder / DATABASE, self._reader)

    def inputs(self, contact: str) -> dict[str, str]:
        """What the caller of a contact has keyed, by name: for whoever made the call, in a trial."""
        with self._reader.open() as connection:
            return private.inputs(connection, contact)

    def traffic(self, line: str, since: float, until: float) -> Traffic:
        """How callers went through a line's tree; see records.traffic."""
        return traffic(self._reader, line, since, until)


class Store(StoreReader):
    """An engine's store: takes the folder for itself, makes what is missing, brings the schema up to date.

    Raises Unavailable: another engine has it, it cannot be written, its database is broken. After `start` the writer works;
    until then events already wait safely in the spool.
    """

    def __init__(self, folder: Path, on_committed: Callable[[Sequence[CaseTouched]], None] = lambda _touched: None) -> None:
        super().__init__(folder, _KEPT)
        self._lock = _locked(folder)
        try:
            self._key = secret.load_key(folder)
            self.spool = Spool(folder / "spool", after=_last_segment(folder / DATABASE))
        except OSError as error:
            self._lock.release()
            raise _unwritable(folder, error) from error
        except BaseException:
            self._lock.release()
            raise
        self.writer = Writer(folder / DATABASE, self.spool, on_committed)

    def start(self) -> None:
        """Let the writer work."""
        self.writer.start()

    def close(self, timeout: float = 10.0) -> bool:
        """End: what was acknowledged is committed if the database lets it within `timeout` seconds, else it stays in the spool
        for the next start (False). May be called again."""
        self._reader.close()  # before the writer: the last to leave clears the write-ahead log away, and a reader cannot
        done = self.writer.stop(timeout)
        self.spool.close()
        if done:
            self.spool.drop()
        if not self.writer.running():  # else the lock goes with the process: nobody may write beside that thread
            self._lock.release()
        return done

    def record(self, event: Event) -> None:
        """Keep an event. Never raises and never waits for the database."""
        self.spool.append(event)

    def caller_key(self, number: str) -> str:
        """The keyed hash of a number in E.164 form: the same number, the same hash, in this store alone."""
        return secret.caller_key(self._key, number)

    def publish(self, texts: Iterable[Article], at: float) -> Future[int]:
        """Store what all lines have, and retire the rest; the future has how many versions were new. `at`: seconds since 1970."""
        given = tuple(texts)
        return self.writer.submit("publish articles", lambda connection: articles.publish(connection, given, at))

    def erase(self, contact: str) -> Future[None]:
        """Forget what identifies the caller of a contact, in the database and in the spool. Its journal stays, of nobody."""

        def forget(connection: sqlite3.Connection) -> None:
            private.erase(connection, contact)
            self._let_go()

        return self.writer.submit("erase private data", forget)

    def forget(self, connection: sqlite3.Connection, citizen: int, who: str, at: float) -> None:
        """Forget who a citizen is, in the database and in the spool; in the writer's thread."""
        people.erase(connection, citizen, who, at)
        self._let_go()

    def _let_go(self) -> None:
        """What was erased from the tables goes from the spool and from the write-ahead log as well."""
        self.spool.rotate()
        self.writer.erased()

    def ledger_position(self) -> str | None:
        """Up to where the exchange's ledger was read; None when it never was. Blocks. Raises Unavailable."""
        with self._reader.open() as connection:
            return settings.get(connection, settings.LEDGER)

    def save_ledger_position(self, position: str) -> None:
        """Keep that place, after all events acknowledged so far. Blocks. Raises Unavailable when the database does not take it
        in time; it is then taken as soon as it can be. Refused while the disk takes no events: those read up to that place would
        be lost with the process."""
        if self.spool.statistics().in_memory:
            raise Unavailable("the disk takes no events now", "make room on the disk")
        saved = self.writer.submit("ledger position", lambda connection: settings.put(connection, settings.LEDGER, position))
        try:
            saved.result(_WAIT)
        except TimeoutError as error:
            raise Unavailable("the store cannot be written now", "see `ivr doctor`") from error

    def channels_known(self, channels: Iterable[str]) -> set[str]:
        """Those of the exchange's channels that have a contact, everything acknowledged so far included. Blocks. Raises
        Unavailable."""
        self._all_in_database()
        return self.contacts.channels_known(channels)

    def left_open(self) -> tuple[OpenContact, ...]:
        """Contacts without an end, everything acknowledged so far included. Blocks. Raises Unavailable."""
        self._all_in_database()
        return self.contacts.open_contacts()

    def _all_in_database(self) -> None:
        if not self.writer.flush(_WAIT):
            raise Unavailable("the store cannot be written now", "see `ivr doctor`")


def _locked(folder: Path) -> StoreLock:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return StoreLock(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(f"the store {folder} cannot be written: {error.strerror}", "set engine.data to a folder that can")


def _last_segment(path: Path) -> int:
    """The last segment of the spool that the database knows of, once the schema is up to date and the file proves writable."""
    last = None
    try:
        with contextlib.closing(WriteConnection(path, _BUSY)) as database:
            last = settings.last_segment(database.connection)
            with database.transaction() as connection:
                settings.probe(connection)
            return last
    except (sqlite3.Error, Replaced) as error:
        state = state_of(error)
        if state is State.LOCKED and last is not None:
            return last  # the writer waits until it is free
        raise refused(path, state, error) from error
