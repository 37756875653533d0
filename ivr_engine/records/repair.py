"""Makes a sound database of a damaged one: every row that can still be read, a backup for the rest, and what the spool still has.

The damaged file is worked on as a copy and kept. What is lost is said, as far as anything is left that tells of it.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ivr_engine.errors import Unavailable
from ivr_engine.events import ContactEnded, ContactStarted, PrivateNoted
from ivr_engine.records import article_search, audit, citizens, figures, journal, people, private, projection, settings
from ivr_engine.records.backup import SPOOL, check_backup, set_aside
from ivr_engine.records.codec import journal_data
from ivr_engine.records.database import unsound
from ivr_engine.records.journal import milliseconds
from ivr_engine.records.lock import StoreLock
from ivr_engine.records.salvage import Salvaged, columns_of, salvage, tables_of
from ivr_engine.records.schema import migrate
from ivr_engine.records.segments import Position, read_segments
from ivr_engine.records.store import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ivr_engine.events import Event

log = structlog.get_logger()

_FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm")
_FIGURES = ("figures", "figure_items")


@dataclass(frozen=True, slots=True)
class Repaired:
    """`damage` in SQLite's words ("": the database was sound, nothing was done). Of each table how many rows were read and
    whether that was all; `from_backup` tables that a backup filled up; `refound` facts the database lost and the spool still had;
    `rebuilt` contacts made anew from their journal; `incomplete` contacts whose journal lacks facts that nothing has any more;
    `dangling` rows that refer to lost ones; `aside` the folder with the damaged file."""

    damage: str
    tables: dict[str, Salvaged]
    from_backup: tuple[str, ...] = ()
    refound: int = 0
    rebuilt: int = 0
    incomplete: tuple[str, ...] = ()
    dangling: int = 0
    aside: Path | None = None

    @property
    def lossless(self) -> bool:
        """Was every table read to its end, and is nothing missing?"""
        return all(table.whole for table in self.tables.values()) and not self.incomplete and not self.dangling


def repair(folder: Path, source: Path | None, stamp: str, at: float) -> Repaired:
    """Repair the store in `folder`, on which no engine may run, with the help of a backup `source` if there is one. `at`: seconds
    since 1970 UTC. Raises Unavailable, and changes nothing."""
    if not (folder / DATABASE).is_file():
        raise Unavailable(f"there is no database in {folder}", "put a backup in its place: `ivr restore`")
    if source is not None:
        check_backup(source)
    lock = StoreLock(folder)
    try:
        damage = unsound(folder / DATABASE)
        if not damage:
            return Repaired("", {})
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=folder) as name:
            draft = Path(name)
            for file in _FILES[:2]:
                if (folder / file).exists():
                    shutil.copyfile(folder / file, draft / f"damaged{file.removeprefix(DATABASE)}")
            report = _rebuild(folder, draft, source, damage, at)
            aside = set_aside(folder, f"before-repair-{stamp}", _FILES)
            (draft / DATABASE).rename(folder / DATABASE)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror}", "make room on the disk for a copy of it") from error
    finally:
        lock.release()
    return Repaired(**{**{name: getattr(report, name) for name in Repaired.__slots__}, "aside": aside})


def _rebuild(folder: Path, draft: Path, source: Path | None, damage: str, at: float) -> Repaired:
    with contextlib.closing(sqlite3.connect(draft / DATABASE, isolation_level=None)) as new:
        (draft / DATABASE).chmod(0o600)
        new.row_factory = sqlite3.Row
        new.execute("PRAGMA secure_delete=ON")
        migrate(new)
        tables = _salvage(new, draft / "damaged")
        if source is None and not any(table.rows for table in tables.values()):
            raise Unavailable(
                f"nothing can be read in the database ({damage})", "give a backup too: `ivr doctor --repair --from FOLDER`"
            )
        wanting = tuple(name for name, table in tables.items() if not table.whole) if source is not None else ()
        if source is not None:
            _fill_up(new, draft, source, wanting)
        new.execute("BEGIN")
        kept = _set_figures_aside(new, tables)
        people.erase_again(new, "system", at)
        refound = _from_spool(new, folder / SPOOL)
        rebuilt = _rebuild_contacts(new)
        _count(new, kept)
        article_search.fill(new)
        incomplete = tuple(_incomplete(new))
        dangling = len(new.execute("PRAGMA foreign_key_check").fetchall())
        report = Repaired(damage, tables, wanting, refound, rebuilt, incomplete, dangling)
        lost = "nothing lost that is known of" if report.lossless else f"{len(incomplete)} contacts incomplete"
        audit.note(new, at, "system", "database repaired", "database", f"{damage[:100]}: {lost}")
        new.execute("COMMIT")
    if found := unsound(draft / DATABASE):
        raise Unavailable(f"the repaired database is not sound either: {found}", "restore a backup: `ivr restore`")
    return report


def _salvage(new: sqlite3.Connection, damaged: Path) -> dict[str, Salvaged]:
    """Everything that can be read, into the new database."""
    tables: dict[str, Salvaged] = {}
    with contextlib.closing(sqlite3.connect(damaged, isolation_level=None)) as old:
        old.text_factory = lambda raw: raw.decode("utf-8", "replace")
        for table in tables_of(new):
            tables[table] = salvage(old, new, table)
    return tables


def _fill_up(new: sqlite3.Connection, draft: Path, source: Path, tables: Iterable[str]) -> None:
    """Rows of the backup for tables that could not be read to their end. To the others it adds nothing: what they lack was
    deleted since, perhaps because somebody had to be forgotten."""
    shutil.copyfile(source / DATABASE, draft / "backup")
    with contextlib.closing(sqlite3.connect(draft / "backup", isolation_level=None)) as old:
        migrate(old)
        for table in tables:
            names = ", ".join(columns_of(new, table))
            marks = ", ".join("?" * len(columns_of(new, table)))
            rows = old.execute(f"SELECT {names} FROM {table}")  # noqa: S608 - own names
            new.executemany(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 - own names


def _from_spool(new: sqlite3.Connection, spool: Path) -> int:
    """Take from the spool what the database had and has lost. What it has not had yet is for the engine's writer."""
    with contextlib.suppress(FileNotFoundError):
        identity = (spool / "identity").read_text(encoding="ascii")
        known = settings.spool_position(new, identity)
        refound, end, touched = 0, known, set[str]()
        for entry in read_segments(spool, Position()):
            if known != Position() and entry.after > known:
                break
            end = entry.after
            if entry.event is not None and not _has(new, entry.event):
                _take(new, entry.event)
                touched.add(entry.event.contact)
                refound += 1
        for contact in touched:
            _in_order(new, contact)
        settings.put_spool_position(new, identity, end)
        return refound
    return 0


def _has(new: sqlite3.Connection, event: Event) -> bool:
    if isinstance(event, PrivateNoted):
        query, values = "SELECT 1 FROM private WHERE contact = ? AND name = ?", (event.contact, event.name)
        return new.execute(query, values).fetchone() is not None
    query = "SELECT 1 FROM journal WHERE contact = ? AND at = ? AND kind = ? AND data = ?"
    row = new.execute(query, (event.contact, milliseconds(event.at), type(event).__name__, journal_data(event))).fetchone()
    return row is not None


def _take(new: sqlite3.Connection, event: Event) -> None:
    if isinstance(event, PrivateNoted):
        private.note(new, event)
    else:
        journal.add(new, event)


def _in_order(new: sqlite3.Connection, contact: str) -> None:
    """Number a contact's journal anew, by time: what was found again came behind the rest."""
    rows = new.execute("SELECT at, kind, data FROM journal WHERE contact = ? ORDER BY at, seq", (contact,)).fetchall()
    new.execute("DELETE FROM journal WHERE contact = ?", (contact,))
    new.executemany(
        "INSERT INTO journal (contact, seq, at, kind, data) VALUES (?, ?, ?, ?, ?)",
        [(contact, seq, row["at"], row["kind"], row["data"]) for seq, row in enumerate(rows, 1)],
    )


def _set_figures_aside(new: sqlite3.Connection, tables: dict[str, Salvaged]) -> bool:
    """What was counted, when it could be read whole (there is none in the store of an earlier engine): it knows of contacts whose
    journal is lost, and counts none twice that is made anew."""
    if not tables["figures"].rows or not all(tables[name].whole for name in _FIGURES):
        return False
    for name in _FIGURES:
        new.execute(f"CREATE TEMP TABLE kept_{name} AS SELECT * FROM main.{name}")  # noqa: S608 - own names
    return True


def _count(new: sqlite3.Connection, kept: bool) -> None:
    """The figures as they were, else from the journal."""
    if not kept:
        figures.rebuild(new)
        return
    for name in _FIGURES:
        new.execute(f"DELETE FROM main.{name}")  # noqa: S608 - own names
        new.execute(f"INSERT INTO main.{name} SELECT * FROM kept_{name}")  # noqa: S608 - own names


def _rebuild_contacts(new: sqlite3.Connection) -> int:
    """Contacts whose row is lost, from their journal."""
    query = "SELECT DISTINCT contact FROM journal WHERE contact NOT IN (SELECT id FROM contacts)"
    lost = [str(row["contact"]) for row in new.execute(query)]
    for contact in lost:
        events = list(journal.events(new, contact))
        noted = new.execute("SELECT name, value, at FROM private WHERE contact = ?", (contact,)).fetchall()
        new.execute("DELETE FROM journal WHERE contact = ?", (contact,))
        for event in events[:1]:
            projection.apply(new, event)
        for row in noted:  # who called is known before anybody answers
            citizens.note(new, PrivateNoted(contact, journal.seconds(row["at"]), row["name"], row["value"]))
        for event in events[1:]:
            projection.apply(new, event)
    return len(lost)


def _incomplete(new: sqlite3.Connection) -> Iterable[str]:
    """Contacts whose journal has a gap, or lacks its beginning or its end."""
    rows = new.execute(
        "SELECT id, ended, count(seq) AS events, coalesce(max(seq), 0) AS last,"
        " coalesce(sum(kind = ?), 0) AS starts, coalesce(sum(kind = ?), 0) AS ends"
        " FROM contacts LEFT JOIN journal ON journal.contact = contacts.id GROUP BY id ORDER BY started, id",
        (ContactStarted.__name__, ContactEnded.__name__),
    )
    for row in rows:
        if row["events"] < row["last"] or row["starts"] == 0 or (row["ended"] is not None and row["ends"] == 0):
            yield row["id"]
