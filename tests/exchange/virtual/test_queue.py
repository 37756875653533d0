"""Queues: who is rung, in which order signs and ledger come, what is left in the channel's variables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from ivr_engine.events import QueueStatus
from ivr_engine.exchange.interface import CallerJoined, Member, OperatorConnected, OperatorRinging, TalkEnded
from ivr_engine.exchange.ledger import closing
from ivr_engine.exchange.virtual.caller import InteractiveCaller, ScriptedCaller
from ivr_engine.exchange.virtual.clock import FastClock
from ivr_engine.exchange.virtual.queue_log import QueueLog
from ivr_engine.exchange.virtual.settings import OperatorSettings, QueueSettings

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import House

    from ivr_engine.exchange.interface import Sign

VARIABLES = ("QUEUESTATUS", "ABANDONED", "QUEUEWAIT", "ANSWEREDTIME")
ASK = [f"GET VARIABLE {name}" for name in VARIABLES]
UNSET, TRUE, EMPTY = "200 result=0", "200 result=1 (TRUE)", "200 result=1 ()"
LAVORO = QueueSettings("lavoro")
NEVER = (OperatorSettings("op1", ("lavoro",), answers_after_s=None),)
OPERATOR = (OperatorSettings("op1", ("lavoro",), answers_after_s=0.5, talks_s=30),)
BY_HAND = (OperatorSettings("op1", ("lavoro",), answers_after_s=None, talks_s=None),)


def has(value: object) -> str:
    return f"200 result=1 ({value})"


def queue(house: House, caller: Any, timeout: str = "60", options: str = "c", **changes: Any) -> list[str]:
    exchange = house.raw(f"EXEC Queue lavoro,{options},,,{timeout}", *ASK, "SET VARIABLE IVR_DONE C1", **changes)

    async def scenario() -> None:
        await exchange.dial("800196001", caller)

    house.run(scenario())
    return house.engines[0].lines[:-1]


def test_an_operator_answers_and_hangs_up(house: House) -> None:
    assert queue(house, ScriptedCaller(number="0612345678")) == ["200 result=0", has("CONTINUE"), UNSET, has(3), has(20)]
    assert house.told() == [
        "LinkUp", "CallerJoined", "OperatorRinging op1", "CallerLeft", "OperatorConnected op1", "TalkEnded op1", "ChannelGone",
    ]  # fmt: skip
    assert house.verbs() == [
        ("ENTERQUEUE", "NONE", "", "0612345678", "1"),
        ("CONNECT", "op1", "3", "1700000003.2", "3"),
        ("COMPLETEAGENT", "op1", "3", "20", "1"),
    ]
    ended = next(sign for sign in house.signs if isinstance(sign, TalkEnded))
    assert (ended.hold_s, ended.talk_s, ended.reason) == (3, 20, "agent")


def test_without_option_c_the_caller_is_hung_up_after_the_talk(house: House) -> None:
    assert queue(house, ScriptedCaller(), options="") == ["200 result=-1", "HANGUP", UNSET, UNSET, has(3), has(20)]


def test_the_caller_ends_the_talk(house: House) -> None:
    assert queue(house, ScriptedCaller(talk_s=6.5)) == ["200 result=0", "HANGUP", has("CONTINUE"), UNSET, has(3), has(6)]
    assert house.verbs()[-1] == ("COMPLETECALLER", "op1", "3", "6", "1")
    assert next(sign for sign in house.signs if isinstance(sign, TalkEnded)).reason == "caller"


def test_the_caller_gives_up_while_an_operator_rings(house: House) -> None:
    assert queue(house, ScriptedCaller(patience_s=2)) == ["200 result=-1", "HANGUP", UNSET, TRUE, has(2), has(0)]
    assert house.told() == ["LinkUp", "CallerJoined", "OperatorRinging op1", "CallerLeft", "ChannelGone"]
    assert house.verbs()[1:] == [("RINGCANCELED", "op1", "2000"), ("ABANDON", "NONE", "1", "1", "2")]


def test_nobody_answers_until_the_time_is_over(house: House) -> None:
    assert queue(house, ScriptedCaller(), timeout="20", operators=NEVER) == [
        "200 result=0", has("TIMEOUT"), TRUE, has(20), has(0),
    ]  # fmt: skip
    assert house.told()[1:] == [
        "CallerJoined", "OperatorRinging op1", "OperatorSilent op1", "OperatorRinging op1", "OperatorSilent op1",
        "CallerLeft", "ChannelGone",
    ]  # fmt: skip
    assert house.verbs()[1:] == [
        ("RINGNOANSWER", "op1", "15000"),
        ("RINGNOANSWER", "op1", "4000"),
        ("EXITWITHTIMEOUT", "NONE", "1", "1", "20"),
    ]


def test_no_operator_is_there(house: House) -> None:
    away = (replace(NEVER[0], available=False),)
    assert queue(house, ScriptedCaller(), operators=away) == ["200 result=0", has("JOINEMPTY"), UNSET, EMPTY, EMPTY]
    assert house.verbs() == []
    assert house.told() == ["LinkUp", "ChannelGone"]


def test_callers_may_join_an_empty_queue_that_allows_it(house: House) -> None:
    away = (replace(NEVER[0], available=False),)
    open_queue = replace(LAVORO, join_empty=True, stay_empty=True)
    lines = queue(house, ScriptedCaller(), timeout="9", operators=away, queues=(open_queue,))
    assert lines[:2] == ["200 result=0", has("TIMEOUT")]


def test_the_last_operator_goes_away(house: House) -> None:
    person = InteractiveCaller(on_queue=lambda _queue: house.clock.callLater(4, house.exchange.set_available, "op1", False))
    assert queue(house, person, operators=NEVER) == ["200 result=0", has("LEAVEEMPTY"), TRUE, has(16), has(0)]
    assert house.verbs()[-1] == ("EXITEMPTY", "NONE", "1", "1", "16")


def test_a_queue_that_does_not_exist(house: House) -> None:
    assert queue(house, ScriptedCaller(), queues=()) == ["200 result=0", has("UNKNOWN"), UNSET, EMPTY, EMPTY]


def test_a_full_queue_turns_callers_away(house: House) -> None:
    exchange = house.raw("EXEC Queue lavoro,c,,,30", *ASK, operators=NEVER, queues=(replace(LAVORO, most_callers=1),))

    async def scenario() -> None:
        first = exchange.dial("800196001", ScriptedCaller())
        house.clock.callLater(1, exchange.dial, "800196001", ScriptedCaller(patience_s=99))
        await first

    house.run(scenario())
    assert house.engines[1].lines[:2] == ["200 result=0", has("FULL")]


def test_the_operator_is_named_to_the_channel(house: House) -> None:
    exchange = house.raw("EXEC Queue lavoro,c,,,30", "GET VARIABLE MEMBERNAME")

    async def scenario() -> None:
        await exchange.dial("800196001", ScriptedCaller())

    house.run(scenario())
    assert house.engines[0].lines[-1] == has("op1")


def test_operators_take_turns_and_the_longest_waiting_caller_comes_first(house: House) -> None:
    exchange = house.raw("EXEC Queue lavoro,c,,,300")

    async def scenario() -> None:
        calls = [exchange.dial("800196001", ScriptedCaller()) for _ in range(5)]
        for call in calls:
            await call

    house.run(scenario())
    connected = [(sign.channel, sign.operator, sign.hold_s) for sign in house.signs if isinstance(sign, OperatorConnected)]
    first = [channel for channel, _, _ in connected]
    joined = [sign.channel for sign in house.signs if isinstance(sign, CallerJoined)]
    assert first == joined
    # 3 s ringing, 20 s talk, 10 s writing up: a new pair every 33 s.
    assert [(operator, hold) for _, operator, hold in connected] == [
        ("op1", 3), ("op2", 3), ("op1", 36), ("op2", 36), ("op1", 69),
    ]  # fmt: skip


def test_the_ring_of_operators_goes_on_where_it_stopped(house: House) -> None:
    operators = tuple(OperatorSettings(f"op{number}", ("lavoro",), talks_s=1) for number in range(3))
    exchange = house.raw("EXEC Queue lavoro,c,,,300", operators=operators, queues=(replace(LAVORO, wrap_up_s=0),))

    async def scenario() -> None:
        for _ in range(5):  # one after the other: whoever is first in the list is always free
            await exchange.dial("800196001", ScriptedCaller())

    house.run(scenario())
    served = [sign.operator for sign in house.signs if isinstance(sign, OperatorConnected)]
    assert served == ["op0", "op1", "op2", "op0", "op1"]


def test_a_higher_priority_comes_first(house: House) -> None:
    exchange = house.raw(
        "EXEC Set QUEUE_PRIO=${CALLERID(name)}", "EXEC Queue lavoro,c,,,300", operators=OPERATOR, variables={"AGIEXECFULL": "yes"}
    )

    async def scenario() -> None:
        calls = []
        for number, priority in enumerate(("0", "0", "5", "1", "5")):
            house.clock.callLater(
                number, lambda name: calls.append(exchange.dial("800196001", ScriptedCaller(name=name))), priority
            )
        house.clock.callLater(5, lambda: joined.callback(None))
        joined: Deferred[None] = Deferred()
        await joined
        for call in calls:
            await call

    house.run(scenario())
    joined = [sign.channel for sign in house.signs if isinstance(sign, CallerJoined)]
    served = [sign.channel for sign in house.signs if isinstance(sign, OperatorConnected)]
    assert [joined.index(channel) for channel in served] == [0, 2, 4, 3, 1]
    assert [sign.position for sign in house.signs if isinstance(sign, CallerJoined)] == [1, 1, 1, 2, 2]


def test_an_operator_of_two_queues_is_in_one_talk_at_a_time(house: House) -> None:
    exchange = house.raw("EXEC Queue ${IVR_QUEUE},c,,,300", variables={"AGIEXECFULL": "yes", "IVR_QUEUE": "sociale"})

    async def scenario() -> None:
        calls = [exchange.dial("800196002", ScriptedCaller()) for _ in range(2)]
        for call in calls:
            await call

    house.run(scenario())
    assert [sign.hold_s for sign in house.signs if isinstance(sign, OperatorConnected)] == [3, 36]


def test_operators_by_hand(house: House) -> None:
    acts = ["hang_up", "answer"]  # turns the first offer away, takes the second
    done: list[bool] = []

    def react(sign: Sign) -> None:
        if isinstance(sign, OperatorRinging):
            house.clock.callLater(1, lambda: done.append(getattr(house.exchange, acts.pop(0))("op1")))
        if isinstance(sign, OperatorConnected):
            house.clock.callLater(9, lambda: done.append(house.exchange.hang_up("op1")))

    house.react = react
    assert queue(house, ScriptedCaller(), operators=BY_HAND)[3:] == [has(3), has(9)]
    assert done == [True, True, True]
    assert (house.exchange.answer("op1"), house.exchange.hang_up("op1")) == (False, False)
    assert house.told()[1:] == [
        "CallerJoined", "OperatorRinging op1", "OperatorSilent op1", "OperatorRinging op1", "CallerLeft",
        "OperatorConnected op1", "TalkEnded op1", "ChannelGone",
    ]  # fmt: skip


def test_a_call_that_rings_when_somebody_sits_down_comes_again_for_them(house: House) -> None:
    rings: list[float] = []

    def react(sign: Sign) -> None:
        if isinstance(sign, OperatorRinging):
            rings.append(house.clock.now())
            seat = Member("op1", "op1", ("lavoro",), ready=True)
            if len(rings) == 1:
                house.clock.callLater(1, lambda: Deferred.fromCoroutine(house.exchange.staff(seat)))
            else:
                house.clock.callLater(1, lambda: house.exchange.answer("op1"))
        if isinstance(sign, OperatorConnected):
            house.clock.callLater(9, lambda: house.exchange.hang_up("op1"))

    house.react = react
    alone = (OperatorSettings("op1", ("lavoro",), answers_after_s=3, talks_s=20),)
    assert queue(house, ScriptedCaller(), operators=alone)[4:] == [has(9)]
    assert house.told()[2:6] == ["OperatorRinging op1", "OperatorSilent op1", "OperatorRinging op1", "CallerLeft"]


def test_the_ledger_is_a_queue_log_file(house: House, tmp_path: Path) -> None:
    queue(house, ScriptedCaller(number="0612345678"), log_folder=tmp_path)
    assert (tmp_path / "queue_log").read_text(encoding="utf-8").splitlines() == [
        "1700000000|NONE|NONE|NONE|QUEUESTART|",
        "1700000000|1700000000.1|lavoro|NONE|ENTERQUEUE||0612345678|1",
        "1700000003|1700000000.1|lavoro|op1|CONNECT|3|1700000003.2|3",
        "1700000023|1700000000.1|lavoro|op1|COMPLETEAGENT|3|20|1",
    ]
    entries, position = house.exchange.ledger("")
    assert house.exchange.ledger(position) == ([], position)
    assert house.exchange.ledger_end() == position
    assert (entries[-1].operator, closing(entries[-1])) == ("op1", (QueueStatus.ANSWERED, 3, 20, True))
    assert (tmp_path / "queue_log").stat().st_mode & 0o777 == 0o600, "callers' numbers are in it"


def test_a_ledger_that_is_rotated_away_goes_on_in_a_new_file(tmp_path: Path) -> None:
    ledger = QueueLog(tmp_path, FastClock(MemoryReactorClock(), 1_700_000_000))
    ledger.begin()
    (tmp_path / "queue_log").rename(tmp_path / "queue_log.1")
    for verb in ("ENTERQUEUE", "ABANDON"):
        ledger.write("1.1", "lavoro", "NONE", verb, 1)
    ledger.close()
    ledger.close()
    verbs = {file.name: [line.split("|")[4] for line in file.read_text().splitlines()] for file in tmp_path.iterdir()}
    assert verbs == {"queue_log.1": ["QUEUESTART"], "queue_log": ["ENTERQUEUE", "ABANDON"]}


def test_the_ledger_in_memory_reads_on_from_a_position(house: House) -> None:
    queue(house, ScriptedCaller())
    entries, position = house.exchange.ledger("")
    assert [entry.verb for entry in entries] == ["QUEUESTART", "ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
    assert house.exchange.ledger(position) == ([], position)
    assert house.exchange.ledger_end() == position
    assert [entry.verb for entry in house.exchange.ledger("3")[0]] == ["COMPLETEAGENT"]


@pytest.mark.parametrize("timeout", ["", "0"])
def test_without_a_time_out_the_caller_waits_for_ever(house: House, timeout: str) -> None:
    lines = queue(house, ScriptedCaller(patience_s=86_400), timeout=timeout, operators=NEVER)
    assert lines[0] == "200 result=-1"
    assert lines[4] == has(86_400)
