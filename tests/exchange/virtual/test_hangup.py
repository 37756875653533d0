"""The caller hangs up: in a prompt, in a wait, between commands, in the queue, in the talk. Lines in Asterisk's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.errors import CallerHungUp
from ivr_engine.exchange.agi_call import AgiCall
from ivr_engine.exchange.interface import ChannelGone
from ivr_engine.exchange.virtual.caller import Caller, InteractiveCaller, ScriptedCaller

if TYPE_CHECKING:
    from conftest import House

    from ivr_engine.agi.commands import Agi
    from ivr_engine.exchange.virtual.caller import CallRecord

DEAD = "511 Command Not Permitted on a dead channel or intercept routine"


def call(house: House, caller: Caller, *commands: str) -> tuple[CallRecord, list[str]]:
    exchange = house.raw(*commands)

    async def scenario() -> CallRecord:
        return await exchange.dial("800196001", caller)

    return house.run(scenario()), house.engines[0].lines


def test_in_a_prompt(house: House) -> None:
    caller = ScriptedCaller(hangup_after="menu", hangup_after_s=1.5)
    record, lines = call(house, caller, "STREAM FILE menu 123", "STREAM FILE menu 123", "SET VARIABLE IVR_DONE C1")
    assert lines == ["200 result=-1 endpos=12000", "HANGUP", DEAD, "200 result=1"]
    assert (record.contact, record.way, record.ended_by) == ("C1", "done", "caller")
    assert record.transcript[-1] == (1.5, "hung up", "caller")


def test_after_a_prompt_heard_to_its_end(house: House) -> None:
    caller = ScriptedCaller(hangup_after="menu")
    _, lines = call(house, caller, "STREAM FILE menu 123", "WAIT FOR DIGIT 5000", "NOOP")
    assert lines == ["200 result=0 endpos=32000", "200 result=-1", "HANGUP", "200 result=0"]


def test_in_a_wait(house: House) -> None:
    _, lines = call(house, ScriptedCaller("!"), "STREAM FILE menu 123", "WAIT FOR DIGIT 5000", "NOOP")
    assert lines == ["200 result=0 endpos=32000", "200 result=-1", "HANGUP", "200 result=0"]


def test_in_get_data(house: House) -> None:
    _, lines = call(house, ScriptedCaller("12!"), "GET DATA menu 3000", "NOOP")
    assert lines == ["200 result=-1", "HANGUP", "200 result=0"]


def test_in_the_middle_of_the_next_prompt(house: House) -> None:
    _, lines = call(house, ScriptedCaller("<!"), "STREAM FILE menu 123", "NOOP")
    assert lines == ["200 result=-1 endpos=4000", "HANGUP", "200 result=0"]


def test_in_the_queue(house: House) -> None:
    record, lines = call(
        house, ScriptedCaller(patience_s=2), "EXEC Queue lavoro,c,,,60", "GET VARIABLE ABANDONED", "SET VARIABLE IVR_DONE C1"
    )
    assert lines == ["200 result=-1", "HANGUP", "200 result=1 (TRUE)", "200 result=1"]
    assert record.way == "done"


def test_in_the_talk(house: House) -> None:
    record, lines = call(
        house, ScriptedCaller(talk_s=7), "EXEC Queue lavoro,c,,,60", "GET VARIABLE QUEUESTATUS", "GET VARIABLE ANSWEREDTIME"
    )
    assert lines == ["200 result=0", "HANGUP", "200 result=1 (CONTINUE)", "200 result=1 (7)"]
    assert record.way == "gone"  # the engine did not say it was done, but nobody is left to be served


def test_between_two_commands(house: House) -> None:
    caller = Caller()
    house.reactor.callLater(0.1, caller.hang_up)
    _, lines = call(house, caller, "EXEC Wait 1", "...", "ANSWER", "NOOP")
    assert lines == ["200 result=0", "HANGUP", DEAD, "200 result=0"]


def test_a_hangup_is_one_exception_at_the_awaited_verb_of_the_real_server(house: House) -> None:
    heard: list[int] = []

    async def handle(agi: Agi) -> None:
        answered = AgiCall(agi)
        try:
            await answered.play("menu", "123")
        except CallerHungUp as gone:
            heard.append(gone.heard_ms)
        await answered.finish("C7")

    exchange = house.serve(handle)

    async def scenario() -> CallRecord:
        return await exchange.dial("800196001", ScriptedCaller(hangup_after="menu", hangup_after_s=2.5))

    record = house.run(scenario())
    assert heard == [2500]
    assert (record.contact, record.ended_by) == ("C7", "caller")


def test_the_channel_is_gone_only_when_the_engine_has_let_go(house: House) -> None:
    exchange = house.raw("WAIT FOR DIGIT -1", "NOOP")
    seen: list[frozenset[str]] = []

    async def scenario() -> CallRecord:
        person = InteractiveCaller(on_hangup=lambda _by: seen.append(frozenset(exchange._switch.channels)))
        over = exchange.dial("800196001", person)
        person_listens = house.sleep(0.1)
        await person_listens
        assert await exchange.live_channels() == {"1700000000.1"}
        person.hang_up()
        return await over

    record = house.run(scenario())
    assert seen == [{record.channel}]
    assert house.signs[-1] == ChannelGone(record.channel)
