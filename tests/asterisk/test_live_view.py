"""The engine's live view and ledger on a real Asterisk, with the account and the queues that are shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from ivr_engine.clock import SystemClock
from ivr_engine.events import QueueStatus
from ivr_engine.exchange.asterisk.exchange import AsteriskExchange, AsteriskSettings
from ivr_engine.exchange.interface import (
    CallerJoined,
    CallerLeft,
    ChannelGone,
    LinkDown,
    LinkUp,
    Member,
    OperatorConnected,
    OperatorRinging,
    OperatorSilent,
    Sign,
    TalkEnded,
)
from ivr_engine.exchange.ledger import closing
from ivr_engine.routing.operators import NO_ANSWER, Operators, State

from ..exchange.asterisk.fake_manager import Turns

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from ivr_engine.exchange.interface import LedgerEntry
    from ivr_engine.exchange.ledger import Closing

    from .server import Citizen, RealAsterisk

pytestmark = pytest.mark.asterisk


class View:
    """An exchange connected to the real Asterisk, and the signs it gave. Calls meet no engine: the dialplan queues them."""

    def __init__(self, asterisk: RealAsterisk) -> None:
        settings = AsteriskSettings(
            port=asterisk.ami_port,
            user=asterisk.ami_user,
            secret=asterisk.ami_secret,
            queue_log=asterisk.queue_log_file,
            ping_every=0.5,
            timeout=2.0,
            retry_first=0.2,
        )
        self.asterisk, self.turns, self.signs = asterisk, Turns(), list[Sign]()
        self.exchange = AsteriskExchange(self.turns, settings, chance=lambda: 0.0)
        self.operators = Operators(SystemClock(), lambda member: None, lambda seat: None)
        self._position = self.exchange.ledger_end()

    def start(self) -> None:
        self.exchange.start(self._take)
        self.until(lambda: LinkUp() in self.signs)

    def _take(self, sign: Sign) -> None:
        self.signs.append(sign)
        self.operators.take(sign)

    def until(self, true: Any) -> None:
        """Let time and signs pass until it is true."""
        try:
            self.turns.until(true, 20)
        except AssertionError:
            raise AssertionError(f"signs so far: {self.signs}") from None

    def of(self, citizen: Citizen) -> list[Sign]:
        """The signs of that caller's channel."""
        return [sign for sign in self.signs if getattr(sign, "channel", None) == citizen.channel]

    def see(self, citizen: Citizen, kind: type[Sign]) -> Sign:
        """Wait for a sign of that kind."""
        self.until(lambda: any(isinstance(sign, kind) for sign in self.of(citizen)))
        return next(sign for sign in self.of(citizen) if isinstance(sign, kind))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        results: list[Any] = []
        Deferred.fromCoroutine(coroutine).addBoth(results.append)
        self.until(lambda: results)
        return results[0]

    def entries(self, citizen: Citizen) -> list[LedgerEntry]:
        """The caller's entries in the ledger since this view began."""
        return [entry for entry in self.exchange.ledger(self._position)[0] if entry.channel == citizen.channel]

    def closing(self, citizen: Citizen) -> Closing:
        """How the caller's stay ended, as the ledger tells it."""
        (found,) = filter(None, map(closing, self.entries(citizen)))
        return found


@pytest.fixture
def view(asterisk: RealAsterisk) -> Iterator[View]:
    view = View(asterisk)
    view.start()
    yield view
    view.run(view.exchange.stop())


def test_an_answered_call_in_asterisks_order(view: View) -> None:
    citizen = view.asterisk.call("800196001")
    view.see(citizen, ChannelGone)
    *signs, ended, gone = view.of(citizen)
    operator = next(sign.operator for sign in signs if isinstance(sign, OperatorRinging))
    stay = view.closing(citizen)
    assert signs == [
        CallerJoined(citizen.channel, "lavoro", 1),
        OperatorRinging(citizen.channel, "lavoro", operator),
        CallerLeft(citizen.channel, "lavoro"),
        OperatorConnected(citizen.channel, "lavoro", operator, stay.wait_s),
    ]
    assert ended == TalkEnded(citizen.channel, "lavoro", operator, stay.wait_s, stay.talk_s, "agent")
    assert gone == ChannelGone(citizen.channel)
    assert operator in view.asterisk.operators
    assert (stay.status, stay.by_operator) == (QueueStatus.ANSWERED, True)
    entry, *_, last = view.entries(citizen)
    assert (entry.verb, entry.data[1], last.operator) == ("ENTERQUEUE", citizen.number, operator)


def test_the_caller_ends_the_talk(view: View) -> None:
    view.asterisk.set_global(OPERATOR_TALK=30)
    citizen = view.asterisk.call("800196001")
    view.see(citizen, OperatorConnected)
    view.asterisk.hang_up(citizen)
    ended = view.see(citizen, TalkEnded)
    stay = view.closing(citizen)
    assert isinstance(ended, TalkEnded)
    assert (ended.reason, ended.hold_s, ended.talk_s, stay.by_operator) == ("caller", stay.wait_s, stay.talk_s, False)


def test_an_operator_who_does_not_answer(view: View) -> None:
    view.asterisk.set_global(OPERATOR_ANSWERS="no", IVR_QUEUE_TIMEOUT=4)
    citizen = view.asterisk.call("800196004")
    view.see(citizen, CallerLeft)
    first, second, third, fourth, *_ = view.of(citizen)
    assert (type(first), type(second), type(third), type(fourth)) == (
        CallerJoined,
        OperatorRinging,
        OperatorSilent,
        OperatorRinging,
    )
    assert third == OperatorSilent(citizen.channel, "tfr", second.operator)  # type: ignore[union-attr]
    assert fourth.operator != second.operator  # type: ignore[union-attr]
    assert view.closing(citizen).status is QueueStatus.TIMEOUT


@pytest.mark.parametrize(("number", "timeout", "missed"), [("800196001", 2, False), ("800196004", 4, True)])
def test_the_callers_time_that_is_up_is_told_from_an_operator_who_does_not_answer(
    view: View, number: str, timeout: int, missed: bool
) -> None:
    """The queue of the first number rings an operator for 15 seconds, that of the second for 2."""
    view.asterisk.set_global(OPERATOR_ANSWERS="no", IVR_QUEUE_TIMEOUT=timeout)
    for operator in view.asterisk.operators:
        view.operators.sit_down(operator, f"Local/{operator}@operators", ())
        view.operators.ready(operator)
    citizen = view.asterisk.call(number)
    view.see(citizen, CallerLeft)
    silent = [sign.operator for sign in view.of(citizen) if isinstance(sign, OperatorSilent)]
    paused = {seat.name for seat in view.operators.everybody() if seat.reason == NO_ANSWER}
    assert silent
    assert paused == ({silent[0]} if missed else set())
    assert {seat.state for seat in view.operators.everybody() if seat.name not in paused} == {State.READY}
    assert view.closing(citizen).status is QueueStatus.TIMEOUT


def test_a_caller_who_abandons(view: View) -> None:
    view.asterisk.set_global(OPERATOR_ANSWERS="no")
    citizen = view.asterisk.call("800196001")
    view.see(citizen, OperatorRinging)
    view.asterisk.hang_up(citizen)
    view.see(citizen, ChannelGone)
    assert [type(sign) for sign in view.of(citizen)] == [CallerJoined, OperatorRinging, CallerLeft, ChannelGone]
    assert view.closing(citizen).status is QueueStatus.ABANDONED


def test_live_channels_with_the_rights_of_the_shipped_account(view: View) -> None:
    view.asterisk.set_global(OPERATOR_TALK=30)
    citizen = view.asterisk.call("800196001")
    view.see(citizen, OperatorConnected)
    live = view.run(view.exchange.live_channels())
    assert citizen.channel in live
    view.asterisk.hang_up(citizen)
    view.see(citizen, ChannelGone)
    assert citizen.channel not in view.run(view.exchange.live_channels())


def test_who_waited_already_is_seen_when_the_link_comes_up(asterisk: RealAsterisk) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no")
    early = View(asterisk)
    early.start()
    citizen = asterisk.call("800196001")
    early.see(citizen, OperatorRinging)
    late = View(asterisk)
    late.start()
    assert late.see(citizen, CallerJoined) == CallerJoined(citizen.channel, "lavoro", 1)
    assert late.signs[0] == LinkUp()
    for view in (early, late):
        view.run(view.exchange.stop())


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_asterisk_restarted_under_the_view(view: View, end: str) -> None:
    view.asterisk.set_global(OPERATOR_TALK=60)
    citizen = view.asterisk.call("800196001")
    view.see(citizen, OperatorConnected)
    getattr(view.asterisk, end)()
    view.until(lambda: any(isinstance(sign, LinkDown) for sign in view.signs))
    view.asterisk.start()
    while view.signs.count(LinkUp()) < 2:
        view.turns.until(lambda: view.turns.clock.getDelayedCalls() or view.signs.count(LinkUp()) == 2)
        view.turns.clock.advance(1)
    assert view.run(view.exchange.live_channels()) == frozenset()
    again = view.asterisk.call("800196001")
    view.see(again, CallerJoined)
    assert [entry.verb for entry in view.entries(citizen)][:2] == ["ENTERQUEUE", "CONNECT"]


def test_a_rotated_ledger_is_read_to_its_end(view: View) -> None:
    first = view.asterisk.call("800196001")
    view.see(first, ChannelGone)
    view.asterisk.cli("logger rotate")
    second = view.asterisk.call("800196001")
    view.see(second, ChannelGone)
    assert [view.closing(citizen).status for citizen in (first, second)] == [QueueStatus.ANSWERED] * 2


def test_how_a_queue_stands(view: View) -> None:
    """Who serves it, who is free, who waits: what the wait that callers are told is worked out from."""
    idle = view.run(view.exchange.queue_state("lavoro"))
    assert (idle.waiting, idle.free) == (0, idle.serving)
    assert idle.serving > 1
    citizen = view.asterisk.call("800196001")
    view.see(citizen, OperatorConnected)
    talking = view.run(view.exchange.queue_state("lavoro"))
    assert (talking.waiting, talking.serving, talking.free) == (0, idle.serving, idle.serving - 1)
    view.see(citizen, TalkEnded)
    assert view.run(view.exchange.queue_state("nessuna")) is None


def test_operators_on_a_break_serve_nobody(view: View) -> None:
    before = view.run(view.exchange.queue_state("lavoro")).serving
    view.asterisk.pause("op1")
    assert view.run(view.exchange.queue_state("lavoro")).serving == before - 1


def test_whom_an_engine_brought_into_the_queues_is_told_from_those_of_the_site(view: View) -> None:
    anna = Member("anna", "Local/opanna@operators", ("lavoro", "tfr"), ready=True)
    own = replace(anna, operator="op1", phone="Local/op1@operators")  # he stands in queues.conf already
    for member in (anna, own):
        view.run(view.exchange.staff(member))
    assert [(m.operator, m.phone, set(m.queues), m.ready) for m in view.run(view.exchange.staffed())] == [
        ("anna", anna.phone, set(anna.queues), True)
    ]
    view.run(view.exchange.staff(replace(anna, ready=False, there=False)))
    assert view.run(view.exchange.staffed()) == []


def test_an_unknown_queue_keeps_nobody_out_of_the_others(view: View) -> None:
    anna = Member("anna", "Local/opanna@operators", ("lavorro", "tfr"), ready=True)
    view.run(view.exchange.staff(replace(anna, ready=False)))
    failure = view.run(view.exchange.staff(anna))
    (there,) = view.run(view.exchange.staffed())
    view.run(view.exchange.staff(replace(anna, queues=("tfr",), there=False)))
    assert "QueueAdd lavorro: Unable to add interface to queue: No such queue" in str(failure.value)
    assert (there.queues, there.ready) == (("tfr",), True)
