"""One connection: hang-ups anywhere, silence, strays, Deferreds, handlers that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from twisted.internet.defer import Deferred, succeed

from ivr_engine.agi.server import AgiSettings
from ivr_engine.errors import CallerHungUp, CallLost

if TYPE_CHECKING:
    from ivr_engine.agi.commands import Agi

    from .conftest import Bench

FINE = b"200 result=0\n"


def test_hang_up_is_one_exception_and_clean_up_still_works(bench: type[Bench], header: bytes) -> None:
    async def handler(agi: Agi) -> list[str | None]:
        await agi.answer()
        found: list[str | None] = []
        try:
            await agi.stream_file("menu", "12")
        except CallerHungUp as gone:
            found.append(f"heard {gone.heard_ms}")
        await agi.set_variable("IVR_DONE", "c1")
        with pytest.raises(CallerHungUp):
            await agi.answer()
        found.append(await agi.get_variable("QUEUESTATUS"))
        return found

    call = bench(handler)
    asterisk = call.dial()
    assert asterisk.feed(header) == ["ANSWER"]
    assert asterisk.feed(FINE) == ["STREAM FILE menu 12"]
    assert asterisk.feed(b"200 result=-1 endpos=16000\nHANGUP\n") == ["SET VARIABLE IVR_DONE c1"]
    assert asterisk.feed(b"200 result=1\n") == ["GET VARIABLE QUEUESTATUS"]
    asterisk.feed(b"200 result=1 (TIMEOUT)\nHANGUP\n")
    assert call.results == [["heard 2000", "TIMEOUT"]]
    assert asterisk.transport.disconnecting


def test_hang_up_between_command_and_reply_waits_for_the_reply(bench: type[Bench], header: bytes) -> None:
    call = bench(lambda agi: agi.wait_for_digit(5000))
    asterisk = call.dial(header=header)
    assert asterisk.feed(b"HANGUP\n") == []
    assert (call.results, call.errors) == ([], [])
    asterisk.feed(b"511 Command Not Permitted on a dead channel or intercept routine\n")
    assert [type(error) for error in call.errors] == [CallerHungUp]


def test_a_connection_lost_while_no_reply_is_due_shows_at_the_next_command(bench: type[Bench], header: bytes) -> None:
    fired: Deferred[int] = Deferred()

    async def handler(agi: Agi) -> None:
        await fired
        await agi.noop()

    call = bench(handler)
    asterisk = call.dial(header=header)
    asterisk.lose()
    assert call.errors == []
    assert call.server.statistics().up == 1  # the handler is still there
    fired.callback(1)
    assert [type(error) for error in call.errors] == [CallLost]
    assert (call.server.statistics().up, call.server.statistics().served) == (0, 1)


def test_a_handler_may_await_deferreds(bench: type[Bench], header: bytes) -> None:
    later: Deferred[str] = Deferred()
    broken: Deferred[str] = Deferred()

    async def handler(agi: Agi) -> tuple[str, str, str]:
        now = await succeed("now")
        await agi.noop(now)
        text = await later
        try:
            await broken
        except ZeroDivisionError as error:
            await agi.noop("failed")
            return now, text, str(error)
        raise AssertionError("the failure was lost")

    call = bench(handler)
    asterisk = call.dial()
    assert asterisk.feed(header) == ["NOOP now"]
    assert asterisk.feed(FINE) == []
    later.callback("later")
    assert asterisk.sent() == []
    broken.errback(ZeroDivisionError("divided"))
    assert asterisk.sent() == ["NOOP failed"]
    asterisk.feed(FINE)
    assert call.results == [("now", "later", "divided")]


def test_one_command_at_a_time(bench: type[Bench], header: bytes) -> None:
    async def handler(agi: Agi) -> None:
        other = agi.noop("other")
        with pytest.raises(RuntimeError, match="in the call's own handler"):
            await Deferred.fromCoroutine(other)  # in nobody's hands: the reply could not reach it
        with pytest.raises(RuntimeError, match="one AGI command at a time"):
            await agi.noop("second")

    call = bench(handler)
    asterisk = call.dial()
    assert asterisk.feed(header) == ["NOOP other"]
    assert call.results == [None]


def test_lines_nobody_asked_for_are_dropped(bench: type[Bench], header: bytes) -> None:
    async def handler(agi: Agi) -> tuple[str | None, str | None]:
        return await agi.get_variable("A"), await agi.get_variable("B")

    call = bench(handler)
    asterisk = call.dial()
    with capture_logs() as logs:
        assert asterisk.feed(header + b"200 result=1 (early)\n") == ["GET VARIABLE A"]
        # A value with line breaks, one of which looks like a reply: the next command's reply is none of it.
        assert asterisk.feed(b"200 result=1 (a\n200 result=1 (forged)\nrest)\n") == ["GET VARIABLE B"]
        asterisk.feed(b"200 result=1 (b)\n")
    assert call.results == [("a", "b")]
    assert [entry["line"] for entry in logs if entry["event"] == "a line nobody asked for"] == [
        "200 result=1 (early)",
        "200 result=1 (forged)",
        "rest)",
    ]


def test_a_handler_that_fails_closes_and_is_logged(bench: type[Bench], header: bytes) -> None:
    async def handler(agi: Agi) -> None:
        await agi.answer()
        raise KeyError("step")

    call = bench(handler)
    asterisk = call.dial(header=header)
    with capture_logs() as logs:
        asterisk.feed(FINE)
    assert asterisk.transport.disconnecting
    assert asterisk.sent() == []  # above all no IVR_DONE: the dialplan takes over
    assert [(entry["event"], entry["channel"], entry["exc_info"]) for entry in logs] == [
        ("the handler of a call failed", "1761234567.86", True)
    ]
    asterisk.lose()
    assert call.server.statistics().failed == 1


def test_a_handler_awaits_nothing_strange(bench: type[Bench], header: bytes) -> None:
    class Strange:
        def __await__(self):
            yield 3

    async def handler(agi: Agi) -> None:
        await Strange()

    call = bench(handler)
    call.dial(header=header)
    assert [str(error) for error in call.errors] == ["a handler awaits commands and Deferreds, not 3"]


def test_failing_on_purpose_says_so_to_asterisk(bench: type[Bench], header: bytes) -> None:
    async def handler(agi: Agi) -> None:
        agi.fail("no such line")
        await agi.noop()

    call = bench(handler)
    asterisk = call.dial()
    assert asterisk.feed(header) == ["failure"]
    assert asterisk.transport.disconnecting
    assert [type(error) for error in call.errors] == [CallLost]


@pytest.mark.parametrize("data", [b"", b"agi_network: yes\n", b"agi_network: yes"])
def test_a_header_that_never_ends(bench: type[Bench], data: bytes) -> None:
    call = bench(lambda agi: agi.answer(), AgiSettings(header_timeout=5))
    asterisk = call.dial(header=data)
    call.clock.advance(4.9)
    assert not asterisk.transport.cut
    call.clock.pump([0.5, 0.5])
    assert asterisk.transport.cut
    asterisk.lose()
    assert (call.results, call.errors) == ([], [])


def test_a_connection_closed_in_its_header_leaves_nothing(bench: type[Bench]) -> None:
    call = bench(lambda agi: agi.answer())
    call.dial(header=b"agi_network: yes\n").lose()
    assert call.server.statistics().served == 0
    assert not call.server._sessions


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n" * 5000, b"agi_x: " + b"x" * 70_000])
def test_a_peer_that_is_no_asterisk_is_cut(bench: type[Bench], noise: bytes) -> None:
    call = bench(lambda agi: agi.answer())
    asterisk = call.dial()
    with capture_logs() as logs:
        asterisk.feed(noise, 4096)
    assert asterisk.transport.cut
    assert [entry["event"] for entry in logs] == ["connection cut: this is no Asterisk"]


def test_a_reply_without_end_loses_the_call(bench: type[Bench], header: bytes) -> None:
    call = bench(lambda agi: agi.get_variable("A"))
    asterisk = call.dial(header=header)
    asterisk.feed(b"200 result=1 (" + b"x" * 20_000)
    assert asterisk.transport.cut
    asterisk.lose()
    assert [type(error) for error in call.errors] == [CallLost]


def quiet_for(call: Bench, header: bytes, seconds: int) -> bool:
    """Is the connection cut after so many seconds without a word from Asterisk?"""
    asterisk = call.dial(header=header)
    call.clock.pump([1.0] * seconds)
    return asterisk.transport.cut


def test_a_silent_asterisk_does_not_hold_a_call(bench: type[Bench], header: bytes) -> None:
    settings = AgiSettings(reply_timeout=10)
    assert not quiet_for(bench(lambda agi: agi.stream_file("a"), settings), header, 9)
    assert quiet_for(bench(lambda agi: agi.stream_file("a"), settings), header, 11)
    # What a command itself may take comes on top.
    assert not quiet_for(bench(lambda agi: agi.wait_for_digit(30_000), settings), header, 39)
    assert quiet_for(bench(lambda agi: agi.wait_for_digit(30_000), settings), header, 41)
    assert quiet_for(bench(lambda agi: agi.get_data("a", 2000, 3), settings), header, 19)
    assert not quiet_for(bench(lambda agi: agi.get_data("a", 2000, 3), settings), header, 17)


def test_queues_and_waits_for_ever_have_no_deadline(bench: type[Bench], header: bytes) -> None:
    day = AgiSettings(reply_timeout=0.1)
    assert not quiet_for(bench(lambda agi: agi.execute("Queue", "lavoro"), day), header, 500)
    assert not quiet_for(bench(lambda agi: agi.gosub("a", "s", "1"), day), header, 500)
    assert not quiet_for(bench(lambda agi: agi.wait_for_digit(-1), day), header, 500)
    assert not quiet_for(bench(lambda agi: agi.get_data("a", -1), day), header, 500)
    never: Deferred[None] = Deferred()

    async def thinking(agi: Agi) -> None:
        await agi.noop()
        await never

    call = bench(thinking, day)
    asterisk = call.dial(header=header)
    asterisk.feed(FINE)
    call.clock.pump([1.0] * 500)
    assert not asterisk.transport.cut  # it is the engine that owes a word


def test_a_peer_that_does_not_take_its_last_bytes_is_cut(bench: type[Bench], header: bytes) -> None:
    call = bench(lambda agi: agi.noop())
    asterisk = call.dial(header=header)
    asterisk.feed(FINE)
    assert asterisk.transport.disconnecting
    call.clock.pump([1.0] * 4)
    assert not asterisk.transport.cut
    call.clock.pump([1.0] * 2)
    assert asterisk.transport.cut
