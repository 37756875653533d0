"""queue_log: read on across rotations; what its closing entries say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.events import QueueStatus
from ivr_engine.exchange.interface import LedgerEntry
from ivr_engine.exchange.ledger import closing, end, read, recent

if TYPE_CHECKING:
    from pathlib import Path


def line(n: int) -> str:
    return f"{1000 + n}|{n}.1|lavoro|NONE|ENTERQUEUE||+3906{n}|1\n"


def channels(entries: list[LedgerEntry]) -> list[str]:
    return [entry.channel for entry in entries]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "queue_log"


# Reading


def test_each_read_goes_on_where_the_last_one_ended(log: Path) -> None:
    log.write_text(line(1) + line(2))
    entries, position = read(log, "")
    assert channels(entries) == ["1.1", "2.1"]
    assert read(log, position) == ([], position)
    with log.open("a") as file:
        file.write(line(3))
    assert channels(read(log, position)[0]) == ["3.1"]


def test_an_entry_has_the_fields_of_its_line(log: Path) -> None:
    log.write_text("1700000000|17.2|lavoro|op1|CONNECT|4|17.5|2\n")
    assert read(log, "")[0] == [LedgerEntry(1700000000.0, "17.2", "lavoro", "op1", "CONNECT", ("4", "17.5", "2"))]


def test_none_means_nobody(log: Path) -> None:
    log.write_text("1700000000|NONE|NONE|NONE|QUEUESTART|\n")
    assert read(log, "")[0] == [LedgerEntry(1700000000.0, "", "", "", "QUEUESTART", ("",))]


def test_a_file_that_is_not_there_yet_is_an_empty_one(log: Path) -> None:
    assert read(log, "") == ([], "")
    assert read(log, "12:34") == ([], "12:34")


def test_a_folder_in_its_place_is_said_in_one_sentence(log: Path) -> None:
    log.mkdir()
    with pytest.raises(Unavailable, match="cannot be read"):
        read(log, "")


def test_half_a_line_is_left_until_it_is_whole(log: Path) -> None:
    log.write_text(line(1) + line(2)[:20])
    entries, position = read(log, "")
    assert channels(entries) == ["1.1"]
    with log.open("a") as file:
        file.write(line(2)[20:])
    assert channels(read(log, position)[0]) == ["2.1"]


def test_read_byte_by_byte_nothing_is_lost_or_doubled(log: Path) -> None:
    whole = "".join(line(n) for n in range(5)).encode()
    found: list[LedgerEntry] = []
    position = ""
    for byte in whole:
        with log.open("ab") as file:
            file.write(bytes([byte]))
        entries, position = read(log, position)
        found += entries
    assert channels(found) == [f"{n}.1" for n in range(5)]


@pytest.mark.parametrize("bad", ["nonsense\n", "\n", "x|1|q|a|V|\n", "1|2|3\n", "\xff\xfe|\n"])
def test_a_bad_line_is_skipped_and_the_next_is_read(log: Path, bad: str) -> None:
    log.write_bytes(bad.encode("latin-1") + line(2).encode())
    assert channels(read(log, "")[0]) == ["2.1"]


def test_after_a_rotation_the_old_file_is_finished_first(log: Path) -> None:
    log.write_text(line(1))
    _, position = read(log, "")
    with log.open("a") as file:
        file.write(line(2))
    log.rename(log.with_name("queue_log.1"))
    log.write_text(line(3))
    entries, position = read(log, position)
    assert channels(entries) == ["2.1", "3.1"]
    assert read(log, position)[0] == []


def test_two_rotations_in_one_gap(log: Path) -> None:
    log.write_text(line(1))
    _, position = read(log, "")
    for age, name in ((100, "queue_log.2"), (50, "queue_log.1")):
        with log.open("a") as file:
            file.write(line(age))
        log.rename(log.with_name(name))
        os.utime(log.with_name(name), (1000 - age, 1000 - age))
    older = log.with_name("queue_log.3")
    older.write_text(line(200))
    os.utime(older, (1, 1))
    log.write_text(line(7))
    assert channels(read(log, position)[0]) == ["100.1", "50.1", "7.1"]


def test_an_old_file_that_is_gone_or_packed_costs_only_its_own_lines(log: Path) -> None:
    log.write_text(line(1))
    _, position = read(log, "")
    log.rename(log.with_name("queue_log.1.gz"))
    log.write_text(line(2))
    assert channels(read(log, position)[0]) == ["2.1"]


def test_rotated_and_no_new_file_yet(log: Path) -> None:
    log.write_text(line(1))
    _, position = read(log, "")
    log.rename(log.with_name("queue_log.1"))
    assert read(log, position) == ([], position)


def test_a_file_cut_short_is_read_from_its_beginning(log: Path) -> None:
    log.write_text(line(1) + line(2))
    _, position = read(log, "")
    with log.open("r+") as file:
        file.truncate(0)
        file.write(line(3))
    assert channels(read(log, position)[0]) == ["3.1"]


def test_a_position_nobody_wrote_is_the_beginning(log: Path) -> None:
    log.write_text(line(1))
    assert channels(read(log, "yesterday")[0]) == ["1.1"]


def test_the_end_of_a_ledger_is_where_reading_begins(log: Path) -> None:
    assert end(log) == ""
    log.write_text(line(1) + line(2) + line(3)[:20])
    position = end(log)
    assert read(log, position) == ([], position)
    with log.open("a") as file:
        file.write(line(3)[20:])
    assert channels(read(log, position)[0]) == ["3.1"]


def test_the_end_of_a_long_ledger(log: Path) -> None:
    log.write_text("".join(line(n) for n in range(5000)))
    assert end(log) == read(log, "")[1]


def test_the_last_entries_of_a_ledger(log: Path) -> None:
    assert recent(log) == []
    log.write_text("".join(line(n) for n in range(3)))
    assert channels(recent(log)) == ["0.1", "1.1", "2.1"]
    log.write_text("".join(line(n) for n in range(200_000)))
    last = channels(recent(log))
    assert (last[-1], "0.1" in last, len(last) > 40_000) == ("199999.1", False, True)
    log.unlink()
    log.mkdir()
    with pytest.raises(Unavailable, match="cannot be read"):
        recent(log)


def test_a_ledger_put_back_from_a_copy_is_no_news_but_for_its_end(log: Path) -> None:
    log.write_text(line(1) + line(2) + line(3))
    _, position = read(log, "")
    copy = log.with_name("copy")
    copy.write_text(log.read_text() + line(4))
    copy.replace(log)
    entries, position = read(log, position)
    assert channels(entries) == ["3.1", "4.1"]
    assert read(log, position) == ([], position)


def test_a_place_of_an_earlier_version_is_understood(log: Path) -> None:
    log.write_text(line(1) + line(2))
    place = f"{log.stat().st_ino}:{len(line(1))}"
    assert channels(read(log, place)[0]) == ["2.1"]


# Closing entries


@pytest.mark.parametrize(
    ("verb", "data", "closing_says"),
    [
        ("COMPLETEAGENT", "10|7|1", (QueueStatus.ANSWERED, 10, 7, True)),
        ("COMPLETECALLER", "10|7|1", (QueueStatus.ANSWERED, 10, 7, False)),
        ("BLINDTRANSFER", "100|ctx|10|7|1", (QueueStatus.ANSWERED, 10, 7, True)),
        ("ATTENDEDTRANSFER", "BRIDGE|abc|10|7|1", (QueueStatus.ANSWERED, 10, 7, True)),
        ("ABANDON", "1|1|9", (QueueStatus.ABANDONED, 9, 0, False)),
        ("EXITWITHTIMEOUT", "1|1|9", (QueueStatus.TIMEOUT, 9, 0, False)),
        ("EXITEMPTY", "1|1|9", (QueueStatus.LEAVEEMPTY, 9, 0, False)),
        ("EXITWITHKEY", "5|1|1|9", (QueueStatus.WITHDRAW, 9, 0, False)),
        ("WITHDRAW", "1|1|9|why|because", (QueueStatus.WITHDRAW, 9, 0, False)),
        ("ABANDON", "x", (QueueStatus.ABANDONED, 0, 0, False)),  # numbers that are none do not stop the reading
    ],
)
def test_how_a_stay_ends(verb: str, data: str, closing_says: tuple[QueueStatus, int, int, bool]) -> None:
    assert closing(LedgerEntry(1000.0, "c", "lavoro", "op1", verb, tuple(data.split("|")))) == closing_says


@pytest.mark.parametrize("verb", ["ENTERQUEUE", "CONNECT", "RINGNOANSWER", "RINGCANCELED", "QUEUESTART", "ADDMEMBER"])
def test_other_entries_end_nothing(verb: str) -> None:
    assert closing(LedgerEntry(1000.0, "c", "lavoro", "op1", verb, ("1", "2", "3"))) is None
