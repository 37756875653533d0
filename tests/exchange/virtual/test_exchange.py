"""Whole calls: the dialplan's fall-back, fast time that waits for the engine, many calls at once, starting and stopping."""

from __future__ import annotations

import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.events import QueueStatus
from ivr_engine.exchange.agi_call import AgiCall
from ivr_engine.exchange.interface import ChannelGone, LinkUp
from ivr_engine.exchange.virtual.caller import Caller, InteractiveCaller, ScriptedCaller
from ivr_engine.exchange.virtual.clock import RealClock
from ivr_engine.exchange.virtual.settings import OperatorSettings

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import House

    from ivr_engine.agi.commands import Agi
    from ivr_engine.exchange.virtual.caller import CallRecord
    from ivr_engine.exchange.virtual.exchange import VirtualExchange


def dial(house: House, exchange: VirtualExchange, caller: Caller) -> CallRecord:
    async def scenario() -> CallRecord:
        return await exchange.dial("800196001", caller)

    record: CallRecord = house.run(scenario())
    return record


def story(record: CallRecord) -> list[str]:
    return [f"{what} {detail}".strip() for _, what, detail in record.transcript]


# The dialplan


def test_an_engine_that_is_away_costs_the_caller_only_the_menu(house: House) -> None:
    with socket.socket() as bound:  # a port that is taken and does not listen
        bound.bind(("127.0.0.1", 0))
        record = dial(house, house.build(bound.getsockname()[1]), ScriptedCaller())
    assert record.way == "alone"
    assert story(record) == [
        "dialled 800196001", "engine away", "answered", "served without the engine", "heard ivr/core/operator",
        "queued lavoro", "talked op1", "hung up operator",
    ]  # fmt: skip


def test_an_engine_that_dies_in_a_prompt_leaves_its_caller_to_the_queue(house: House) -> None:
    exchange = house.raw("STREAM FILE answer 1")

    async def scenario() -> CallRecord:
        over = exchange.dial("800196001", ScriptedCaller())
        hold = house.clock.hold()  # the prompt does not come to its end
        while not house.engines or not house.engines[0].header:
            await house.sleep(0.005)
        await house.sleep(0.02)
        house.engines[0].transport.abortConnection()
        await house.sleep(0.02)
        hold.release()
        return await over

    record = house.run(scenario())
    assert record.way == "alone"
    assert "talked op1" in story(record)


def test_who_has_talked_is_let_go_when_the_engine_did_not_finish(house: House) -> None:
    record = dial(house, house.raw("EXEC Queue lavoro,c,,,60"), ScriptedCaller())
    assert record.way == "talked"
    assert story(record)[-2:] == ["talked op1", "hung up exchange"]


def test_who_has_waited_in_vain_is_not_queued_twice(house: House) -> None:
    never = (OperatorSettings("op1", ("lavoro",), answers_after_s=None),)
    record = dial(house, house.raw("EXEC Queue lavoro,c,,,5", operators=never), ScriptedCaller())
    assert record.way == "waited"
    assert story(record)[-2:] == ["heard ivr/core/busy", "hung up exchange"]
    assert story(record).count("queued lavoro") == 1


def test_a_finished_call_is_hung_up(house: House) -> None:
    record = dial(house, house.raw("ANSWER", "SET VARIABLE IVR_DONE C42"), ScriptedCaller())
    assert (record.way, record.contact, record.ended_by, record.line) == ("done", "C42", "engine", "lavoro")


def test_the_fall_back_queue_is_the_one_the_engine_named_last(house: House) -> None:
    record = dial(house, house.raw("SET VARIABLE IVR_QUEUE sociale"), ScriptedCaller(patience_s=1))
    assert record.way == "alone"
    assert "queued sociale" in story(record)


def test_an_engine_that_refuses_counts_as_away(house: House) -> None:
    record = dial(house, house.raw("failure"), ScriptedCaller(patience_s=1))
    assert record.way == "alone"


# Callers


def test_keys_are_pressed_in_waits_after_their_prompts(house: House) -> None:
    exchange = house.raw(
        "STREAM FILE menu 12", "WAIT FOR DIGIT 5000", "STREAM FILE short 12", "WAIT FOR DIGIT 5000", "WAIT FOR DIGIT 4000"
    )
    dial(house, exchange, ScriptedCaller("1 2 3"))
    values = [line for line in house.engines[0].lines if line != "HANGUP"]
    # the third input waits for a prompt of its own: two waits in a row belong to one input
    assert values == ["200 result=0 endpos=32000", "200 result=49", "200 result=0 endpos=4000", "200 result=50", "200 result=0"]


def test_a_silence_of_the_script_takes_one_wait(house: House) -> None:
    exchange = house.raw("STREAM FILE menu 1", "WAIT FOR DIGIT 5000", "STREAM FILE menu 1", "WAIT FOR DIGIT 5000")
    record = dial(house, exchange, ScriptedCaller("~ 1"))
    assert [line for line in house.engines[0].lines if "endpos" not in line] == ["200 result=0", "200 result=49"]
    assert [moment for moment in record.transcript if moment.what in {"silent", "pressed"}] == [
        (9.0, "silent", ""), (13.25, "pressed", "1"),
    ]  # fmt: skip


def test_a_key_that_is_left_cuts_into_the_next_prompt_or_is_lost(house: House) -> None:
    exchange = house.raw("WAIT FOR DIGIT 5000", "STREAM FILE menu 12", "STREAM FILE menu #")
    record = dial(house, exchange, ScriptedCaller("7##"))
    assert house.engines[0].lines[:3] == ["200 result=55", "200 result=0 endpos=32000", "200 result=0 endpos=32000"]
    assert story(record).count("pressed in vain #") == 2


def test_a_person_is_told_what_happens_and_presses_when_they_like(house: House) -> None:
    told: list[str] = []
    person = InteractiveCaller(
        on_sound=told.append,
        on_listening=lambda: told.append("listening"),
        on_queue=lambda queue: told.append(f"queue {queue}"),
        on_talk=lambda operator: told.append(f"talk {operator}"),
        on_hangup=lambda by: told.append(f"hung up by {by}"),
    )
    exchange = house.raw("STREAM FILE menu 1", "WAIT FOR DIGIT 5000", "EXEC Queue lavoro,c,,,60", "SET VARIABLE IVR_DONE C1")
    house.clock.callLater(1, lambda: told.append(f"pressed {person.press('9')} {person.press('1')}"))
    record = dial(house, exchange, person)
    assert told == [
        "menu", "listening", "pressed False True", "listening", "queue lavoro", "talk op1", "hung up by engine",
    ]  # fmt: skip
    assert person.press("1") is False
    assert record.way == "done"


@pytest.mark.parametrize("script", ["x", "1 <", "12<3", "é"])
def test_a_script_that_is_none_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match="is not an input"):
        ScriptedCaller(script)


# Time


def test_time_stands_still_while_the_engine_owes_a_command(house: House) -> None:
    times: list[tuple[float, float]] = []

    async def handle(agi: Agi) -> None:
        if len(times) == 0:
            times.append((0, 0))
            before = house.clock.now()
            await house.sleep(0.3)  # a slow function of a line: real time, no call time
            times.append((before, house.clock.now()))
        await agi.stream_file("answer")

    exchange = house.serve(handle)

    async def scenario() -> tuple[CallRecord, CallRecord]:
        slow, quick = exchange.dial("800196001", Caller()), exchange.dial("800196001", Caller())
        # The quick call is in the middle of its prompt, and stays there.
        return await slow, await quick

    began = time.monotonic()
    slow, quick = house.run(scenario())
    assert 0.3 <= time.monotonic() - began < 5
    assert times[1] == (times[1][0], times[1][0])
    heard = [next(moment.seconds for moment in record.transcript if moment.what == "heard") for record in (slow, quick)]
    assert heard == [0.0, 0.0]


def test_an_hour_in_the_queue_takes_no_time(house: House) -> None:
    never = (OperatorSettings("op1", ("lavoro",), answers_after_s=None),)
    began = time.monotonic()
    exchange = house.raw("EXEC Queue lavoro,c,,,3600", "SET VARIABLE IVR_DONE C1", operators=never)
    record = dial(house, exchange, ScriptedCaller())
    assert record.transcript[-1].seconds == 3600
    assert time.monotonic() - began < 5


def test_real_time_works_too(house: House) -> None:
    clock = RealClock(house.reactor)
    exchange = house.raw("STREAM FILE short 1", "SET VARIABLE IVR_DONE C1", clock=clock)
    began = time.monotonic()
    record = dial(house, exchange, ScriptedCaller())
    assert 0.5 <= time.monotonic() - began < 5
    assert 0.5 <= record.transcript[-1].seconds < 5


# Many


def test_two_hundred_calls_at_once(house: House) -> None:
    """Half to an answer, half to two dozen operators: every outcome right, nothing left behind."""
    results: Counter[str] = Counter()

    async def handle(agi: Agi) -> None:
        answered = AgiCall(agi)
        await agi.answer()
        heard = await answered.play("menu", "")
        assert (heard.ms, heard.found) == (4000, True)
        if await answered.key(5) == "1":
            heard = await answered.play("answer", "0")
            results[f"heard {heard.ms}"] += 1
        else:
            result = await answered.queue("lavoro", 600, 0)
            results[f"{result.status} {result.talk_s}"] += 1
        await answered.finish(agi_name(agi))

    operators = tuple(OperatorSettings(f"op{number}", ("lavoro",)) for number in range(24))
    exchange = house.serve(handle, operators=operators)

    async def scenario() -> list[CallRecord]:
        calls = [exchange.dial("800196001", ScriptedCaller(str(1 + number % 2))) for number in range(200)]
        assert len(await exchange.live_channels()) == 200
        return [await call for call in calls]

    records = house.run(scenario())
    assert results == {"heard 10000": 100, "answered 20": 100}
    assert {record.way for record in records} == {"done"}
    assert len({record.contact for record in records}) == 200
    assert sum(isinstance(sign, ChannelGone) for sign in house.signs) == 200
    assert QueueStatus.ANSWERED == "answered"


def agi_name(agi: Any) -> str:
    return str(agi.environment.uniqueid)


# Starting, stopping, asking


def test_start_tells_that_the_link_is_up(house: House) -> None:
    exchange = house.build(1)

    async def scenario() -> frozenset[str]:
        await house.sleep(0)
        return await exchange.live_channels()

    assert house.run(scenario()) == frozenset()
    assert house.signs == [LinkUp()]


def test_stop_hangs_up_and_delivers_nothing_more(house: House) -> None:
    exchange = house.raw("EXEC Queue lavoro,c,,,600", "SET VARIABLE IVR_DONE C1")
    hold = house.clock.hold()

    async def scenario() -> CallRecord:
        over = exchange.dial("800196001", ScriptedCaller())
        while "CallerJoined" not in house.told():
            await house.sleep(0.005)
        await exchange.stop()
        return await over

    record = house.run(scenario())
    hold.release()
    assert (record.ended_by, record.contact) == ("exchange", "C1")
    assert house.told()[-1] == "ChannelGone"
    exchange.set_available("op1", False)
    assert house.told()[-1] == "ChannelGone"


def test_an_unknown_number_or_operator_is_one_sentence(house: House) -> None:
    exchange = house.build(1)
    with pytest.raises(Unavailable, match=r"^no line has the number 123 \(numbers: 800196001, 800196002\)$"):
        exchange.dial("123", Caller())
    with pytest.raises(Unavailable, match=r"^no operator is called op9 \(operators: op1, op2\)$"):
        exchange.answer("op9")
    house.run(house_sleep(house))


def test_a_queue_log_that_cannot_be_written_is_one_sentence(house: House, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"the built-in exchange cannot write .*queue_log: No such file or directory"):
        house.build(1, log_folder=tmp_path / "nowhere")
    house.run(house_sleep(house))


async def house_sleep(house: House) -> None:
    await house.sleep(0)
