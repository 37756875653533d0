"""The live view: up, lost, up again, and stopped in every state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twisted.internet.defer import Deferred

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.asterisk.exchange import AsteriskExchange, AsteriskSettings
from ivr_engine.exchange.interface import CallerJoined, ChannelGone, LinkDown, LinkUp, Member, Sign

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path
    from typing import Any

    from .fake_manager import FakeManager, Turns


class Watched:
    """An exchange, and all it delivered."""

    def __init__(self, turns: Turns, port: int, **settings: Any) -> None:
        self.turns = turns
        self.told: list[Sign] = []
        wanted = {"secret": "right", "timeout": 0.5, "ping_every": 0.1, "retry_first": 1.0, "retry_most": 4.0} | settings
        self.exchange = AsteriskExchange(turns, AsteriskSettings(port=port, **wanted), chance=lambda: 1.0)

    def start(self) -> None:
        self.exchange.start(self.told.append)

    def up(self, times: int = 1) -> None:
        self.turns.until(lambda: self.told.count(LinkUp()) >= times)

    def downs(self) -> list[LinkDown]:
        return [sign for sign in self.told if isinstance(sign, LinkDown)]

    def down(self, times: int = 1) -> str:
        self.turns.until(lambda: len(self.downs()) >= times)
        return self.downs()[-1].why

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        results: list[Any] = []
        done: Deferred[Any] = Deferred.fromCoroutine(coroutine)
        done.addBoth(results.append)
        self.turns.until(lambda: results)
        return results[0]

    def next_attempt(self) -> float:
        """How long it waits until it tries again."""
        (call,) = self.turns.clock.getDelayedCalls()
        return float(call.getTime() - self.turns.clock.seconds())


@pytest.fixture
def watch(manager: FakeManager, turns: Turns) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def watched(**settings: Any) -> Watched:
        made.append(Watched(turns, manager.port, **settings))
        return made[-1]

    yield watched
    for one in made:
        one.run(one.exchange.stop())


@pytest.fixture
def watched(watch: Callable[..., Watched]) -> Watched:
    return watch()


def test_link_up_comes_first_then_who_waits_then_what_happens(watched: Watched, manager: FakeManager) -> None:
    manager.rows["QueueStatus"] = [
        {"Event": "QueueParams", "Queue": "lavoro"},
        {"Event": "QueueEntry", "Queue": "lavoro", "Uniqueid": "9.1", "Position": "1"},
    ]
    watched.start()
    watched.turns.until(lambda: len(watched.told) >= 2)
    manager.event("Hangup", Uniqueid="9.1")
    watched.turns.until(lambda: len(watched.told) >= 3)
    assert watched.told == [LinkUp(), CallerJoined("9.1", "lavoro", 1), ChannelGone("9.1")]
    assert manager.names()[:3] == ["Login", "Events", "QueueStatus"]


def test_how_a_queue_stands_is_asked_of_that_queue_and_brings_no_caller_twice(watched: Watched, manager: FakeManager) -> None:
    manager.rows["QueueStatus"] = [
        {"Event": "QueueParams", "Queue": "lavoro"},
        {"Event": "QueueEntry", "Queue": "lavoro", "Uniqueid": "9.1", "Position": "1"},
    ]
    watched.start()
    watched.turns.until(lambda: len(watched.told) >= 2)
    assert watched.run(watched.exchange.queue_state("lavoro")).waiting == 1
    manager.event("Hangup", Uniqueid="9.1")
    watched.turns.until(lambda: ChannelGone("9.1") in watched.told)
    assert watched.told.count(CallerJoined("9.1", "lavoro", 1)) == 1
    assert [action.get("Queue") for action in manager.heard if action["Action"] == "QueueStatus"] == [None, "lavoro"]


def test_an_event_that_cannot_be_read_costs_only_itself(watched: Watched, manager: FakeManager) -> None:
    watched.start()
    watched.up()
    manager.event("QueueCallerJoin", Uniqueid="1", Queue="lavoro", Position="first")
    manager.event("Hangup", Uniqueid="2")
    watched.turns.until(lambda: ChannelGone("2") in watched.told)
    assert watched.told == [LinkUp(), ChannelGone("2")]


def test_live_channels(watched: Watched, manager: FakeManager) -> None:
    manager.rows["CoreShowChannels"] = [{"Event": "CoreShowChannel", "Uniqueid": n} for n in ("1.1", "1.2")]
    watched.start()
    watched.up()
    assert watched.run(watched.exchange.live_channels()) == {"1.1", "1.2"}


def test_live_channels_when_nobody_can_be_asked(watched: Watched, manager: FakeManager) -> None:
    with pytest.raises(Unavailable, match="not connected"):
        watched.run(watched.exchange.live_channels()).raiseException()
    manager.mute.add("CoreShowChannels")
    watched.start()
    watched.up()
    failure = watched.run(watched.exchange.live_channels())
    with pytest.raises(Unavailable, match="did not answer within"):
        failure.raiseException()


def test_an_unknown_queue_keeps_nobody_out_of_the_others(watched: Watched, manager: FakeManager) -> None:
    manager.no_queues = {"lavorro", "soziale"}
    watched.start()
    watched.up()
    member = Member("anna", "PJSIP/anna", ("lavorro", "tfr", "soziale", "co"), ready=True)
    failure = watched.run(watched.exchange.staff(member))
    with pytest.raises(Unavailable, match=r"QueueAdd lavorro: .*No such queue; .*QueueAdd soziale: .*No such queue"):
        failure.raiseException()
    *added, paused = [action for action in manager.heard if action["Action"] in {"QueueAdd", "QueuePause"}]
    assert [action["Queue"] for action in added] == list(member.queues)
    assert (paused["Action"], paused["Paused"]) == ("QueuePause", "false")


def test_whom_an_engine_brought_into_the_queues(watched: Watched, manager: FakeManager) -> None:
    member = {"Event": "QueueMember", "Queue": "lavoro", "Membership": "dynamic", "Paused": "0"}
    anna, bruno = {"Name": "anna", "Location": "PJSIP/anna"}, {"Name": "bruno", "Location": "PJSIP/bruno"}
    manager.rows["QueueStatus"] = [
        {"Event": "QueueParams", "Queue": "lavoro"},
        member | anna,
        member | bruno | {"Paused": "1"},
        member | {"Name": "op1", "Location": "PJSIP/op1", "Membership": "static"},
        {"Event": "QueueParams", "Queue": "tfr"},
        member | anna | {"Queue": "tfr", "Paused": "1"},
    ]
    watched.start()
    watched.up()
    assert watched.run(watched.exchange.staffed()) == [
        Member("anna", "PJSIP/anna", ("lavoro", "tfr"), ready=True),
        Member("bruno", "PJSIP/bruno", ("lavoro",), ready=False),
    ]


def test_a_cut_link_comes_up_again(watched: Watched, manager: FakeManager) -> None:
    watched.start()
    watched.up()
    manager.cut()
    assert "closed" in watched.down()
    assert watched.next_attempt() == 1.0
    watched.turns.clock.advance(1.0)
    watched.up(2)
    manager.event("Hangup", Uniqueid="2")
    watched.turns.until(lambda: ChannelGone("2") in watched.told)
    assert [type(sign) for sign in watched.told] == [LinkUp, LinkDown, LinkUp, ChannelGone]


def test_a_manager_that_no_longer_answers_is_lost(watched: Watched, manager: FakeManager) -> None:
    watched.start()
    watched.up()
    manager.mute.add("Ping")
    assert "did not answer" in watched.down()


def test_attempts_come_ever_later_and_the_loss_is_told_once(watched: Watched, manager: FakeManager) -> None:
    manager.secret = "changed"
    watched.start()
    assert "refused" in watched.down()
    waits = []
    for _ in range(4):
        waits.append(watched.next_attempt())
        watched.turns.clock.advance(waits[-1])
        watched.turns.until(lambda: watched.turns.clock.getDelayedCalls())
    assert waits == [1.0, 2.0, 4.0, 4.0]
    assert len(watched.told) == 1
    manager.secret = "right"
    watched.turns.clock.advance(4.0)
    watched.up()
    manager.cut()
    watched.down(2)
    assert watched.next_attempt() == 1.0


def test_chance_spreads_the_attempts_over_half_the_wait(turns: Turns, manager: FakeManager) -> None:
    manager.secret = "changed"
    waits = []
    for chance in (0.0, 0.5):
        watched = Watched(turns, manager.port)
        watched.exchange = AsteriskExchange(
            turns, AsteriskSettings(port=manager.port, retry_first=1.0), chance=lambda at=chance: at
        )
        watched.start()
        watched.down()
        waits.append(watched.next_attempt())
        watched.run(watched.exchange.stop())
    assert waits == [0.5, 0.75]


def test_stopped_it_delivers_no_more(watched: Watched, manager: FakeManager) -> None:
    watched.start()
    watched.up()
    watched.run(watched.exchange.stop())
    assert watched.told == [LinkUp()]
    assert not watched.turns.clock.getDelayedCalls()


def test_stopped_between_two_attempts(watched: Watched, manager: FakeManager) -> None:
    manager.secret = "changed"
    watched.start()
    watched.down()
    watched.run(watched.exchange.stop())
    assert not watched.turns.clock.getDelayedCalls()


def test_stopped_while_it_connects(watch: Callable[..., Watched], manager: FakeManager) -> None:
    manager.greeting = ""
    watched = watch(timeout=30.0)
    watched.start()
    watched.run(watched.exchange.stop())
    assert watched.told == []


def test_started_again_after_a_stop(watched: Watched) -> None:
    watched.start()
    watched.up()
    watched.run(watched.exchange.stop())
    watched.start()
    watched.up(2)


def test_the_ledger_is_queue_log(turns: Turns, tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text("1700000000|17.2|lavoro|NONE|ENTERQUEUE||+39061|1\n")
    exchange = AsteriskExchange(turns, AsteriskSettings(queue_log=log), chance=lambda: 0.0)
    entries, position = exchange.ledger("")
    assert [entry.channel for entry in entries] == ["17.2"]
    assert exchange.ledger(position) == ([], position)
    assert exchange.ledger_end() == position


def test_the_secret_is_not_shown(turns: Turns) -> None:
    assert "hunter2" not in repr(AsteriskSettings(secret="hunter2"))
