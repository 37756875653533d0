"""Asterisk's end of the wire: words split as Asterisk splits them, replies and HANGUP lines in its order."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from ivr_engine.agi import client
from ivr_engine.agi.client import COMMANDS, AgiClient, Introduction, WrongUsage, find_command, parse_args, result

CALL = Introduction(
    request="agi://127.0.0.1:4573/lavoro?x=1",
    channel="PJSIP/trunk-00000001",
    uniqueid="1700000000.87",
    callerid="+390612345678",
    extension="800196001",
    context="ivr-call",
    language="it",
    arguments=("uno", "due"),
)


class Exchange:
    """A Responder under the test's hand: replies come when they are given."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.events: list[str] = []
        self.waiting: Deferred[str | None] | None = None

    async def respond(self, command: str, words: list[str]) -> str | None:
        self.asked.append((command, *words))
        if command == "VERBOSE":
            raise WrongUsage
        if command == "SEND TEXT":
            raise ZeroDivisionError("a mistake in the exchange")
        if command in {"NOOP", "SET VARIABLE"}:
            return result(0)
        self.waiting = Deferred()
        return await self.waiting

    def reply(self, text: str | None) -> None:
        waiting, self.waiting = self.waiting, None
        assert waiting is not None
        waiting.callback(text)

    def interrupt(self) -> None:
        self.events.append("interrupted")
        self.reply(None)

    def turn(self, ours: bool) -> None:
        self.events.append("ours" if ours else "theirs")

    def closed(self, status: str) -> None:
        self.events.append(f"closed {status}")


class Line:
    """A client connected to nothing but a string."""

    def __init__(self, **options: bool) -> None:
        self.exchange = Exchange()
        self.client = AgiClient(CALL, self.exchange, **options)
        self.transport = StringTransport()
        self.client.makeConnection(self.transport)
        self.header = self.said()

    def said(self) -> str:
        text = self.transport.value().decode()
        self.transport.clear()
        return text

    def ask(self, text: str) -> str:
        self.client.dataReceived(text.encode())
        return self.said()


def test_the_call_is_introduced_in_asterisks_order() -> None:
    lines = Line().header.split("\n")
    assert lines[-2:] == ["", ""]
    assert [line.partition(":")[0] for line in lines[:-2]] == [
        "agi_network", "agi_network_script", "agi_request", "agi_channel", "agi_language", "agi_type", "agi_uniqueid",
        "agi_version", "agi_callerid", "agi_calleridname", "agi_callingpres", "agi_callingani2", "agi_callington",
        "agi_callingtns", "agi_dnid", "agi_rdnis", "agi_context", "agi_extension", "agi_priority", "agi_enhanced",
        "agi_accountcode", "agi_threadid", "agi_arg_1", "agi_arg_2",
    ]  # fmt: skip
    said = dict(line.split(": ", 1) for line in lines[:-2] if ": " in line)
    assert said["agi_network_script"] == "lavoro?x=1"
    assert said["agi_calleridname"] == said["agi_dnid"] == "unknown"
    assert said["agi_enhanced"] == "0.0"


def test_a_url_without_a_path_has_no_script_line() -> None:
    lines = Introduction(request="agi://127.0.0.1", channel="c", uniqueid="u").lines()
    assert lines[:2] == ["agi_network: yes", "agi_request: agi://127.0.0.1"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("   ", []),
        ("NOOP", ["NOOP"]),
        ("a  b\tc ", ["a", "b", "c"]),
        ('STREAM FILE beep ""', ["STREAM", "FILE", "beep", ""]),
        ('"a b" c', ["a b", "c"]),
        (r'"a \"b\" \\c"', ['a "b" \\c']),
        (r"a\ b c", ["a b", "c"]),
        ('a"b c"d', ["ab cd"]),  # a quote inside a word begins no word of its own
        ('"a""b"', ["ab"]),
        ('"never closed', ["never closed"]),
        (r"\n", ["n"]),
    ],
)
def test_words_are_split_as_asterisk_splits_them(line: str, words: list[str]) -> None:
    assert parse_args(line) == words


def test_words_beyond_asterisks_limit_are_dropped() -> None:
    assert parse_args(" ".join("x" * 200)) == ["x"] * 127


@given(st.text('ab" \t\\', max_size=16))
def test_plain_lines_are_split_as_all_others_are(line: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "_PLAIN", re.compile(r"(?!)"))
        slowly = parse_args(line)
    assert parse_args(line) == slowly


def test_every_command_is_found_in_any_case_of_letters() -> None:
    for name in COMMANDS:
        assert find_command([*name.lower().split(), "x"]) == (name, ["x"])
    assert find_command(["STREAM"])[0] == find_command([])[0] == ""


def test_a_reply_answers_its_command() -> None:
    line = Line()
    assert line.ask('WAIT FOR DIGIT "5000"\n') == ""
    assert line.exchange.asked == [("WAIT FOR DIGIT", "5000")]
    line.exchange.reply(result(49))
    assert line.said() == "200 result=49\n"
    assert line.exchange.events == ["theirs", "ours", "theirs"]


def test_commands_arrive_in_any_pieces() -> None:
    whole = b'NOOP\nSET VARIABLE "A" "b c"\n'
    for cut in range(len(whole) + 1):
        line = Line()
        line.client.dataReceived(whole[:cut])
        line.client.dataReceived(whole[cut:])
        assert line.said() == "200 result=0\n" * 2
        assert line.exchange.asked == [("NOOP",), ("SET VARIABLE", "A", "b c")]


def test_many_commands_in_one_piece_are_all_answered() -> None:
    assert Line().ask("NOOP\n" * 3000) == "200 result=0\n" * 3000


def test_a_line_longer_than_asterisks_buffer_is_two_bogus_commands() -> None:
    line = Line()
    assert line.ask("NOOP " + "x" * 8186 + "y\n") == "200 result=0\n510 Invalid or unknown command\n"
    assert line.exchange.asked == [("NOOP", "x" * 8186)]


@pytest.mark.parametrize("text", ["", "STREAM", "FLY AWAY", "SET"])
def test_what_is_no_command_is_answered_510(text: str) -> None:
    assert Line().ask(f"{text}\n") == "510 Invalid or unknown command\n"


@pytest.mark.parametrize("text", ["STREAM FILE beep", "ANSWER now", "SET VARIABLE a b c", "VERBOSE refused-by-the-exchange"])
def test_wrong_usage_is_answered_with_a_block_that_ends_at_520_blank(text: str) -> None:
    lines = Line().ask(f"{text}\n").split("\n")
    assert lines[0] == "520-Invalid command syntax.  Proper usage follows:"
    assert lines[1].startswith("Usage: ")
    assert len(lines) > 4
    assert lines[-2:] == ["520 End of proper usage.", ""]


def test_a_hangup_between_commands_is_told_at_once_and_once() -> None:
    line = Line()
    line.client.hang_up()
    line.client.hang_up()
    assert line.said() == "HANGUP\n"


def test_a_hangup_during_a_command_follows_its_reply() -> None:
    line = Line()
    line.ask("STREAM FILE beep 1\n")
    line.client.hang_up()
    assert line.said() == ""
    line.exchange.reply(result(-1, endpos=800))
    assert line.said() == "200 result=-1 endpos=800\nHANGUP\n"


def test_on_a_dead_channel_only_some_commands_work() -> None:
    line = Line()
    line.client.hang_up()
    line.said()
    assert line.ask("ANSWER\n") == "511 Command Not Permitted on a dead channel or intercept routine\n"
    assert line.ask("SET VARIABLE IVR_DONE x\n") == "200 result=0\n"
    assert {name for name, command in COMMANDS.items() if command.dead} == {
        "ASYNCAGI BREAK", "DATABASE DEL", "DATABASE DELTREE", "DATABASE GET", "DATABASE PUT", "EXEC", "GET FULL VARIABLE",
        "GET VARIABLE", "NOOP", "SET VARIABLE", "SPEECH DESTROY", "SPEECH UNLOAD GRAMMAR", "VERBOSE",
    }  # fmt: skip


def test_the_end_of_the_script_is_told_with_another_hangup_line() -> None:
    line = Line()
    line.client.readConnectionLost()
    assert line.said() == "HANGUP\n"
    assert line.exchange.events[-1] == "closed SUCCESS"
    assert line.transport.disconnecting


def test_with_agisighup_no_there_is_no_hangup_line_but_the_channel_is_dead() -> None:
    line = Line(sighup=False)
    line.client.hang_up()
    assert line.ask("ANSWER\n").startswith("511 ")
    line.client.readConnectionLost()
    assert line.said() == ""
    assert line.exchange.events[-1] == "closed HANGUP"


def test_with_agiexitonhangup_the_connection_closes() -> None:
    line = Line(exit_on_hangup=True)
    line.client.hang_up()
    assert line.transport.disconnecting
    assert line.exchange.events[-1] == "closed HANGUP"


@pytest.mark.parametrize("word", ["failure", "FAILURE now", "Failures"])
def test_the_magic_word_ends_the_script(word: str) -> None:
    line = Line()
    line.ask(f"{word}\nNOOP\n")
    assert line.exchange.events[-1] == "closed FAILURE"
    assert line.exchange.asked == []
    assert line.transport.disconnecting


def test_a_new_line_stops_a_watching_command_without_a_reply() -> None:
    line = Line()
    line.ask("STREAM FILE beep 1\n")
    assert line.ask("NOOP\n") == "200 result=0\n"
    assert "interrupted" in line.exchange.events


def test_a_new_line_waits_for_a_command_that_does_not_watch() -> None:
    line = Line()
    line.ask("EXEC Queue lavoro\n")
    assert line.ask("NOOP\n") == ""
    line.exchange.reply(result(0))
    assert line.said() == "200 result=0\n200 result=0\n"
    assert "interrupted" not in line.exchange.events


def test_an_engine_that_dies_in_a_prompt_ends_the_script_at_once() -> None:
    line = Line()
    line.ask("STREAM FILE beep 1\n")
    line.client.connectionLost()
    assert line.exchange.events[-3:] == ["interrupted", "theirs", "closed SUCCESS"]


def test_an_engine_that_dies_in_the_queue_leaves_the_caller_in_peace() -> None:
    line = Line()
    line.ask("EXEC Queue lavoro\n")
    line.client.connectionLost()
    assert "closed SUCCESS" not in line.exchange.events
    line.exchange.reply(result(0))
    assert line.exchange.events[-1] == "closed SUCCESS"


def test_commands_sent_before_the_close_are_still_done() -> None:
    line = Line()
    line.ask("EXEC Queue lavoro\nSET VARIABLE IVR_DONE x\n")
    line.client.readConnectionLost()
    line.exchange.reply(result(0))
    assert line.exchange.asked[-1] == ("SET VARIABLE", "IVR_DONE", "x")
    assert line.exchange.events[-1] == "closed SUCCESS"


def test_a_mistake_of_the_exchange_ends_the_script_instead_of_hanging_it() -> None:
    line = Line()
    line.ask("SEND TEXT x\n")
    assert line.exchange.events[-1] == "closed FAILURE"
    assert line.transport.disconnecting


def test_results_have_all_their_parts_in_order() -> None:
    values, data, ends = (0, "", -1), (None, "", "a (b) c=d"), (None, 0, 800)
    texts = [result(*parts) for parts in itertools.product(values, data, ends)]
    assert texts[:3] == ["200 result=0", "200 result=0 endpos=0", "200 result=0 endpos=800"]
    assert "200 result= (a (b) c=d) endpos=800" in texts
    assert "200 result=-1 ()" in texts
