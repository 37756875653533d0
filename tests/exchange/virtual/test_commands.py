"""Every command's reply over a real socket, byte for byte as in Asterisk's table.

The rows without keys were also played to an Asterisk 22.10.1: same replies, but for the usage text, the lengths of sounds,
and RECORD FILE, which really records there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.agi.client import COMMANDS
from ivr_engine.exchange.virtual.caller import Caller, ScriptedCaller
from ivr_engine.exchange.virtual.session import HANDLERS

if TYPE_CHECKING:
    from conftest import House

SILENT = ""
REFUSED = ["", "Nothing was done.", "520 End of proper usage."]
DEAD = "511 Command Not Permitted on a dead channel or intercept routine"
REPLIES = [
    # commands, script of the caller, replies ("=" stands for "200 result=")
    (["ANSWER"], SILENT, ["=0"]),
    (["CHANNEL STATUS", "ANSWER", "CHANNEL STATUS"], SILENT, ["=4", "=0", "=6"]),
    (["CHANNEL STATUS Virtual/nobody-00000009"], SILENT, ["=-1"]),
    (['STREAM FILE "menu" "12"'], SILENT, ["=0 endpos=32000"]),
    (['STREAM FILE "menu" "12"'], "<1", ["=49 endpos=4000"]),
    (['STREAM FILE "menu" "2"'], "<1", ["=0 endpos=32000"]),
    (['STREAM FILE "menu" "" 8000'], SILENT, ["=0 endpos=32000"]),
    (['STREAM FILE "menu" "1" 8000'], "<1", ["=49 endpos=12000"]),
    (['STREAM FILE "nowhere" "1" 77', "NOOP"], SILENT, ["=-1 endpos=77", "=0"]),
    (['CONTROL STREAM FILE "menu" "1"', "GET VARIABLE CPLAYBACKSTATUS"], "<1", ["=49 endpos=500", "=1 (USERSTOPPED)"]),
    (['CONTROL STREAM FILE "menu" "1"', "GET VARIABLE CPLAYBACKSTATUS"], SILENT, ["=0 endpos=-1", "=1 (SUCCESS)"]),
    (['CONTROL STREAM FILE "gone" "1"', "GET VARIABLE CPLAYBACKSTATUS"], SILENT, ["=-1 endpos=-1", "=1 (ERROR)"]),
    (["WAIT FOR DIGIT 5000"], "1", ["=49"]),
    (["WAIT FOR DIGIT 5000"], "#", ["=35"]),
    (["WAIT FOR DIGIT 5000"], SILENT, ["=0"]),
    (["WAIT FOR DIGIT -1"], "*", ["=42"]),
    (['GET DATA "menu" 3000 5'], "00187", ["=00187"]),
    (['GET DATA "menu"'], "12#", ["=12"]),
    (['GET DATA "menu"'], "12", ["=12 (timeout)"]),
    (['GET DATA "menu"'], SILENT, ["= (timeout)"]),
    (['GET DATA "menu"'], "#", ["="]),
    (['GET DATA "menu"'], "<7#", ["=7"]),
    (['GET DATA "menu" -1 1'], "4", ["=4"]),
    (['GET DATA "nowhere"', "NOOP"], SILENT, ["=-1", "=0"]),
    (['GET OPTION "menu" "12"'], "1", ["=49 endpos=32000"]),
    (['GET OPTION "menu" "12"'], "9", ["=0 endpos=32000"]),
    (['GET OPTION "menu" "12" 1000'], SILENT, ["=0 endpos=32000"]),
    (["GET VARIABLE NOTHING"], SILENT, ["=0"]),
    (['SET VARIABLE "A" "b (c) = d"', "GET VARIABLE A"], SILENT, ["=1", "=1 (b (c) = d)"]),
    (['SET VARIABLE "A" ""', "GET VARIABLE A"], SILENT, ["=1", "=1 ()"]),
    (['SET VARIABLE "__A" "x"', "GET VARIABLE A"], SILENT, ["=1", "=1 (x)"]),
    (["GET VARIABLE CHANNEL(language)"], SILENT, ["=1 (it)"]),
    (["SET VARIABLE CHANNEL(language) en", "GET VARIABLE CHANNEL(language)"], SILENT, ["=1", "=1 (en)"]),
    (["GET VARIABLE CALLERID(num)"], SILENT, ["=1 (+390612345678)"]),
    (["SET CALLERID 0699", "GET VARIABLE CALLERID(num)"], SILENT, ["=1", "=1 (0699)"]),
    (["GET VARIABLE SHELL(ls)"], SILENT, ["=0"]),
    (["SET VARIABLE X y", 'GET FULL VARIABLE "${X}${NO}-${EXTEN}"'], SILENT, ["=1", "=1 (y-800196001)"]),
    (['GET FULL VARIABLE "x" nobody'], SILENT, ["=0"]),
    (["DATABASE GET a b"], SILENT, ["=0"]),
    (["DATABASE PUT a b c", "DATABASE GET a b"], SILENT, ["=1", "=1 (c)"]),
    (["DATABASE PUT a b c", "DATABASE DEL a b", "DATABASE DEL a b", "DATABASE GET a b"], SILENT, ["=1", "=1", "=1", "=0"]),
    (["DATABASE PUT a b/c d", "DATABASE DELTREE a b", "DATABASE DELTREE a b"], SILENT, ["=1", "=0", "=1"]),
    (["EXEC NoOp hello"], SILENT, ["=0"]),
    (["EXEC Wait 2"], SILENT, ["=0"]),
    (["EXEC Nothing x"], SILENT, ["=-2"]),
    (["EXEC Set A=7", "GET VARIABLE A"], SILENT, ["=0", "=1 (7)"]),
    (["EXEC Set AGIEXECFULL=yes", "EXEC Set A=${EXTEN}", "GET VARIABLE A"], SILENT, ["=0", "=0", "=1 (800196001)"]),
    (["EXEC Playback short&menu", "GET VARIABLE PLAYBACKSTATUS"], SILENT, ["=0", "=1 (SUCCESS)"]),
    (["EXEC Playback nowhere", "GET VARIABLE PLAYBACKSTATUS"], SILENT, ["=0", "=1 (FAILED)"]),
    (["EXEC Hangup", "NOOP"], SILENT, ["=-1", "HANGUP", "=0"]),
    (["HANGUP", "ANSWER"], SILENT, ["=1", "HANGUP", DEAD]),
    (["HANGUP Virtual/nobody-00000009"], SILENT, ["=-1"]),
    (["SET AUTOHANGUP 3", "EXEC Wait 9", "NOOP"], SILENT, ["=0", "=-1", "HANGUP", "=0"]),
    (["SET AUTOHANGUP 3", "SET AUTOHANGUP 0", "EXEC Wait 9"], SILENT, ["=0", "=0", "=0"]),
    (["SAY DIGITS 123 1"], SILENT, ["=0"]),
    (["SAY DIGITS 1234 1"], "<1", ["=49"]),
    (["SAY DIGITS *1 1"], SILENT, ["520-", "Usage: SAY DIGITS number escape", *REFUSED]),
    (["SAY ALPHA abc 1"], SILENT, ["=0"]),
    (["STREAM FILE menu 1 soon"], SILENT, ["520-", "Usage: STREAM FILE file escape [offset]", *REFUSED]),
    (["RECORD FILE x wav # 5000"], SILENT, ["=-1 (writefile)"]),
    (["RECEIVE CHAR 100"], SILENT, ["=-1 (hangup)"]),
    (["RECEIVE TEXT 100"], SILENT, ["=-1"]),
    (["SPEECH CREATE vosk"], SILENT, ["=0"]),
    (["VERBOSE hello 1", "NOOP", "TDD MODE on", "SET MUSIC on"], SILENT, ["=1", "=0", "=0", "=0"]),
    (["HANGUP", "EXEC Queue lavoro,c,,,5", "GET VARIABLE ABANDONED"], SILENT, ["=1", "HANGUP", "=-1", "=1 (TRUE)"]),
    (["GET OPTION nowhere 12"], SILENT, ["=-1 endpos=0"]),
    (["GET FULL VARIABLE NO"], SILENT, ["=1 (NO)"]),
    (["ASYNCAGI BREAK", "NOOP a b c"], SILENT, ["=0", "=0"]),
    (["GOSUB a b 1"], SILENT, ["=-1 Gosub label not found"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("commands", "script", "replies"), REPLIES, ids=lambda value: value[0][:40] if isinstance(value, list) else ""
)
def test_replies(house: House, commands: list[str], script: str, replies: list[str]) -> None:
    exchange = house.raw(*commands)

    async def scenario() -> None:
        await exchange.dial("800196001", ScriptedCaller(script, number="+390612345678"))

    house.run(scenario())
    replies = ["200 result" + reply if reply.startswith("=") else reply for reply in replies]
    lines = ["520-" if line.startswith("520-") else line for line in house.engines[0].lines]
    assert lines == replies


def test_every_command_of_asterisks_table_is_done() -> None:
    assert set(HANDLERS) == set(COMMANDS)


def test_the_call_is_introduced(house: House) -> None:
    exchange = house.raw()

    async def scenario() -> None:
        await exchange.dial("800196001", Caller("+390612345678", "Anna"))

    house.run(scenario())
    said = dict(line.split(": ", 1) for line in house.engines[0].header if ": " in line)
    assert said["agi_network_script"] == "lavoro"
    assert said["agi_callerid"] == "+390612345678"
    assert said["agi_calleridname"] == "Anna"
    assert said["agi_extension"] == "800196001"
    assert said["agi_language"] == "it"
    assert said["agi_uniqueid"] == "1700000000.1"


def test_a_caller_id_that_is_no_number_does_not_pass(house: House) -> None:
    exchange = house.raw()

    async def scenario() -> None:
        await exchange.dial("800196001", Caller("1|2"))

    house.run(scenario())
    assert "agi_callerid: unknown" in house.engines[0].header


def test_channel_variables_of_the_settings_are_there(house: House) -> None:
    exchange = house.raw("GET VARIABLE SITE", "HANGUP", "NOOP", variables={"SITE": "Roma", "AGISIGHUP": "no"})

    async def scenario() -> None:
        await exchange.dial("800196001", Caller())

    house.run(scenario())
    assert house.engines[0].lines == ["200 result=1 (Roma)", "200 result=1", "200 result=0"]
