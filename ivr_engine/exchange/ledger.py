"""Asterisk's queue_log: read on from a stored position, across rotations, and folded into stays in a queue."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, BinaryIO

import structlog

from ivr_engine.errors import Unavailable
from ivr_engine.events import QueueStatus
from ivr_engine.exchange.interface import LedgerEntry, QueueStay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

log = structlog.get_logger()

_COMPRESSED = {".gz", ".bz2", ".xz", ".zst"}
_POSITION = re.compile(r"(\d+):(\d+)")


def read(path: Path, position: str) -> tuple[list[LedgerEntry], str]:
    """The entries after `position` ("" = the beginning of the file) and the position after them.

    A position is inode:offset. After a rotation the old file is finished first, if it is still beside the new one and not
    compressed. A last line without its end is left for the next time, lines that cannot be read are logged and skipped.
    No file yet: nothing to read. Raises Unavailable when it is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _read_on(path, file, position)
    except FileNotFoundError:
        return [], position
    except OSError as error:
        hint = "may the engine's user read it?"
        raise Unavailable(f"the queue ledger {path} cannot be read: {error.strerror}", hint) from error


def _read_on(path: Path, file: BinaryIO, position: str) -> tuple[list[LedgerEntry], str]:
    """`file` is open before anything is looked at: a rotation meanwhile is found out the next time."""
    entries: list[LedgerEntry] = []
    status = os.fstat(file.fileno())
    known = _POSITION.fullmatch(position)
    inode, offset = (int(known[1]), int(known[2])) if known else (status.st_ino, 0)
    if inode != status.st_ino:
        for old in _rotated(path, inode):
            with old.open("rb") as rotated:
                entries += _entries(rotated, offset)[0]
            offset = 0
        offset = 0
    if status.st_size < offset:
        log.warning("the queue ledger was cut short and is read from its beginning", file=str(path))
        offset = 0
    fresh, offset = _entries(file, offset)
    return entries + fresh, f"{status.st_ino}:{offset}"


def _rotated(path: Path, inode: int) -> list[Path]:
    """The file that was read last, under its new name, and those written after it; none when it is gone."""
    beside = [file for file in path.parent.glob(f"{path.name}?*") if file.suffix not in _COMPRESSED]
    age = {file: (file.stat().st_mtime_ns, file.stat().st_ino != inode) for file in beside}
    last = next((file for file in beside if not age[file][1]), None)
    if last is None:
        log.warning("the queue ledger was rotated and its old file is gone: entries may be missing", file=str(path))
        return []
    return sorted((file for file in beside if age[file] >= age[last]), key=age.__getitem__)


def _entries(file: BinaryIO, offset: int) -> tuple[list[LedgerEntry], int]:
    """The whole lines of a file from `offset`, and the offset after the last of them."""
    file.seek(offset)
    data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    entries = [entry for line in whole.split(b"\n") if line and (entry := _entry(line.decode("utf-8", "replace")))]
    return entries, offset + len(whole)


def _entry(line: str) -> LedgerEntry | None:
    try:
        at, channel, queue, operator, verb, *data = line.split("|")
        channel, queue, operator = ("" if field == "NONE" else field for field in (channel, queue, operator))
        return LedgerEntry(float(at), channel, queue, operator, verb, tuple(data))
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


@dataclass(slots=True)
class _Stay:
    channel: str
    queue: str
    number: str
    entered_at: float
    operator: str = ""
    answered_at: float | None = None
    status: QueueStatus | None = None
    ended_at: float | None = None
    wait_s: int = 0
    talk_s: int = 0
    by_operator: bool = False

    def connect(self, entry: LedgerEntry) -> None:
        self.operator, self.answered_at, self.wait_s = entry.operator, entry.at, _number(entry.data, 0)

    def close(self, entry: LedgerEntry) -> None:
        status, wait, talk = _CLOSING[entry.verb]
        self.status, self.ended_at, self.wait_s = status, entry.at, _number(entry.data, wait)
        if talk is not None:
            self.talk_s = _number(entry.data, talk)
            self.operator, self.by_operator = entry.operator, entry.verb in _BY_OPERATOR
            self.answered_at = self.answered_at if self.answered_at is not None else entry.at - self.talk_s

    def cut(self, at: float) -> None:
        """Asterisk itself ended, nobody wrote when; `at` is the last time it wrote anything."""
        self.ended_at = at
        if self.answered_at is None:
            self.status, self.wait_s = QueueStatus.FAILED, int(at - self.entered_at)
        else:
            self.status, self.talk_s = QueueStatus.ANSWERED, int(at - self.answered_at)

    def frozen(self) -> QueueStay:
        return QueueStay(**asdict(self))


def stays(entries: Iterable[LedgerEntry]) -> list[QueueStay]:
    """Every stay in a queue the entries tell of, in order of entry; `status` None for those they leave open.

    A stay whose entry lies before the entries is told all the same, without the number; its beginning is counted back.
    """
    return [stay.frozen() for stay in _fold(entries)]


def _fold(entries: Iterable[LedgerEntry]) -> list[_Stay]:
    found: list[_Stay] = []
    under_way: dict[str, _Stay] = {}
    last = 0.0
    for entry in entries:
        if entry.verb == "QUEUESTART":  # Asterisk came up: whatever was under way is not any more
            for stay in under_way.values():
                stay.cut(max(last, stay.entered_at))
            under_way.clear()
        elif entry.verb == "ENTERQUEUE":
            found.append(_Stay(entry.channel, entry.queue, "|".join(entry.data[1:-1]), entry.at))
            under_way[entry.channel] = found[-1]
        elif entry.verb == "CONNECT" or entry.verb in _CLOSING:
            if entry.channel not in under_way:
                found.append(_Stay(entry.channel, entry.queue, "", entry.at - _seconds_before(entry)))
                under_way[entry.channel] = found[-1]
            stay = under_way[entry.channel]
            if entry.verb == "CONNECT":
                stay.connect(entry)
            else:
                stay.close(entry)
                del under_way[entry.channel]
        last = entry.at
    return found


def _seconds_before(entry: LedgerEntry) -> int:
    """How long ago the stay had begun when this was written."""
    if entry.verb == "CONNECT":
        return _number(entry.data, 0)
    _, wait, talk = _CLOSING[entry.verb]
    return _number(entry.data, wait) + (_number(entry.data, talk) if talk is not None else 0)


def _number(data: Sequence[str], index: int) -> int:
    """The whole number at that place; 0 when there is none, as no line of a ledger may stop the others."""
    try:
        return int(data[index])
    except (IndexError, ValueError):
        return 0
