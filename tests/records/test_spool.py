import errno
import os
import resource
import shutil
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ivr_engine.events import LineChosen
from ivr_engine.records.codec import encode_line
from ivr_engine.records.segments import Position, path_of, segments_of
from ivr_engine.records.spool import Spool


def event(number):
    return LineChosen("C1", float(number), "lavoro", f"v{number}")


START = Position()


def everything(spool, position=START):
    return [entry.event for entry in spool.read(position) if entry.event is not None]


class Disk:
    """os.write with a will of its own: `moods` are consumed write by write, then all is well."""

    def __init__(self, *moods):
        self.moods = list(moods)
        self.sizes = []

    def __call__(self, file, data):
        mood = self.moods.pop(0) if self.moods else "whole"
        self.sizes.append(len(data))
        if mood == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        if mood == "half":
            return os.write(file, data[: len(data) // 2])
        return os.write(file, data)


def test_an_appended_event_is_on_disk_after_one_write(tmp_path):
    disk = Disk()
    spool = Spool(tmp_path, write=disk)
    spool.append(event(1))
    (line,) = path_of(tmp_path, 1).read_bytes().splitlines(keepends=True)
    assert line == b'["LineChosen",{"contact":"C1","at":1.0,"line":"lavoro","version":"v1"}]\n'
    assert disk.sizes == [len(line)]
    assert spool.arrived.is_set()


def test_reading_goes_on_from_any_place(tmp_path):
    spool = Spool(tmp_path, segment_bytes=200)
    events = [event(number) for number in range(20)]
    for one in events:
        spool.append(one)
    assert len(segments_of(tmp_path)) > 3
    entries = list(spool.read(START))
    assert [entry.event for entry in entries] == events
    for number, entry in enumerate(entries, 1):
        assert everything(spool, entry.after) == events[number:]


def test_a_start_never_appends_to_what_is_there(tmp_path):
    Spool(tmp_path).append(event(1))
    with path_of(tmp_path, 1).open("ab") as file:
        file.write(b'["LineChosen",{"contact":"C1","at":2.0,"li')  # the process died in the middle of a write
    spool = Spool(tmp_path)
    assert everything(spool) == [event(1)]
    assert spool.statistics().unreadable == 0  # nobody knows yet that the line will never be whole
    spool.append(event(3))
    assert segments_of(tmp_path) == [1, 2]
    with capture_logs() as logs:
        assert everything(spool) == [event(1), event(3)]
    assert spool.statistics().unreadable == 1
    assert [entry["event"] for entry in logs] == ["skipped an unreadable line of the spool"]


def test_numbers_never_go_back_behind_what_the_database_knows(tmp_path):
    spool = Spool(tmp_path, after=7)
    spool.append(event(1))
    assert segments_of(tmp_path) == [8]


def test_an_unreadable_line_is_passed_over(tmp_path):
    spool = Spool(tmp_path)
    spool.append(event(1))
    with path_of(tmp_path, 1).open("ab") as file:
        file.write(b"\0" * 40 + b"\n" + b'["Unheard",{}]\n')
    spool.append(event(2))
    assert everything(spool) == [event(1), event(2)]
    assert spool.statistics().unreadable == 2


@pytest.mark.parametrize("moods", [["full"], ["half"], ["full"] * 5, ["half"] * 5, ["whole", "half", "full", "half"]])
def test_what_the_disk_refuses_waits_in_memory_and_keeps_its_order(tmp_path, moods):
    spool = Spool(tmp_path, write=Disk(*moods))
    with capture_logs() as logs:
        for number in range(3):
            spool.append(event(number))
        while not spool.retry():
            pass
    assert everything(spool) == [event(0), event(1), event(2)]
    assert [event.name for event in tmp_path.iterdir() if event.stat().st_size == 0] == []
    assert spool.statistics().failures == sum(mood != "whole" for mood in moods)
    assert spool.statistics().in_memory == spool.statistics().unreadable == 0
    assert [entry["event"] for entry in logs].count("the spool cannot be written; events wait in memory") == 1


def test_nothing_more_is_written_behind_half_a_line_that_cannot_be_cut_off(tmp_path, monkeypatch):
    def refuse(_file, _size):
        raise OSError(errno.EIO, "Input/output error")

    spool = Spool(tmp_path, write=Disk("whole", "half"))
    monkeypatch.setattr(os, "ftruncate", refuse)
    for number in range(3):
        spool.append(event(number))
    assert everything(spool) == [event(0), event(1), event(2)]
    assert segments_of(tmp_path) == [1, 2]


def test_memory_is_bounded_and_losses_are_counted(tmp_path):
    spool = Spool(tmp_path, memory_events=3, write=Disk(*["full"] * 100))
    for number in range(5):
        spool.append(event(number))
    statistics = spool.statistics()
    assert (statistics.in_memory, statistics.lost) == (3, 2)


@given(st.lists(st.sampled_from(["whole", "half", "full", "restart"]), max_size=40))
def test_whatever_the_disk_does_every_event_is_there_once(tmp_path_factory, moods):
    folder = tmp_path_factory.mktemp("spool")
    disk = Disk()
    spool, kept = Spool(folder, write=disk, segment_bytes=300), []
    for number, mood in enumerate(moods):
        if mood == "restart":
            kept = kept[: len(kept) - spool.statistics().in_memory]  # what was in memory alone was not acknowledged
            spool = Spool(folder, write=disk, segment_bytes=300)
            continue
        disk.moods = [mood]
        spool.append(event(number))
        kept.append(event(number))
    while not spool.retry():
        pass
    assert everything(spool) == kept


def test_segments_go_when_all_in_them_is_committed(tmp_path):
    spool = Spool(tmp_path, segment_bytes=200)
    for number in range(10):
        spool.append(event(number))
    entries = list(spool.read(START))
    middle = entries[4].after
    spool.committed(middle)
    spool.drop()
    assert segments_of(tmp_path)[0] == middle.segment
    assert everything(spool, middle) == [event(number) for number in range(5, 10)]
    before = spool.statistics().bytes_waiting
    assert before == sum(path.stat().st_size for path in tmp_path.glob("*.jsonl")) - middle.offset
    spool.committed(entries[-1].after)
    spool.drop()
    assert segments_of(tmp_path) == [entries[-1].after.segment]
    assert spool.statistics().bytes_waiting == 0


def test_a_rotated_segment_goes_once_committed(tmp_path):
    spool = Spool(tmp_path)
    spool.append(event(1))
    (entry,) = spool.read(START)
    spool.committed(entry.after)
    spool.drop()
    assert segments_of(tmp_path) == [1]  # still written to
    spool.rotate()
    spool.drop()
    assert segments_of(tmp_path) == []
    spool.append(event(2))
    assert everything(spool, entry.after) == [event(2)]


def test_an_uncommitted_segment_outlives_rotation_and_close(tmp_path):
    spool = Spool(tmp_path)
    spool.append(event(1))
    spool.rotate()
    spool.close()
    spool.drop()
    assert everything(Spool(tmp_path)) == [event(1)]


def delete(folder):
    shutil.rmtree(folder)


def move(folder):
    folder.rename(folder.with_name("moved"))


def linked_and_deleted(folder):
    (folder.parent / "copy").hardlink_to(path_of(folder, 1))
    shutil.rmtree(folder)


@pytest.mark.parametrize("vanish", [delete, move, linked_and_deleted])
@pytest.mark.parametrize("then", ["a round of the writer", "full", "refused", "rotated", "closed"])
def test_a_spool_that_vanishes_under_the_engine_loses_nothing(tmp_path, vanish, then):
    folder, line = tmp_path / "spool", len(encode_line(event(1)))
    disk = Disk(*["whole"] * 3, *["full"] * (then == "refused"))
    spool = Spool(folder, segment_bytes=3 * line if then == "full" else 4 << 20, write=disk)
    for number in (1, 2):
        spool.append(event(number))
    entry = next(spool.read(START))
    spool.committed(entry.after)
    vanish(folder)
    spool.append(event(3))
    if then == "rotated":
        spool.rotate()
    elif then == "closed":
        spool.close()
    elif then == "a round of the writer":
        assert spool.retry()
    for number in (4, 5):
        spool.append(event(number))
    assert spool.retry()
    assert everything(spool, entry.after) == [event(number) for number in (2, 3, 4, 5)]
    assert Spool(folder).identity == spool.identity
    assert spool.statistics().lost == 0


def test_a_new_spool_is_another_one(tmp_path):
    assert Spool(tmp_path / "a").identity != Spool(tmp_path / "b").identity
    spool = Spool(tmp_path / "c")
    spool.append(event(1))
    assert Spool(tmp_path / "c").identity == spool.identity


def test_threads_append_whole_lines(tmp_path):
    spool = Spool(tmp_path, segment_bytes=5000)

    def appending(name):
        for number in range(500):
            spool.append(LineChosen(name, float(number), "lavoro", "v"))

    threads = [threading.Thread(target=appending, args=(f"C{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = everything(spool)
    for number in range(4):
        assert [it.at for it in events if it.contact == f"C{number}"] == [float(at) for at in range(500)]


def test_an_event_that_cannot_be_written_down_does_not_reach_the_call(tmp_path):
    spool = Spool(tmp_path)
    with capture_logs():
        spool.append(LineChosen("C1", object(), "lavoro", "v"))
    spool.append(event(1))
    assert everything(spool) == [event(1)]
    assert spool.statistics().lost == 1


FILE_LIMIT = """
import sys
from pathlib import Path
from ivr_engine.events import LineChosen
from ivr_engine.records.spool import Spool
spool = Spool(Path(sys.argv[1]))
for number in range(200):
    spool.append(LineChosen("C1", float(number), "lavoro", "v"))
statistics = spool.statistics()
print(statistics.failures, statistics.in_memory, statistics.lost)
"""


def test_a_limit_on_file_size_costs_nothing(tmp_path):
    """The real refusal of a real kernel, in the middle of a line: the rest goes to the next segment."""
    done = subprocess.run(
        [sys.executable, "-c", FILE_LIMIT, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    failures, in_memory, lost = map(int, done.stdout.split()[-3:])
    assert failures > 5
    assert (in_memory, lost) == (0, 0)
    assert [it.at for it in everything(Spool(tmp_path))] == [float(number) for number in range(200)]


def test_a_file_of_another_spool_is_adopted_whole_and_read_in_its_turn(tmp_path):
    other, own = Spool(tmp_path / "other", segment_bytes=1 << 40), Spool(tmp_path / "own")
    own.append(event(1))
    other.append(event(2))
    other.append(event(3))
    other.rotate()
    own.adopt(tmp_path / "other" / "00000001.jsonl")
    own.append(event(4))
    assert everything(own) == [event(number) for number in (1, 2, 3, 4)]
    assert (own.newest(), segments_of(tmp_path / "other")) == (3, [])
