"""Asterisk's queue_log: read on from a stored position, across rotations; and what its closing entries say."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import structlog

from ivr_engine.errors import Unavailable
from ivr_engine.events import QueueStatus
from ivr_engine.exchange.interface import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = structlog.get_logger()

_COMPRESSED = {".gz", ".bz2", ".xz", ".zst"}
_POSITION = re.compile(r"(\d+):(\d+)(?::(\d+))?")
_TAIL = 1 << 16  # bytes in which the last line is looked for
_RECENT = 1 << 22  # bytes: some forty thousand entries


def end(path: Path) -> str:
    """The position after all that is there now; "" when there is no file yet. Raises Unavailable."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            entries, offset = _entries(file, max(0, status.st_size - _TAIL), from_a_line=status.st_size <= _TAIL)
            return _position(status.st_ino, offset, entries, 0)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _unreadable(path, error) from error


def recent(path: Path) -> list[LedgerEntry]:
    """The last entries there are, of many hours even on a busy day; none when there is no file yet. Raises Unavailable."""
    try:
        with path.open("rb") as file:
            start = max(0, os.fstat(file.fileno()).st_size - _RECENT)
            return _entries(file, start, from_a_line=not start)[0]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(path, error) from error


def read(path: Path, position: str) -> tuple[list[LedgerEntry], str]:
    """The entries after `position` ("" = the beginning of the file) and the position after them.

    A position is inode:offset:seconds of the last entry. After a rotation the old file is finished first, if it is still
    beside the new one and not compressed. When it is not, or the file was cut short or put back from a copy, what is older
    than the last entry is left out. A last line without its end is left for the next time, lines that cannot be read are
    logged and skipped. No file yet: nothing to read. Raises Unavailable when it is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _read_on(path, file, position)
    except FileNotFoundError:
        return [], position
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"the queue ledger {path} cannot be read: {error.strerror}", "may the engine's user read it?")


def _position(inode: int, offset: int, entries: Sequence[LedgerEntry], before: int) -> str:
    return f"{inode}:{offset}:{max(before, int(entries[-1].at)) if entries else before}"


def _read_on(path: Path, file: BinaryIO, position: str) -> tuple[list[LedgerEntry], str]:
    """`file` is open before anything is looked at: a rotation meanwhile is found out the next time."""
    entries: list[LedgerEntry] = []
    status = os.fstat(file.fileno())
    known = _POSITION.fullmatch(position)
    inode, offset, last = (int(known[1]), int(known[2]), int(known[3] or 0)) if known else (status.st_ino, 0, 0)
    oldest = 0
    if inode != status.st_ino:
        old_files = _rotated(path, inode)
        for old in old_files:
            with old.open("rb") as rotated:
                entries += _entries(rotated, offset)[0]
            offset = 0
        offset, oldest = 0, 0 if old_files else last
    if status.st_size < offset:
        log.warning("the queue ledger was cut short and is read from its beginning", file=str(path))
        offset, oldest = 0, last
    fresh, offset = _entries(file, offset)
    # Of the last second itself nothing is left out: an entry read twice does no harm, one not read does.
    entries += [entry for entry in fresh if entry.at >= oldest]
    return entries, _position(status.st_ino, offset, entries, last)


def _rotated(path: Path, inode: int) -> list[Path]:
    """The file that was read last, under its new name, and those written after it; none when it is gone."""
    beside = [file for file in path.parent.glob(f"{path.name}?*") if file.suffix not in _COMPRESSED]
    age = {file: (file.stat().st_mtime_ns, file.stat().st_ino != inode) for file in beside}
    last = next((file for file in beside if not age[file][1]), None)
    if last is None:
        log.warning("the queue ledger was rotated and its old file is gone: entries may be missing", file=str(path))
        return []
    return sorted((file for file in beside if age[file] >= age[last]), key=age.__getitem__)


def _entries(file: BinaryIO, offset: int, *, from_a_line: bool = True) -> tuple[list[LedgerEntry], int]:
    """The whole lines of a file from `offset`, which may lie within a line, and the offset after the last of them."""
    file.seek(offset)
    data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    first = 0 if from_a_line else whole.find(b"\n") + 1
    entries = [entry for line in whole[first:].split(b"\n") if line and (entry := _entry(line.decode("utf-8", "replace")))]
    return entries, offset + len(whole)


def _entry(line: str) -> LedgerEntry | None:
    try:
        at, channel, queue, operator, verb, *data = line.split("|")
        channel, queue, operator = ("" if field == "NONE" else field for field in (channel, queue, operator))
        return LedgerEntry(float(int(at)), channel, queue, operator, verb, tuple(data))
    except ValueError:
        log.warning("a line of the queue ledger cannot be read", start=line[:20])
        return None


# How each closing verb ends a stay, and where its seconds stand, counted from the end of its data: (wait, talk).
# From the end, because what comes before may hold a "|" of a caller's or a transfer's making.
_CLOSING: dict[str, tuple[QueueStatus, int, int | None]] = {
    "COMPLETECALLER": (QueueStatus.ANSWERED, -3, -2),
    "COMPLETEAGENT": (QueueStatus.ANSWERED, -3, -2),
    "BLINDTRANSFER": (QueueStatus.ANSWERED, -3, -2),
    "ATTENDEDTRANSFER": (QueueStatus.ANSWERED, -3, -2),
    "ABANDON": (QueueStatus.ABANDONED, -1, None),
    "EXITWITHTIMEOUT": (QueueStatus.TIMEOUT, -1, None),
    "EXITEMPTY": (QueueStatus.LEAVEEMPTY, -1, None),
    "EXITWITHKEY": (QueueStatus.WITHDRAW, -1, None),
    "WITHDRAW": (QueueStatus.WITHDRAW, 2, None),  # its data end with a text of the site's
}
_BY_OPERATOR = {"COMPLETEAGENT", "BLINDTRANSFER", "ATTENDEDTRANSFER"}


class Closing(NamedTuple):
    """What the entry that ends a stay says: how, whole seconds waited and talked, and whether the operator ended the talk."""

    status: QueueStatus
    wait_s: int
    talk_s: int
    by_operator: bool


def closing(entry: LedgerEntry) -> Closing | None:
    """How the entry ends a stay in a queue; None when it does not."""
    if entry.verb not in _CLOSING:
        return None
    status, wait, talk = _CLOSING[entry.verb]
    talk_s = 0 if talk is None else _number(entry.data, talk)
    return Closing(status, _number(entry.data, wait), talk_s, entry.verb in _BY_OPERATOR)


def _number(data: Sequence[str], index: int) -> int:
    """The whole number at that place; 0 when there is none, as no line of a ledger may stop the others."""
    try:
        return int(data[index])
    except (IndexError, ValueError):
        return 0
