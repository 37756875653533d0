"""Bytes to facts and words to bytes, in every shape of Asterisk's and at every cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_engine.agi.results import Guess, recognised, recorded
from ivr_engine.agi.wire import HANGUP, MAX_LINE, CommandTooLong, Environment, Limits, Parser, Reply, Stray, WireError, encode

if TYPE_CHECKING:
    from ivr_engine.agi.wire import Fact

WHOLE = b"""agi_network: yes
agi_network_script: lavoro/tfr?lang=it&x=a+b&lang=en
agi_request: agi://127.0.0.1:4573/lavoro/tfr?lang=it&x=a+b&lang=en
agi_channel: PJSIP/trunk-0000002a
agi_language: it
agi_type: PJSIP
agi_uniqueid: 1761234567.86
agi_version: 22.10.1
agi_callerid: +390612345678
agi_calleridname: Rossi: Mario \xff\xc3\xa8
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: 800196001
agi_rdnis: 0699
agi_context: from-trunk
agi_extension: 800196196
agi_priority: 1
agi_enhanced: 0.0
agi_accountcode: \nagi_threadid: 140234567890688
agi_arg_1: unknown
agi_arg_2: \nagi_arg_3: a: b, c

"""
BARE = b"""agi_network: yes
agi_request: agi://127.0.0.1
agi_callerid: unknown
agi_calleridname: unknown
agi_dnid: unknown
agi_rdnis: unknown
agi_extension: 800196196

"""

USAGE = (
    b"520-Invalid command syntax.  Proper usage follows:\n"
    b"Usage: STREAM FILE <filename> <escape digits>\n200 result=0\nHANGUP\n\n520 End of proper usage.\n"
)
REPLIES: list[tuple[bytes, Fact]] = [
    (b"100 result=0 Trying...\n", Reply(100, "0", "Trying...")),
    (b"200 result=0\n", Reply(200, "0", "")),
    (b"200 result=-1\n", Reply(200, "-1", "")),
    (b"200 result=\n", Reply(200, "", "")),
    (b"200 result= (timeout)\n", Reply(200, "", "(timeout)")),
    (b"200 result=123 (timeout)\n", Reply(200, "123", "(timeout)")),
    (b"200 result=*12#\n", Reply(200, "*12#", "")),
    (b"200 result=49 endpos=8000\n", Reply(200, "49", "endpos=8000")),
    (b"200 result=1 (a=b (c) d) e)\n", Reply(200, "1", "(a=b (c) d) e)")),
    (b"200 result=1 ()\n", Reply(200, "1", "()")),
    (b"200 result=0 Gosub complete (abnormal exit)\n", Reply(200, "0", "Gosub complete (abnormal exit)")),
    (b"503 result=-2 Memory allocation failure\n", Reply(503, "-2", "Memory allocation failure")),
    (b"510 Invalid or unknown command\n", Reply(510, "", "Invalid or unknown command")),
    (
        b"511 Command Not Permitted on a dead channel or intercept routine\n",
        Reply(511, "", "Command Not Permitted on a dead channel or intercept routine"),
    ),
    (
        b"520 Invalid command syntax.  Proper usage not available.\n",
        Reply(520, "", "Invalid command syntax.  Proper usage not available."),
    ),
    (
        USAGE,
        Reply(
            520,
            "",
            "Invalid command syntax.  Proper usage follows:\n"
            "Usage: STREAM FILE <filename> <escape digits>\n200 result=0\nHANGUP\n",
        ),
    ),
    (
        b"520-Invalid command syntax.  Proper usage follows:\nno end520 End of proper usage.\n",
        Reply(520, "", "Invalid command syntax.  Proper usage follows:"),
    ),
    (b"HANGUP\n", HANGUP),
    (b"HANGUP now\n", Stray("HANGUP now")),
    (b"rest of a value)\n", Stray("rest of a value)")),
    (b"\n", Stray("")),
    (b"200\n", Stray("200")),
    (b"2000 result=1\n", Stray("2000 result=1")),
    (b"200 result=1 (\xff\xfe)\n", Reply(200, "1", "(\ufffd\ufffd)")),
]


def parser_in_session() -> Parser:
    parser = Parser(Limits())
    parser.feed(b"\n")
    return parser


def shown(fact: Fact) -> object:
    return (fact.get("agi_request"), fact.arguments, fact.caller_name) if isinstance(fact, Environment) else fact


@pytest.mark.parametrize(("data", "fact"), REPLIES)
def test_every_reply_is_the_same_fact_wherever_it_is_cut(data: bytes, fact: Fact) -> None:
    for cut in range(len(data)):
        parser = parser_in_session()
        assert parser.feed(data[:cut]) + parser.feed(data[cut:]) == [fact], cut
    parser = parser_in_session()
    assert [found for byte in data for found in parser.feed(bytes([byte]))] == [fact]


@pytest.mark.parametrize("header", [WHOLE, BARE, b"\n", b"agi_network: yes\n\n"])
def test_a_session_is_the_same_facts_wherever_it_is_cut(header: bytes) -> None:
    data = header + b"".join(reply for reply, _ in REPLIES)
    whole = Parser(Limits()).feed(data)
    assert whole[1:] == [fact for _, fact in REPLIES]
    for cut in range(len(data)):
        parser = Parser(Limits())
        assert [*map(shown, parser.feed(data[:cut]) + parser.feed(data[cut:]))] == [*map(shown, whole)], cut


def test_a_whole_header_is_read() -> None:
    (call,) = Parser(Limits()).feed(WHOLE)
    assert isinstance(call, Environment)
    assert (call.script, call.line, call.query) == ("lavoro/tfr", "lavoro", {"lang": "en", "x": "a b"})
    assert (call.channel, call.uniqueid, call.language) == ("PJSIP/trunk-0000002a", "1761234567.86", "it")
    assert (call.caller_number, call.caller_name) == ("+390612345678", "Rossi: Mario \ufffdè")
    assert (call.dialled, call.redirected_from) == ("800196001", "0699")
    assert call.arguments == ("unknown", "", "a: b, c")
    assert call.get("agi_accountcode") == ""
    assert call.get("agi_threadid") == "140234567890688"
    assert call.request.endswith("lang=en")


def test_what_asterisk_does_not_know_is_empty() -> None:
    (call,) = Parser(Limits()).feed(BARE)
    assert isinstance(call, Environment)
    assert (call.script, call.line, call.query, call.arguments) == ("", "", {}, ())
    assert (call.caller_number, call.caller_name, call.redirected_from) == ("", "", "")
    assert call.dialled == "800196196"  # Local channels have no dnid
    assert call.get("agi_network_script") == ""
    assert call.get("network") == ""


def test_readings_of_a_reply() -> None:
    assert Reply(200, "1", "(a) endpos=5)").data == "a) endpos=5"
    assert Reply(200, "1", "(a) b").data == "a"
    assert Reply(200, "1", "(first line of a value").data == "first line of a value"
    assert Reply(200, "1", "text").data == ""
    assert Reply(200, "35", "(dtmf) endpos=16000").endpos == 16000
    assert Reply(200, "-1", "endpos=-8").endpos == -8
    assert Reply(200, "0", "").endpos == 0
    assert Reply(200, "", "(timeout)").number == 0
    with pytest.raises(WireError, match="'1a' where a number"):
        _ = Reply(200, "1a", "").number


@pytest.mark.parametrize(
    ("rest", "result"),
    [
        ("(dtmf) endpos=16000", ("#", "dtmf", 16000, True)),
        ("(timeout) endpos=8000", ("", "timeout", 8000, True)),
        ("(randomerror) endpos=0", ("#", "randomerror", 0, False)),
        ("(waitfor) endpos=80", ("", "waitfor", 80, False)),
        ("(writefile)", ("", "writefile", 0, False)),
    ],
)
def test_ends_of_a_recording(rest: str, result: tuple[object, ...]) -> None:
    assert recorded(Reply(200, "35", rest)) == result


def test_guesses_of_a_recogniser() -> None:
    rest = '(speech) endpos=800 results=2 score0=950 text0="say "yes) now" grammar0=yesno score1=40 text1="no" grammar1=yesno'
    assert recognised(Reply(200, "1", rest)) == (
        "speech",
        "",
        800,
        (Guess(950, 'say "yes) now', "yesno"), Guess(40, "no", "yesno")),
    )
    cut = '(speech) endpos=800 results=2 score0=9 text0="a" grammar0=g score1=4 text1="b'
    assert [guess.text for guess in recognised(Reply(200, "1", cut)).guesses] == ["a"]
    assert recognised(Reply(200, "1", "(digit) digit=7 endpos=8")) == ("digit", "7", 8, ())
    assert recognised(Reply(200, "1", "(timeout) endpos=8")) == ("timeout", "", 8, ())
    assert recognised(Reply(200, "0", "")) == ("failed", "", 0, ())


SMALL = Limits(line=40, header_lines=3, header_bytes=60, usage_lines=2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: " + b"x" * 60 + b"\n\n", "header of more than 60 bytes"),
        (b"a: " + b"x" * 38 + b"\n\n", "40 bytes in one"),
        (b"a: 1\nb: 2\nc: 3\nd: 4\n\n", "more than 3 lines"),
        (b"\n200 result=" + b"1" * 30 + b"\n", "a line of more than 40"),
        (b"\n200 result=" + b"1" * 30, "a line of more than 40"),
        (b"\n520-a\nb\nc\n520 End of proper usage.\n", "usage text of more than 2"),
    ],
)
def test_a_peer_cannot_send_without_end(data: bytes, message: str) -> None:
    with pytest.raises(WireError, match=message):
        Parser(SMALL).feed(data)
    for cut in range(1, len(data)):
        parser = Parser(SMALL)
        with pytest.raises(WireError, match="more than"):  # noqa: PT012 - either half may be the one too many
            parser.feed(data[:cut])
            parser.feed(data[cut:])


def test_what_is_just_within_the_limits_passes() -> None:
    data = b"a: " + b"x" * 37 + b"\nb: 1\nc: 2\n\n200 result=" + b"1" * 29 + b"\n520-a\nb\n520 End.\n"
    assert [type(fact) for fact in Parser(SMALL).feed(data)] == [Environment, Reply, Reply]


def parse_args(line: bytes) -> list[bytes]:
    """Asterisk's own reading of a command line: blanks part words unless quoted or escaped, a backslash escapes any byte."""
    words: list[bytearray] = []
    quoted = escaped = False
    blank = True
    for byte in line:
        if byte == 0x22 and not escaped:
            quoted = not quoted
            if quoted and blank:
                words.append(bytearray())
                blank = False
        elif byte in b" \t" and not quoted and not escaped:
            blank = True
        elif byte == 0x5C and not escaped:
            escaped = True
            continue
        else:
            if blank:
                words.append(bytearray())
                blank = False
            words[-1].append(byte)
        escaped = False
    return [bytes(word) for word in words]


def as_sent(word: str) -> bytes:
    return "".join(" " if char in "\r\n\0" else char for char in word).encode(errors="replace")


nasty = st.text(alphabet=st.one_of(st.sampled_from(" \t\"\\\r\n\0,;$'{}()é€\ud800"), st.characters()), max_size=40)


@given(st.lists(nasty, min_size=1, max_size=30))
def test_asterisk_reads_back_the_very_words(words: list[str]) -> None:
    try:
        line = encode(*words)
    except CommandTooLong:
        return
    assert parse_args(line[:-1]) == [as_sent(word) for word in words]
    assert line.endswith(b"\n")
    assert not set(line[:-1]) & set(b"\r\n\0")
    assert len(line) <= MAX_LINE


@pytest.mark.parametrize("word", ["failure", "FAILURE", "Failure to launch", "failures"])
def test_no_command_is_the_magic_word(word: str) -> None:
    line = encode(word, "x")
    assert not line.lower().startswith(b"failure")
    assert parse_args(line[:-1]) == [word.encode(), b"x"]


def test_commands_asterisk_could_not_read_are_not_sent() -> None:
    assert len(encode("NOOP", "x" * (MAX_LINE - 6))) == MAX_LINE
    with pytest.raises(CommandTooLong, match="2048 bytes, Asterisk takes 2047"):
        encode("NOOP", "x" * (MAX_LINE - 5))
    assert len(parse_args(encode(*"a" * 127)[:-1])) == 127
    with pytest.raises(CommandTooLong, match="128 words"):
        encode(*"a" * 128)


def test_lines_stay_readable() -> None:
    assert encode("STREAM", "FILE", "ivr/lavoro/welcome", "0123456789*#") == b"STREAM FILE ivr/lavoro/welcome 0123456789*#\n"
    assert encode("STREAM", "FILE", "a", "") == b'STREAM FILE a ""\n'
    assert encode("GET", "VARIABLE", "CHANNEL(language)") == b"GET VARIABLE CHANNEL(language)\n"
