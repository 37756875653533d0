"""queue_log: read on across rotations, and folded into stays."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.events import QueueStatus
from ivr_engine.exchange.interface import LedgerEntry
from ivr_engine.exchange.ledger import read, stays

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
    for end in range(1, len(whole) + 1):
        with log.open("ab") as file:
            file.write(whole[end - 1 : end])
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


# Stays


def entries(*lines: str) -> list[LedgerEntry]:
    """Lines without their time, which counts up by ten."""
    found = []
    for n, text in enumerate(lines):
        channel, queue, operator, verb, *data = text.split("|")
        found.append(LedgerEntry(1000.0 + 10 * n, channel, queue, operator, verb, tuple(data)))
    return found


ENTER = "c|lavoro||ENTERQUEUE||+39061|1"
CONNECT = "c|lavoro|op1|CONNECT|10|m|3"


@pytest.mark.parametrize(
    ("lines", "status", "wait", "talk", "operator", "by_operator"),
    [
        ([ENTER, CONNECT, "c|lavoro|op1|COMPLETEAGENT|10|7|1"], QueueStatus.ANSWERED, 10, 7, "op1", True),
        ([ENTER, CONNECT, "c|lavoro|op1|COMPLETECALLER|10|7|1"], QueueStatus.ANSWERED, 10, 7, "op1", False),
        ([ENTER, CONNECT, "c|lavoro|op1|BLINDTRANSFER|100|ctx|10|7|1"], QueueStatus.ANSWERED, 10, 7, "op1", True),
        ([ENTER, CONNECT, "c|lavoro|op1|ATTENDEDTRANSFER|BRIDGE|abc|10|7|1"], QueueStatus.ANSWERED, 10, 7, "op1", True),
        ([ENTER, "c|lavoro||ABANDON|1|1|9"], QueueStatus.ABANDONED, 9, 0, "", False),
        ([ENTER, "c|lavoro||EXITWITHTIMEOUT|1|1|9"], QueueStatus.TIMEOUT, 9, 0, "", False),
        ([ENTER, "c|lavoro||EXITEMPTY|1|1|9"], QueueStatus.LEAVEEMPTY, 9, 0, "", False),
        ([ENTER, "c|lavoro||EXITWITHKEY|5|1|1|9"], QueueStatus.WITHDRAW, 9, 0, "", False),
        ([ENTER, "c|lavoro||WITHDRAW|1|1|9|why|because"], QueueStatus.WITHDRAW, 9, 0, "", False),
        (
            [ENTER, "c|lavoro|op2|RINGNOANSWER|15000", CONNECT, "c|lavoro|op1|COMPLETEAGENT|10|7|1"],
            QueueStatus.ANSWERED,
            10,
            7,
            "op1",
            True,
        ),
        ([ENTER, "c|lavoro|op2|RINGCANCELED|300", "c|lavoro||ABANDON|1|1|9"], QueueStatus.ABANDONED, 9, 0, "", False),
    ],
)
def test_how_a_stay_ends(lines: list[str], status: QueueStatus, wait: int, talk: int, operator: str, by_operator: bool) -> None:
    (stay,) = stays(entries(*lines))
    assert (stay.status, stay.wait_s, stay.talk_s, stay.operator, stay.by_operator) == (status, wait, talk, operator, by_operator)
    assert (stay.channel, stay.queue, stay.number, stay.entered_at) == ("c", "lavoro", "+39061", 1000.0)
    assert stay.ended_at == 1000.0 + 10 * (len(lines) - 1)


def test_a_stay_not_ended_is_open() -> None:
    waiting, talking = stays(entries(ENTER, ENTER.replace("c|", "d|"), CONNECT.replace("c|", "d|")))
    assert (waiting.status, waiting.ended_at, waiting.answered_at) == (None, None, None)
    assert (talking.status, talking.ended_at, talking.answered_at, talking.operator) == (None, None, 1020.0, "op1")


def test_two_stays_of_one_call_and_two_calls_at_once() -> None:
    found = stays(
        entries(
            ENTER,
            ENTER.replace("c|", "d|"),
            "c|lavoro||EXITWITHTIMEOUT|1|1|9",
            "d|lavoro||ABANDON|1|1|3",
            ENTER.replace("lavoro", "sociale"),
            "c|sociale||ABANDON|1|1|4",
        )
    )
    assert [(stay.channel, stay.queue, stay.status) for stay in found] == [
        ("c", "lavoro", QueueStatus.TIMEOUT),
        ("d", "lavoro", QueueStatus.ABANDONED),
        ("c", "sociale", QueueStatus.ABANDONED),
    ]


def test_a_number_with_bars_in_it_stays_whole() -> None:
    (stay,) = stays(entries("c|lavoro||ENTERQUEUE||a|b|c|1"))
    assert stay.number == "a|b|c"


def test_the_end_of_a_stay_whose_entry_was_read_before() -> None:
    answered, abandoned = stays(entries("c|lavoro|op1|COMPLETEAGENT|10|7|1", "d|lavoro||ABANDON|1|1|4"))
    assert (answered.entered_at, answered.answered_at, answered.ended_at) == (983.0, 993.0, 1000.0)
    assert (answered.number, answered.operator, answered.talk_s) == ("", "op1", 7)
    assert (abandoned.entered_at, abandoned.status) == (1006.0, QueueStatus.ABANDONED)


def test_a_restart_of_asterisk_ends_what_was_under_way_at_the_last_sign_of_life() -> None:
    told = entries(ENTER, ENTER.replace("c|", "d|"), CONNECT.replace("c|", "d|"), ENTER.replace("c|", "e|"))
    waiting, talking, last = stays([*told, LedgerEntry(5000.0, "", "", "", "QUEUESTART", ("",))])
    assert (waiting.status, waiting.ended_at, waiting.wait_s) == (QueueStatus.FAILED, 1030.0, 30)
    assert (talking.status, talking.ended_at, talking.talk_s, talking.operator) == (QueueStatus.ANSWERED, 1030.0, 10, "op1")
    assert (last.status, last.wait_s) == (QueueStatus.FAILED, 0)


def test_a_restart_leaves_ended_stays_as_they_are() -> None:
    (stay,) = stays(entries(ENTER, "c|lavoro||ABANDON|1|1|9", "|||QUEUESTART|"))
    assert (stay.status, stay.ended_at) == (QueueStatus.ABANDONED, 1010.0)


def test_numbers_that_are_none_do_not_stop_the_reading() -> None:
    (stay,) = stays(entries(ENTER, "c|lavoro||ABANDON|x"))
    assert (stay.status, stay.wait_s) == (QueueStatus.ABANDONED, 0)
