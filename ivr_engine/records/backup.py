"""Copies of a store: made while an engine works on it, and put in its place again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ivr_engine.errors import Unavailable
from ivr_engine.records.database import State, copy_database, refused, state_of, unsound
from ivr_engine.records.lock import StoreLock
from ivr_engine.records.schema import require_known
from ivr_engine.records.segments import path_of, segments_of
from ivr_engine.records.store import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "backup.json"
KEY, SPOOL = "secret.key", "spool"
_STORE = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", SPOOL, KEY)


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself: when it was begun (seconds since 1970 UTC), how many contacts it has, and the SHA-256 of each
    of its files."""

    made: float
    contacts: int
    files: dict[str, str]


class Restored(NamedTuple):
    """What was put in place, and the folder where the store that was there before is kept (None: there was none)."""

    manifest: Manifest
    aside: Path | None


def backup(folder: Path, to: Path, at: float) -> Manifest:
    """Copy the store in `folder` to the new folder `to`: all that was acknowledged before it began is in it. `at`: seconds since
    1970 UTC. Raises Unavailable; then there is nothing in `to`."""
    if not (folder / DATABASE).exists():
        raise Unavailable(f"there is no store in {folder}", "start the engine once, it makes one")
    if to.exists():
        raise Unavailable(f"{to} is there already", "a backup overwrites nothing: name a new folder")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{to.name}.", dir=to.parent))  # for its owner alone
        try:
            manifest = _copy(folder, draft, at)
            draft.rename(to)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise Unavailable(
            f"{to} cannot be written: {error.strerror}", "name a folder with room for a copy of the store"
        ) from error
    except sqlite3.Error as error:
        raise refused(folder / DATABASE, state_of(error), error) from error
    return manifest


def _copy(folder: Path, draft: Path, at: float) -> Manifest:
    # The spool first: what goes from it afterwards is in the database by then, and both together miss nothing.
    (draft / SPOOL).mkdir(mode=0o700)
    with contextlib.suppress(FileNotFoundError):
        shutil.copy(folder / SPOOL / "identity", draft / SPOOL / "identity")
    for number in segments_of(folder / SPOOL):
        with contextlib.suppress(FileNotFoundError):  # carried into the database and dropped meanwhile
            whole, _, _unfinished = path_of(folder / SPOOL, number).read_bytes().rpartition(b"\n")
            if whole:
                path_of(draft / SPOOL, number).write_bytes(whole + b"\n")
    shutil.copy(folder / KEY, draft / KEY)
    copy_database(folder / DATABASE, draft / DATABASE)
    if found := unsound(draft / DATABASE):
        raise refused(folder / DATABASE, State.CORRUPT, found)
    with contextlib.closing(sqlite3.connect(draft / DATABASE)) as connection:
        (contacts,) = connection.execute("SELECT count(*) FROM contacts").fetchone()
    manifest = Manifest(at, contacts, {name: _digest(draft / name) for name in sorted(_files(draft))})
    (draft / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    for name in (*manifest.files, MANIFEST):
        (draft / name).chmod(0o600)
        _to_disk(draft / name)
    _to_disk(draft / SPOOL)
    _to_disk(draft)
    return manifest


def check_backup(source: Path) -> Manifest:
    """What a backup says of itself, once every file is found as it was written. Raises Unavailable."""
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
        changed = [name for name, digest in manifest.files.items() if _digest(source / name) != digest]
    except (OSError, msgspec.MsgspecError) as error:
        raise Unavailable(
            f"{source} is no backup, or not all of it can be read: {error}", "name a folder `ivr backup` made"
        ) from error
    if changed:
        raise Unavailable(f"the backup {source} is damaged: {', '.join(changed)}", "take another one")
    return manifest


def restore(folder: Path, source: Path, stamp: str) -> Restored:
    """Put a backup in the place of the store in `folder`, on which no engine may run; what is there is set aside under the name
    `stamp`, not deleted. Raises Unavailable, and changes nothing."""
    manifest = check_backup(source)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = StoreLock(folder)
        try:
            with _draft(folder) as draft:
                for name in (KEY, SPOOL, DATABASE):
                    _put(source / name, draft / name)
                with contextlib.closing(sqlite3.connect(draft / DATABASE)) as connection:
                    require_known(connection)
                aside = set_aside(folder, f"before-restore-{stamp}", _STORE)
                for name in (KEY, SPOOL, DATABASE):  # the database last: no engine takes half of this for a store of its own
                    (draft / name).rename(folder / name)
                _to_disk(folder)
        finally:
            lock.release()
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror}", "make room on the disk, or set engine.data") from error
    return Restored(manifest, aside)


def set_aside(folder: Path, name: str, files: tuple[str, ...]) -> Path | None:
    """Move those of the files that there are into a new folder beside them; None when there are none."""
    there = [folder / file for file in files if (folder / file).exists()]
    if not there:
        return None
    aside = folder / name
    aside.mkdir(mode=0o700)
    for path in there:
        path.rename(aside / path.name)
    return aside


@contextlib.contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put(source: Path, to: Path) -> None:
    if source.is_dir():
        to.mkdir(mode=0o700)
        for file in source.iterdir():
            _put(file, to / file.name)
    else:
        shutil.copyfile(source, to)
        to.chmod(0o600)
    _to_disk(to)


def _files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
