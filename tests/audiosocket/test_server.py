"""The media server over memory and over real TCP: who may come, whose call it is, and how long anybody waits."""

from __future__ import annotations

import uuid
import wave
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from ivr_engine.audiosocket.conversation import Conversation
from ivr_engine.audiosocket.recordings import Recordings
from ivr_engine.audiosocket.server import CLOSING_S, INTRODUCTION_S, MediaServer, MediaSettings
from ivr_engine.audiosocket.wire import AUDIO, GOODBYE, KEY, SILENCE, UUID, packet
from ivr_engine.calls import Listening
from ivr_engine.errors import Unavailable
from ivr_engine.hearing import Expectation

if TYPE_CHECKING:
    from pathlib import Path

    from ivr_engine.audiosocket.server import MediaConnection

LISTENING = Listening(Expectation("it", "open"), 1.0)


class Transport(StringTransport):
    cut = False
    queued = 0

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        self.cut = True


class Ear:
    def __init__(self) -> None:
        self.audio = b""

    def feed(self, audio: bytes) -> None:
        self.audio += audio

    def close(self) -> None:
        """Nothing to end."""


class Bench:
    def __init__(self, **settings: Any) -> None:
        self.clock = MemoryReactorClock()
        self.server = MediaServer(self.clock, MediaSettings(port=0, **settings))

    def dial(self, host: str = "127.0.0.1") -> tuple[MediaConnection, Transport] | None:
        connection = self.server.buildProtocol(IPv4Address("TCP", host, 1))
        if connection is None:
            return None
        transport = Transport()
        connection.makeConnection(transport)
        return connection, transport

    def expect(self) -> tuple[Conversation, Ear, bytes]:
        conversation, ear = Conversation([], "", LISTENING), Ear()
        conversation.listen_with(ear)
        return conversation, ear, uuid.UUID(self.server.expect(conversation)).bytes


def lose(connection: MediaConnection) -> None:
    connection.connectionLost(Failure(ConnectionDone()))


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_a_call_is_found_by_its_name_and_heard(piece: int) -> None:
    bench = Bench()
    conversation, ear, name = bench.expect()
    dialled = bench.dial()
    assert dialled
    connection, transport = dialled
    data = packet(UUID, name) + packet(AUDIO, b"\x01\x02" * 160) + packet(KEY, b"5") + packet(KEY, b"6")
    for start in range(0, len(data), piece):
        connection.dataReceived(data[start : start + piece])
    assert ear.audio == b"\x01\x02" * 160
    assert conversation.reply
    assert (conversation.reply.key, conversation.keys) == ("5", "6")
    assert transport.value() == SILENCE + GOODBYE
    bench.clock.advance(CLOSING_S)
    assert transport.cut


def test_silence_is_sent_until_the_patience_ends() -> None:
    bench = Bench()
    conversation, _, name = bench.expect()
    dialled = bench.dial()
    assert dialled
    connection, transport = dialled
    connection.dataReceived(packet(UUID, name))
    for _ in range(60):
        bench.clock.advance(0.02)
    assert conversation.reply
    assert conversation.reply.how == "silence"
    assert transport.value() == SILENCE * 51 + GOODBYE
    lose(connection)
    assert bench.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "data",
    [
        packet(UUID, uuid.UUID(int=7).bytes),
        packet(AUDIO, bytes(320)),
        packet(KEY, b"1"),
        b"GET / HTTP/1.1\r\n",
        b"\x00\x00\x00",
    ],
)
def test_whoever_names_no_call_of_ours_is_cut_and_no_call_suffers(data: bytes) -> None:
    bench = Bench()
    conversation, _, name = bench.expect()
    dialled = bench.dial()
    assert dialled
    with capture_logs() as logs:
        dialled[0].dataReceived(data)
    assert dialled[1].cut
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert conversation.reply is None
    again = bench.dial()
    assert again
    again[0].dataReceived(packet(UUID, name))
    assert conversation.connected


def test_a_name_is_good_once() -> None:
    bench = Bench()
    _, _, name = bench.expect()
    for cut in (False, True):
        dialled = bench.dial()
        assert dialled
        dialled[0].dataReceived(packet(UUID, name))
        assert dialled[1].cut is cut


def test_whoever_says_nothing_is_not_waited_for() -> None:
    bench = Bench()
    dialled = bench.dial()
    assert dialled
    bench.clock.advance(INTRODUCTION_S - 0.1)
    assert not dialled[1].cut
    bench.clock.advance(0.2)
    assert dialled[1].cut


def test_a_call_does_not_wait_for_a_connection_that_does_not_come() -> None:
    bench = Bench(connect_timeout=4.0)
    conversation, _, _ = bench.expect()
    bench.clock.advance(4.0)
    assert conversation.reply
    assert conversation.reply.why == "unreachable"


def test_another_rate_ends_the_turn_and_the_exchange_may_go_on() -> None:
    bench = Bench()
    conversation, _, name = bench.expect()
    dialled = bench.dial()
    assert dialled
    dialled[0].dataReceived(packet(UUID, name) + packet(0x12, bytes(640)))
    assert conversation.reply
    assert conversation.reply.why == "format"
    assert dialled[1].value().endswith(GOODBYE)
    assert not dialled[1].cut


@pytest.mark.parametrize("data", [b"\x00\x00\x00", b"\xff\x00\x01\x01", b"\x77", packet(UUID, bytes(16))])
def test_an_exchange_that_ends_fails_or_raves_ends_the_turn(data: bytes) -> None:
    bench = Bench()
    conversation, _, name = bench.expect()
    dialled = bench.dial()
    assert dialled
    dialled[0].dataReceived(packet(UUID, name))
    dialled[0].dataReceived(data)
    assert conversation.reply
    assert conversation.reply.why == "broken"


def test_strangers_and_too_many_are_turned_away() -> None:
    bench = Bench(allow=("127.0.0.1/32",), max_calls=2)
    assert bench.dial("10.0.0.1") is None
    bench.server.listen()
    assert bench.server.has_room
    dialled = [bench.dial() for _ in range(3)]
    assert [each is not None for each in dialled] == [True, True, False]
    assert not bench.server.has_room
    bench.server.stop()
    assert bench.server.counts.refused == 2


def test_an_end_of_everything_leaves_nobody_waiting() -> None:
    bench = Bench()
    waiting, _, _ = bench.expect()
    talking, _, name = bench.expect()
    dialled = bench.dial()
    assert dialled
    dialled[0].dataReceived(packet(UUID, name))
    bench.server.stop()
    lose(dialled[0])
    assert waiting.reply
    assert talking.reply
    assert dialled[1].cut
    assert bench.clock.getDelayedCalls() == []


def test_a_port_in_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from twisted.internet import reactor

    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = MediaServer(reactor, MediaSettings(port=taken.getsockname()[1]))
        with pytest.raises(Unavailable, match=r"port \d+ on 127\.0\.0\.1 is in use .+ audiosocket\.port"):
            server.listen()
    server.stop()


class Pool:
    def callInThreadWithCallback(self, told: Any, function: Any, *args: Any) -> None:  # noqa: N802 - Twisted's name
        told(True, function(*args))


class Threads(MemoryReactorClock):
    """Threads that are done at once."""

    def getThreadPool(self) -> Pool:  # noqa: N802 - Twisted's name
        return Pool()

    def callFromThread(self, function: Any, *args: Any) -> None:  # noqa: N802 - Twisted's name
        function(*args)


def load(recordings: Recordings, *files: str) -> list[Any]:
    coroutine = recordings.load("it", files)
    awaited: Any = None
    try:
        while True:
            awaited = coroutine.send(awaited)
            awaited = None
    except StopIteration as done:
        return list(done.value)


def test_sounds_are_read_once_and_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    for name, rate, frames in (("a", 8000, 400), ("b", 8000, 800), ("wide", 16000, 800), ("odd", 11025, 10), ("c", 8000, 800)):
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(rate)
            sound.writeframes(b"\x01\x02" * frames)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    asked: list[str] = []

    def find(language: str, file: str) -> Path | None:
        asked.append(file)
        path = tmp_path / f"{file}.wav"
        return path if path.exists() else None

    recordings = Recordings(Threads(), find, most_bytes=6 * 323)
    with capture_logs():
        found = load(recordings, "a", "none", "odd", "broken", "a")
        (wide,) = load(recordings, "wide")
    assert [each and (each.ms, len(each.packets)) for each in found] == [(50, 3), None, None, None, (50, 3)]
    assert (wide.ms, len(wide.packets)) == (50, 3), "sent at the telephone's own rate"
    load(recordings, "a")
    assert asked.count("a") == 1
    load(recordings, "b", "c")  # five frames each: only the last stays
    load(recordings, "c")
    load(recordings, "a")
    assert (asked.count("c"), asked.count("a")) == (1, 2)
