"""Every command: the line Asterisk gets, and what becomes of each of its answers, whole and at every cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from ivr_engine.agi.results import Controlled, Digits, InvalidCommand, Played, Pressed, Recognised, Recorded, SubroutineEnd
from ivr_engine.errors import CallerHungUp, CallLost

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ivr_engine.agi.commands import Agi

    from .conftest import Bench

    Command = Callable[[Agi], Coroutine[Any, Any, Any]]

UP = ("CHANNEL STATUS", b"200 result=6\n")
GONE = ("CHANNEL STATUS", b"HANGUP\n511 Command Not Permitted on a dead channel or intercept routine\n")
GONE_SILENTLY = ("CHANNEL STATUS", b"511 Command Not Permitted on a dead channel or intercept routine\n")  # AGISIGHUP=no

# (command, line sent, answer, result)
WORKING: list[tuple[Command, str, bytes, Any]] = [
    (lambda agi: agi.answer(), "ANSWER", b"200 result=0\n", True),
    (lambda agi: agi.async_agi_break(), "ASYNCAGI BREAK", b"200 result=0\n", None),
    (lambda agi: agi.channel_status(), "CHANNEL STATUS", b"200 result=6\n", 6),
    (lambda agi: agi.channel_status("SIP/x"), "CHANNEL STATUS SIP/x", b"200 result=-1\n", -1),
    (
        lambda agi: agi.control_stream_file("a", "5"),
        'CONTROL STREAM FILE a 5 3000 # * "" 0',
        b"200 result=53 endpos=900\n",
        Controlled("5", 900, True),
    ),
    (lambda agi: agi.database_get("f", "k"), "DATABASE GET f k", b"200 result=1 (a)b)\n", "a)b"),
    (lambda agi: agi.database_get("f", "k"), "DATABASE GET f k", b"200 result=0\n", None),
    (lambda agi: agi.database_put("f", "k", "v w"), 'DATABASE PUT f k "v w"', b"200 result=1\n", True),
    (lambda agi: agi.database_delete("f", "k"), "DATABASE DEL f k", b"200 result=0\n", False),
    (lambda agi: agi.database_delete_tree("f"), "DATABASE DELTREE f", b"200 result=0\n", True),
    (lambda agi: agi.database_delete_tree("f", "t"), "DATABASE DELTREE f t", b"200 result=1\n", False),
    (lambda agi: agi.execute("Queue", "lavoro,c,,,20"), "EXEC Queue lavoro,c,,,20", b"200 result=0\n", 0),
    (lambda agi: agi.execute("Nothing"), 'EXEC Nothing ""', b"200 result=-2\n", -2),
    (lambda agi: agi.execute("AudioSocket", "u,h"), "EXEC AudioSocket u,h", b"200 result=-1\n", -1),
    (lambda agi: agi.get_data("a", 5000, 4), "GET DATA a 5000 4", b"200 result=1234\n", Digits("1234", False, True)),
    (lambda agi: agi.get_data("a"), "GET DATA a 0 1024", b"200 result=12 (timeout)\n", Digits("12", True, True)),
    (lambda agi: agi.get_data("a", -1), "GET DATA a -1 1024", b"200 result= (timeout)\n", Digits("", True, True)),
    (lambda agi: agi.get_data("a"), "GET DATA a 0 1024", b"200 result=\n", Digits("", False, True)),
    (lambda agi: agi.get_full_variable("${A} b"), 'GET FULL VARIABLE "${A} b"', b"200 result=1 ()\n", ""),
    (lambda agi: agi.get_full_variable("${A}", "SIP/x"), 'GET FULL VARIABLE "${A}" SIP/x', b"200 result=0\n", None),
    (lambda agi: agi.get_option("a", "12"), "GET OPTION a 12 5000", b"200 result=50 endpos=80\n", Played("2", 80, True)),
    (lambda agi: agi.get_variable("CALLERID(num)"), "GET VARIABLE CALLERID(num)", b"200 result=1 (x=(1) y)\n", "x=(1) y"),
    (lambda agi: agi.get_variable("X"), "GET VARIABLE X", b"200 result=0\n", None),
    (
        lambda agi: agi.gosub("c", "s", "1"),
        "GOSUB c s 1",
        b"100 result=0 Trying...\n200 result=0 Gosub complete\n",
        SubroutineEnd(True, "Gosub complete"),
    ),
    (
        lambda agi: agi.gosub("c", "s", "1", "a,b"),
        "GOSUB c s 1 a,b",
        b"200 result=-1 Gosub label not found\n",
        SubroutineEnd(False, "Gosub label not found"),
    ),
    (
        lambda agi: agi.gosub("c", "s", "1"),
        "GOSUB c s 1",
        b"503 result=-2 Memory allocation failure\n",
        SubroutineEnd(False, "Memory allocation failure"),
    ),
    (lambda agi: agi.hang_up(), "HANGUP", b"200 result=1\nHANGUP\n", True),
    (lambda agi: agi.hang_up("SIP/x"), "HANGUP SIP/x", b"200 result=-1\n", False),
    (lambda agi: agi.noop(), "NOOP", b"200 result=0\n", None),
    (lambda agi: agi.noop("a b"), 'NOOP "a b"', b"200 result=0\n", None),
    (lambda agi: agi.receive_char(100), "RECEIVE CHAR 100", b"200 result=65\n", Pressed("A", True)),
    (lambda agi: agi.receive_char(100), "RECEIVE CHAR 100", b"200 result=0 (timeout)\n", Pressed("", True)),
    (lambda agi: agi.receive_text(100), "RECEIVE TEXT 100", b"200 result=1 (a text)\n", "a text"),
    (
        lambda agi: agi.record_file("m", "wav", "#", -1, offset=8, beep=True, silence_s=3),
        "RECORD FILE m wav # -1 8 BEEP s=3",
        b"200 result=35 (dtmf) endpos=16000\n",
        Recorded("#", "dtmf", 16000, True),
    ),
    (
        lambda agi: agi.record_file("m", "wav", "#", 900),
        "RECORD FILE m wav # 900",
        b"200 result=-1 (writefile)\n",
        Recorded("", "writefile", 0, False),
    ),
    (lambda agi: agi.say_alpha("ab", "1"), "SAY ALPHA ab 1", b"200 result=49\n", Pressed("1", True)),
    (lambda agi: agi.say_date(0), 'SAY DATE 0 ""', b"200 result=0\n", Pressed("", True)),
    (lambda agi: agi.say_datetime(0), 'SAY DATETIME 0 ""', b"200 result=0\n", Pressed("", True)),
    (
        lambda agi: agi.say_datetime(0, "#", zone="Europe/Rome"),
        "SAY DATETIME 0 # \"ABdY 'digits/at' IMp\" Europe/Rome",
        b"200 result=0\n",
        Pressed("", True),
    ),
    (lambda agi: agi.say_digits("012"), 'SAY DIGITS 012 ""', b"200 result=0\n", Pressed("", True)),
    (lambda agi: agi.say_number(3, gender="f"), 'SAY NUMBER 3 "" f', b"200 result=0\n", Pressed("", True)),
    (lambda agi: agi.say_phonetic("a"), 'SAY PHONETIC a ""', b"200 result=0\n", Pressed("", True)),
    (lambda agi: agi.say_time(0), 'SAY TIME 0 ""', b"200 result=0\n", Pressed("", True)),
    (lambda agi: agi.send_image("i"), "SEND IMAGE i", b"200 result=0\n", True),
    (lambda agi: agi.send_text('a "b"'), r'SEND TEXT "a \"b\""', b"200 result=0\n", True),
    (lambda agi: agi.set_auto_hangup(9), "SET AUTOHANGUP 9", b"200 result=0\n", None),
    (lambda agi: agi.set_caller_id("06"), "SET CALLERID 06", b"200 result=1\n", None),
    (lambda agi: agi.set_context("c"), "SET CONTEXT c", b"200 result=0\n", None),
    (lambda agi: agi.set_extension("e"), "SET EXTENSION e", b"200 result=0\n", None),
    (lambda agi: agi.set_priority("1"), "SET PRIORITY 1", b"200 result=0\n", None),
    (lambda agi: agi.set_music(True, "jazz"), "SET MUSIC on jazz", b"200 result=0\n", None),
    (lambda agi: agi.set_music(False), "SET MUSIC off", b"200 result=0\n", None),
    (lambda agi: agi.set_variable("A", "b\nANSWER"), 'SET VARIABLE A "b ANSWER"', b"200 result=1\n", None),
    (lambda agi: agi.speech_create("e"), "SPEECH CREATE e", b"200 result=0\n", False),
    (lambda agi: agi.speech_set("n", "v"), "SPEECH SET n v", b"200 result=1\n", True),
    (lambda agi: agi.speech_load_grammar("n", "/p"), "SPEECH LOAD GRAMMAR n /p", b"200 result=1\n", True),
    (lambda agi: agi.speech_activate_grammar("n"), "SPEECH ACTIVATE GRAMMAR n", b"200 result=1\n", True),
    (lambda agi: agi.speech_deactivate_grammar("n"), "SPEECH DEACTIVATE GRAMMAR n", b"200 result=1\n", True),
    (lambda agi: agi.speech_unload_grammar("n"), "SPEECH UNLOAD GRAMMAR n", b"200 result=1\n", True),
    (lambda agi: agi.speech_destroy(), "SPEECH DESTROY", b"200 result=1\n", True),
    (
        lambda agi: agi.speech_recognize("a", 5),
        "SPEECH RECOGNIZE a 5",
        b"200 result=1 (timeout) endpos=8\n",
        Recognised("timeout", "", 8, ()),
    ),
    (lambda agi: agi.stream_file("a b", "12*"), 'STREAM FILE "a b" 12*', b"200 result=42 endpos=8000\n", Played("*", 8000, True)),
    (lambda agi: agi.stream_file("a", offset=80), 'STREAM FILE a "" 80', b"200 result=0 endpos=8000\n", Played("", 8000, True)),
    # The hang-up is told with a reply that is none the worse for it: the next living command will say so.
    (lambda agi: agi.stream_file("a"), 'STREAM FILE a ""', b"HANGUP\n200 result=0 endpos=80\n", Played("", 80, True)),
    (lambda agi: agi.tdd_mode("on"), "TDD MODE on", b"200 result=0\n", False),
    (lambda agi: agi.verbose("x", 3), "VERBOSE x 3", b"200 result=1\n", None),
    (lambda agi: agi.wait_for_digit(-1), "WAIT FOR DIGIT -1", b"200 result=35\n", Pressed("#", True)),
    (lambda agi: agi.wait_for_digit(10), "WAIT FOR DIGIT 10", b"200 result=0\n", Pressed("", True)),
]


@pytest.mark.parametrize(("command", "line", "answer", "result"), WORKING, ids=[row[1] for row in WORKING])
def test_answers(bench: type[Bench], command: Command, line: str, answer: bytes, result: object) -> None:
    for cut in (None, *range(-1, len(answer))):
        call = bench(command)
        assert call.converse([(line, answer)], cut).transport.disconnecting
        assert call.results == [result], cut
        assert type(call.results[0]) is type(result)


# (command, line sent, answer, result while the caller is there, milliseconds heard when not)
MINUS_ONE: list[tuple[Command, str, bytes, Any, int]] = [
    (lambda agi: agi.answer(), "ANSWER", b"200 result=-1\n", False, 0),
    (lambda agi: agi.stream_file("a"), 'STREAM FILE a ""', b"200 result=-1 endpos=4000\n", Played("", 4000, False), 500),
    (lambda agi: agi.stream_file("a"), 'STREAM FILE a ""', b"200 result=-1 endpos=0\n", Played("", 0, False), 0),
    (
        lambda agi: agi.control_stream_file("a"),
        'CONTROL STREAM FILE a "" 3000 # * "" 0',
        b"200 result=-1 endpos=400\n",
        Controlled("", 400, False),
        400,
    ),
    (lambda agi: agi.get_data("a"), "GET DATA a 0 1024", b"200 result=-1\n", Digits("", False, False), 0),
    (lambda agi: agi.get_option("a", "1"), "GET OPTION a 1 5000", b"200 result=-1 endpos=80\n", Played("", 80, False), 10),
    (lambda agi: agi.wait_for_digit(9), "WAIT FOR DIGIT 9", b"200 result=-1\n", Pressed("", False), 0),
    (lambda agi: agi.say_number(3), 'SAY NUMBER 3 ""', b"200 result=-1\n", Pressed("", False), 0),
    (lambda agi: agi.receive_text(9), "RECEIVE TEXT 9", b"200 result=-1\n", None, 0),
    (lambda agi: agi.send_text("a"), "SEND TEXT a", b"200 result=-1\n", False, 0),
    (
        lambda agi: agi.record_file("m", "wav", "#", 9),
        "RECORD FILE m wav # 9",
        b"200 result=-1 (waitfor) endpos=800\n",
        Recorded("", "waitfor", 800, False),
        100,
    ),
]


@pytest.mark.parametrize(("command", "line", "answer", "result", "heard_ms"), MINUS_ONE, ids=[row[2] for row in MINUS_ONE])
def test_minus_one_is_a_hang_up_only_when_the_caller_is_gone(
    bench: type[Bench], command: Command, line: str, answer: bytes, result: object, heard_ms: int
) -> None:
    there = bench(command)
    there.converse([(line, answer), UP])
    unknown = bench(command)
    unknown.converse([(line, answer), (UP[0], b"510 Invalid or unknown command\n")])
    assert there.results == unknown.results == [result]
    told_before = [(line, b"HANGUP\n" + answer)]
    told_after = [(line, answer + b"HANGUP\n")]
    for exchanges in (told_before, told_after, [(line, answer), GONE], [(line, answer), GONE_SILENTLY]):
        call = bench(command)
        call.converse(exchanges)
        (error,) = call.errors
        assert type(error) is CallerHungUp
        assert error.heard_ms == heard_ms
        for cut in range(-1, len(exchanges[-1][1])):
            call = bench(command)
            # Cut before its HANGUP, a reply comes alone: the probe asks, and is answered what it would be.
            if exchanges is not told_after:
                call.converse(exchanges, cut)
                assert [type(error) for error in call.errors] == [CallerHungUp]


@pytest.mark.parametrize(
    ("command", "line", "answer", "heard_ms"),
    [
        (lambda agi: agi.receive_char(9), "RECEIVE CHAR 9", b"200 result=-1 (hangup)\n", 0),
        (lambda agi: agi.record_file("m", "wav", "#", 9), "RECORD FILE m wav # 9", b"200 result=-1 (hangup) endpos=800\n", 100),
        (lambda agi: agi.speech_recognize("a", 5), "SPEECH RECOGNIZE a 5", b"200 result=1 (hangup) endpos=800\n", 100),
        (lambda agi: agi.answer(), "ANSWER", b"511 Command Not Permitted on a dead channel or intercept routine\n", 0),
    ],
)
def test_hang_ups_that_say_so(bench: type[Bench], command: Command, line: str, answer: bytes, heard_ms: int) -> None:
    call = bench(command)
    call.converse([(line, answer)])
    (error,) = call.errors
    assert type(error) is CallerHungUp
    assert error.heard_ms == heard_ms


@pytest.mark.parametrize(
    ("answer", "code", "usage"),
    [
        (b"510 Invalid or unknown command\n", 510, "Invalid or unknown command"),
        (
            b"520 Invalid command syntax.  Proper usage not available.\n",
            520,
            "Invalid command syntax.  Proper usage not available.",
        ),
        (b"520-Usage follows:\nSAY DIGITS x\n520 End of proper usage.\n", 520, "Usage follows:\nSAY DIGITS x"),
    ],
)
def test_refused_commands(bench: type[Bench], answer: bytes, code: int, usage: str) -> None:
    for cut in (None, *range(-1, len(answer))):
        call = bench(lambda agi: agi.say_digits("*1"))
        with capture_logs():  # the handler fails, which is logged with its stack
            call.converse([('SAY DIGITS *1 ""', answer)], cut)
        (error,) = call.errors
        assert isinstance(error, InvalidCommand)
        assert (error.command, error.code, error.usage) == ("SAY DIGITS", code, usage)


DEAD_TOO = (
    "ASYNCAGI",
    "DATABASE",
    "EXEC",
    "GET FULL",
    "GET VARIABLE",
    "NOOP",
    "SET VARIABLE",
    "SPEECH DESTROY",
    "SPEECH UNLOAD",
    "VERBOSE",
)


@pytest.mark.parametrize(("command", "line", "answer", "result"), WORKING, ids=[row[1] for row in WORKING])
def test_after_the_hang_up_only_what_asterisk_allows_is_sent(
    bench: type[Bench], header: bytes, command: Command, line: str, answer: bytes, result: object
) -> None:
    call = bench(command)
    asterisk = call.dial()
    sent = asterisk.feed(header + b"HANGUP\n")
    if line.startswith(DEAD_TOO):
        assert sent == [line]
        asterisk.feed(answer)
        assert call.results == [result]
    else:
        assert sent == []
        assert [type(error) for error in call.errors] == [CallerHungUp]
    assert asterisk.transport.disconnecting


@pytest.mark.parametrize(("command", "line"), [row[:2] for row in WORKING], ids=[row[1] for row in WORKING])
def test_every_command_knows_a_lost_connection(bench: type[Bench], header: bytes, command: Command, line: str) -> None:
    call = bench(command)
    asterisk = call.dial()
    assert asterisk.feed(header) == [line]
    asterisk.lose()
    assert [type(error) for error in call.errors] == [CallLost]
