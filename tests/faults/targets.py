"""What must hold for any bytes at all: one function a parser, for hypothesis in the suite and for atheris in fuzz.py.

Each takes bytes and raises (anything) when the parser did what it must never do. They import nothing of pytest.
"""

from __future__ import annotations

import io
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from werkzeug.exceptions import RequestEntityTooLarge

from ivr_engine.agi.server import AgiServer, AgiSettings
from ivr_engine.agi.wire import CommandTooLong, Environment, Limits, Parser, Reply, WireError, encode
from ivr_engine.audiosocket.conversation import Conversation
from ivr_engine.audiosocket.server import CLOSING_S, MediaServer, MediaSettings
from ivr_engine.audiosocket.wire import UUID, packet
from ivr_engine.audiosocket.wire import Parser as MediaParser
from ivr_engine.audiosocket.wire import WireError as MediaError
from ivr_engine.calls import Listening
from ivr_engine.console import app
from ivr_engine.dialogue.loader import LineFiles, read_line
from ivr_engine.exchange import ledger
from ivr_engine.hearing import Expectation
from ivr_engine.ports import LimitedSite
from ivr_engine.records.codec import Unreadable, decode_line, encode_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.agi.commands import Agi

SMALL = Limits(line=64, header_lines=8, header_bytes=256, usage_lines=4)
"""Small enough for a fuzzer to reach."""
HEADER = b"agi_network: yes\nagi_network_script: prova\nagi_uniqueid: 1.2\n\n"


def agi(data: bytes) -> None:
    """In whatever pieces the bytes come, the parser makes the same of them, keeps no more than its limits, and raises
    WireError alone."""
    piece, data = (data[0] % 7 + 1, data[1:]) if data else (1, b"")
    whole, pieces = _parsed([data]), _parsed([data[start : start + piece] for start in range(0, len(data), piece)])
    if whole is None or pieces is None:
        return
    assert whole == pieces, (whole, pieces)
    words = data.decode("utf-8", "replace").split("\t")
    with suppress(CommandTooLong):
        line = encode(*words)
        assert line.count(b"\n") == 1
        assert line.endswith(b"\n")
        assert b"\r" not in line
        assert b"\0" not in line
        assert not line.lower().startswith(b"failure")


def _parsed(pieces: list[bytes]) -> list[str] | None:
    """The facts in words; None when the limits were passed."""
    parser, facts = Parser(SMALL), []
    try:
        for piece in pieces:
            facts += [_read(fact) for fact in parser.feed(piece)]
            assert len(parser._buffer) <= SMALL.header_bytes + SMALL.line
    except WireError:
        return None
    return facts


def _read(fact: Any) -> str:
    """All that can be asked of a fact, asked."""
    if isinstance(fact, Environment):
        return repr((fact.script, fact.query, fact.line, fact.caller_number, fact.dialled, fact.arguments, fact.language))
    if isinstance(fact, Reply):
        with suppress(WireError):
            _ = fact.number
        return repr((fact, fact.data, fact.note, fact.endpos))
    return repr(fact)


async def _menu(agi: Agi) -> None:
    await agi.answer()
    await agi.stream_file("ivr/prova/menu", "0123456789*#")
    await agi.get_variable("QUEUESTATUS")
    await agi.execute("Queue", "prova")
    await agi.set_variable("IVR_DONE", "x")


def session(data: bytes) -> None:
    """Whatever Asterisk answers, and whenever it goes, a session ends, is counted once, and nothing of it stays."""
    clock = MemoryReactorClock()
    server = AgiServer(clock, AgiSettings(limits=SMALL), _menu)
    server.watch()
    connection = server.buildProtocol(IPv4Address("TCP", "127.0.0.1", 40000))
    assert connection is not None
    transport = _Transport()
    connection.makeConnection(transport)
    connection.dataReceived(HEADER)
    for piece in data.split(b"|"):  # each in a packet of its own
        connection.dataReceived(piece)
    clock.advance(1.0)
    connection.connectionLost(Failure(ConnectionDone()))
    counts = server.statistics()
    assert (counts.up, counts.served, counts.refused) == (0, 1, 0), counts
    assert not server._sessions
    assert len(transport.value()) < 500, "no answer makes the engine talk without end"


class _Transport(StringTransport):
    queued = 0

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        self.disconnecting = True


def tree(data: bytes) -> None:
    """Any text in the files of a line makes a line or named problems, never anything else."""
    parts = data.decode("utf-8", "replace").split("\0")
    names = ("line.yaml", "prompts.yaml", "articles.yaml")
    files = LineFiles(dict(zip(names, [*parts, "", ""], strict=False)))
    line, problems = read_line(files, "prova")
    assert line is not None or problems
    assert all(str(problem) for problem in problems)
    assert files.digest


class _Posted:
    """As much of a request as a form's reader asks for."""

    method = b"POST"

    def __init__(self, content_type: str, body: bytes, uri: bytes) -> None:
        self.content, self.uri = io.BytesIO(body), uri
        self._headers = {"content-type": content_type, "content-length": str(len(body))}

    def getHeader(self, name: str) -> str | None:  # noqa: N802 - Twisted's name
        return self._headers.get(name)


def form(data: bytes) -> None:
    """Any body under any content type is a form, or too large; what comes out of it is short and printable."""
    head, _, body = data.partition(b"\n")
    request = _Posted(head.decode("latin-1"), body, b"/x?" + head)
    try:
        fields, files = app._form(request)
    except RequestEntityTooLarge:
        return
    for given in (fields, app.Fields(app._decoded(request))):
        for name in given:
            assert len(given.text(name, 50)) <= 50
            assert "\0" not in given.text(name)
            given.whole(name)
    for upload in files.values():
        assert len(upload.filename) <= 200
    onward = app._next(head.decode("utf-8", "replace"))
    assert onward.startswith("/")
    assert not onward.startswith("//")
    assert "\n" not in onward


class _Echo(Resource):
    isLeaf = True  # noqa: N815 - Twisted's name

    def render(self, request: Any) -> bytes:
        app._language(request)
        app._same_site(request)
        request.getCookie(app.COOKIE.encode())
        if request.method == b"POST":
            with suppress(RequestEntityTooLarge):
                app._form(request)
        app._to_sign_in(request)
        return b"."


def http(data: bytes) -> None:
    """Any bytes on the console's port: an answer, a refusal or silence, and no fault of ours."""
    site = LimitedSite(_Echo(), 10, 60)
    site.reactor = MemoryReactorClock()
    site.requestFactory = app.BoundedRequest
    channel = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))  # type: ignore[no-untyped-call]
    transport = _Transport()
    channel.makeConnection(transport)
    channel.dataReceived(data)
    channel.connectionLost(Failure(ConnectionDone()))
    assert b" 500 " not in transport.value()


def lines(data: bytes) -> None:
    """Lines of the spool and of the exchange's ledger: read or refused; what is read as an event is written as it was."""
    with suppress(Unreadable):
        event = decode_line(data)
        assert decode_line(encode_line(event)) == event or event.at != event.at
    entry = ledger._entry(data.decode("utf-8", "replace"))
    if entry is not None:
        ledger.closing(entry)


class _Ear:
    """Takes what it is given: whole samples."""

    def __init__(self) -> None:
        self.closed = 0

    def feed(self, audio: bytes) -> None:
        assert len(audio) % 2 == 0
        assert not self.closed, "nobody listens any more"

    def close(self) -> None:
        self.closed += 1


def audiosocket(data: bytes) -> None:
    """In whatever pieces the bytes come, the media wire makes the same packets of them; a conversation on such a connection ends
    once, its recogniser is let go once, and nothing of it stays. The first byte: the size of the pieces, and whether the
    exchange says whose call it is before."""
    first, data = (data[0], data[1:]) if data else (0, b"")
    pieces = [data[start : start + first % 61 + 1] for start in range(0, len(data), first % 61 + 1)]
    whole = _packets([data])
    if whole is not None:
        assert _packets(pieces) == whole
    clock = MemoryReactorClock()
    server = MediaServer(clock, MediaSettings())
    conversation, ear, ended = Conversation((), "", Listening(Expectation("it", "open"), 1.0)), _Ear(), []
    conversation.listen_with(ear)
    conversation.ended = lambda: ended.append(conversation.reply)
    name = server.expect(conversation)
    connection = server.buildProtocol(IPv4Address("TCP", "127.0.0.1", 40000))
    assert connection is not None
    transport = _Transport()
    connection.makeConnection(transport)
    if first < 192:
        connection.dataReceived(packet(UUID, uuid.UUID(name).bytes))
    for number, piece in enumerate(pieces):
        connection.dataReceived(piece)
        if number % 8 == 0:
            clock.advance(0.02)
    for _ in range(3):  # silence ends it, the goodbye is over, who never said its name is given up
        clock.advance(2.0)
    connection.connectionLost(Failure(ConnectionDone()))
    clock.advance(CLOSING_S)
    assert len(ended) == 1, ended
    assert ear.closed == 1
    assert not server._connections
    assert not server._waiting
    assert not clock.getDelayedCalls()
    assert len(conversation.keys) <= 32


def _packets(pieces: list[bytes]) -> list[tuple[int, bytes]] | None:
    """What the parser makes of them; None when it refuses."""
    parser, packets = MediaParser(), []
    try:
        for piece in pieces:
            packets += parser.feed(piece)
    except MediaError:
        return None
    return [tuple(one) for one in packets]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "agi": agi,
    "session": session,
    "audiosocket": audiosocket,
    "tree": tree,
    "form": form,
    "http": http,
    "lines": lines,
}
CORPUS = Path(__file__).parent / "corpus"
