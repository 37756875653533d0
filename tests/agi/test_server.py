"""The server: strangers, room, drain, stop, ports and files; and one whole call over real TCP."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred

from ivr_engine.agi.server import AgiServer, AgiSettings, Statistics
from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from ivr_engine.agi.commands import Agi

    from .conftest import Bench

FINE = b"200 result=0\n"


def run(code: str) -> dict[str, Any]:
    """A script of its own, with a reactor of its own; what it printed last, as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


@pytest.mark.parametrize(
    ("allow", "host", "welcome"),
    [
        (("127.0.0.1", "::1"), "127.0.0.1", True),
        (("127.0.0.1", "::1"), "127.0.0.2", False),
        (("10.1.0.0/16",), "10.1.255.3", True),
        (("10.1.0.0/16",), "10.2.0.1", False),
        (("10.1.2.3/16",), "10.1.9.9", True),
        (("127.0.0.1",), "::ffff:127.0.0.1", True),
        (("127.0.0.1",), "::1", False),
        (("fe80::/64",), "fe80::1%eth0", True),
        ((), "127.0.0.1", False),
    ],
)
def test_only_our_asterisks_may_connect(bench: type[Bench], allow: tuple[str, ...], host: str, welcome: bool) -> None:
    server = bench(lambda agi: agi.answer(), AgiSettings(allow=allow)).server
    address = (IPv6Address if ":" in host else IPv4Address)("TCP", host, 1)
    with capture_logs() as logs:
        sessions = [server.buildProtocol(address) for _ in range(3)]
    assert [session is not None for session in sessions] == [welcome] * 3
    assert server.statistics().strangers == (0 if welcome else 3)
    assert [entry["address"] for entry in logs] == ([] if welcome else [host])


def test_over_the_limit_calls_are_told_so(bench: type[Bench], header: bytes) -> None:
    call = bench(lambda agi: agi.answer(), AgiSettings(max_calls=2))
    first, second, third = call.dial(), call.dial(), call.dial()
    assert first.feed(header) == second.feed(header) == ["ANSWER"]
    assert third.feed(header, 7) == ["failure"]
    assert third.transport.disconnecting
    third.lose()
    first.feed(FINE)
    first.lose()
    assert call.dial().feed(header) == ["ANSWER"]
    assert call.server.statistics() == Statistics(up=2, served=1, failed=0, refused=1, strangers=0)


def test_drain_waits_for_self_service_alone(bench: type[Bench], header: bytes) -> None:
    async def handler(agi: Agi) -> None:
        await agi.answer()
        await agi.execute("Queue", "lavoro,c,,,300")

    call = bench(handler)
    calls = [call.dial() for _ in range(3)]
    for asterisk in calls:
        assert asterisk.feed(header) == ["ANSWER"]
    half = call.dial(header=header[:10])
    assert calls[0].feed(FINE) == ["EXEC Queue lavoro,c,,,300"]
    left: list[int] = []
    call.server.drain(60.0).addCallback(left.append)
    assert half.feed(header[10:]) == ["failure"]  # nobody new
    assert left == []
    calls[1].lose()
    assert left == []
    assert calls[2].feed(FINE) == ["EXEC Queue lavoro,c,,,300"]
    call.clock.pump([0.5])
    assert left == [0]
    assert not calls[0].transport.disconnecting  # the queue goes on


def test_drain_ends_in_time_and_says_who_is_left(bench: type[Bench], header: bytes) -> None:
    call = bench(lambda agi: agi.answer())
    call.dial(header=header)
    left: list[int] = []
    call.server.drain(2.0).addCallback(left.append)
    call.clock.pump([0.5] * 3)
    assert left == []
    call.clock.pump([0.5] * 2)
    assert left == [1]


def test_drain_of_an_idle_server_is_done_at_once_and_its_choice_is_the_callers(bench: type[Bench], header: bytes) -> None:
    left: list[int] = []
    bench(lambda agi: agi.answer()).server.drain(2.0).addCallback(left.append)
    busy = bench(lambda agi: agi.answer())
    busy.dial(header=header)
    busy.server.drain(2.0, lambda agi: agi.environment.line != "lavoro").addCallback(left.append)
    assert left == [0, 0]


def test_stop_closes_handlers_where_they_stand(bench: type[Bench], header: bytes) -> None:
    ended: list[str] = []
    fired: Deferred[None] = Deferred()

    def waiting(how: str) -> Any:
        async def handler(agi: Agi) -> None:
            try:
                await (agi.answer() if how == "command" else fired)
                ended.append("went on")
            finally:
                ended.append(how)

        return handler

    for how in ("command", "deferred"):
        call = bench(waiting(how))
        asterisk = call.dial(header=header)
        call.server.stop()
        assert asterisk.transport.disconnecting
        assert asterisk.feed(FINE) == []
        asterisk.lose()
        assert call.errors == []  # no exception the handler could take for a hang-up
        assert call.server.statistics().up == 0
        assert call.clock.getDelayedCalls() == []
    fired.callback(None)
    assert ended == ["command", "deferred"]


def test_calls_leave_nothing_behind(bench: type[Bench], header: bytes) -> None:
    call = bench(lambda agi: agi.noop())
    for how in ("answered", "lost", "refused"):
        asterisk = call.dial(header=header)
        if how == "answered":
            asterisk.feed(FINE)
        asterisk.lose()
        assert asterisk.session.agi is None  # no circle is left for the garbage collector
    assert not call.server._sessions
    assert call.server.statistics().up == 0


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        from twisted.internet.selectreactor import SelectReactor

        with pytest.raises(Unavailable) as caught:
            AgiServer(SelectReactor(), AgiSettings(port=port), lambda agi: agi.answer()).listen()
    assert caught.value.message == f"port {port} on 127.0.0.1 is in use"
    assert "agi.port" in caught.value.hint
    with pytest.raises(Unavailable, match=r"cannot listen on port 0 on 192\.0\.2\.1: .+ \(check agi\.host"):
        AgiServer(SelectReactor(), AgiSettings(host="192.0.2.1", port=0), lambda agi: agi.answer()).listen()


def test_files_for_every_call_or_a_plain_word() -> None:
    found = run(
        """
        import json, resource
        from structlog.testing import capture_logs
        from ivr_engine.agi.server import raise_file_limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1000))
        soft = lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        with capture_logs() as logs:
            raise_file_limit(100); fewer = soft()
            raise_file_limit(700); enough = soft()
            silent = not logs
            raise_file_limit(4512); short = soft()
        print(json.dumps([fewer, enough, silent, short, logs[0]["allowed"], logs[0]["needed"], logs[0]["log_level"]]))
        """
    )
    assert found == [256, 700, True, 1000, 1000, 4512, "warning"]


def test_a_call_over_tcp() -> None:
    found = run(
        """
        import json, socket
        from twisted.internet import reactor, threads
        from ivr_engine.agi.server import AgiServer, AgiSettings

        seen = {}

        async def handler(agi):
            transport = agi._session._transport
            seen["nodelay"] = bool(transport._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            seen["keepalive"] = bool(transport._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            await agi.answer()
            seen["name"] = await threads.deferToThread(lambda: "in a thread")
            seen["digit"] = (await agi.wait_for_digit(1000)).digit

        server = AgiServer(reactor, AgiSettings(port=0, max_calls=100), handler)
        port = server.listen()

        def asterisk():
            with socket.create_connection(("127.0.0.1", port), 5) as wire:
                wire.settimeout(5)
                for line in b"agi_network: yes\\nagi_uniqueid: 1.2\\n\\n".splitlines(True):
                    wire.sendall(line)
                stream = wire.makefile("rb")
                lines = [stream.readline().decode()]
                wire.sendall(b"200 resu"); wire.sendall(b"lt=0\\n")
                lines.append(stream.readline().decode())
                wire.sendall(b"200 result=49\\n")
                lines.append(stream.readline().decode())
            with socket.create_connection(("127.0.0.1", port), 5, source_address=("127.0.0.9", 0)) as stranger:
                stranger.settimeout(5)
                lines.append(stranger.recv(10).decode())
            return lines

        def over(lines):
            seen["lines"] = lines
            seen["strangers"] = server.statistics().strangers
            seen["served"] = server.statistics().served
            server.stop()
            reactor.stop()

        def play():
            threads.deferToThread(asterisk).addCallback(over).addErrback(lambda why: (why.printTraceback(), reactor.stop()))

        reactor.callWhenRunning(play)
        reactor.callLater(20, reactor.stop)
        reactor.run()
        print(json.dumps(seen))
        """
    )
    assert found == {
        "nodelay": True,
        "keepalive": True,
        "name": "in a thread",
        "digit": "1",
        "lines": ["ANSWER\n", "WAIT FOR DIGIT 1000\n", "", ""],
        "strangers": 1,
        "served": 1,
    }
