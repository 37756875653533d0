"""The files of the spool: 00000001.jsonl, 00000002.jsonl, …, each a run of events, one a line."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import structlog

from ivr_engine.records.codec import Unreadable, decode_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ivr_engine.events import Event

log = structlog.get_logger()


class Position(NamedTuple):
    """A place in the spool: everything before byte `offset` of segment `segment` lies behind it."""

    segment: int = 0
    offset: int = 0


class Entry(NamedTuple):
    """What a line of the spool held (None: nothing readable, skip it) and the place after it."""

    event: Event | None
    after: Position


def path_of(folder: Path, segment: int) -> Path:
    """The file of a segment."""
    return folder / f"{segment:08d}.jsonl"


def segments_of(folder: Path) -> list[int]:
    """The segments there are, oldest first; none when the folder is missing."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(int(path.stem) for path in folder.glob("*.jsonl") if path.stem.isdecimal())
    return []


def read_segments(folder: Path, position: Position) -> Iterator[Entry]:
    """Everything behind `position`, in order.

    The newest segment may still be written to: a last line without its end is left for the next reading. In an older one such
    a line is what a crash left of an event that was never acknowledged.
    """
    segments = [number for number in segments_of(folder) if number >= position.segment]
    for number in segments:
        start = position.offset if number == position.segment else 0
        with contextlib.suppress(FileNotFoundError):
            yield from _read(folder, Position(number, start), finished=number != segments[-1])


def _read(folder: Path, start: Position, *, finished: bool) -> Iterator[Entry]:
    with path_of(folder, start.segment).open("rb") as file:
        offset = file.seek(start.offset)
        for line in file:
            if not line.endswith(b"\n") and not finished:
                return
            offset += len(line)
            yield Entry(_event(line, start.segment, offset), Position(start.segment, offset))


def _event(line: bytes, segment: int, offset: int) -> Event | None:
    try:
        if not line.endswith(b"\n"):
            raise Unreadable("the line was cut off")
        return decode_line(line)
    except Unreadable as error:
        # The line itself may hold a number or a name: it stays out of the log.
        log.warning("skipped an unreadable line of the spool", segment=segment, end=offset, bytes=len(line), error=str(error))
        return None
