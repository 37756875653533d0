"""The dialogue's verbs over FastAGI: what is sent, and what Asterisk's answers mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.agi.commands import WAITING, Agi
from ivr_engine.agi.wire import HANGUP, Environment, Limits, Parser, Reply
from ivr_engine.calls import Heard, QueueResult
from ivr_engine.errors import CallerHungUp, CallLost
from ivr_engine.events import QueueStatus
from ivr_engine.exchange.agi_call import AgiCall

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

DEAD = "511 Command Not Permitted on a dead channel or intercept routine"


class Session:
    """Asterisk's answers, given one by one; None is the connection lost."""

    lasting = False

    def __init__(self, *answers: str | None, hung_up: bool = False) -> None:
        self.environment = Environment(b"agi_uniqueid: 1.2")
        self.hung_up = hung_up
        self.answers = list(answers)
        self.sent: list[str] = []
        self.without_deadline: list[str] = []
        self._parser = Parser(Limits())
        self._parser.feed(b"\n")

    def send(self, line: bytes, extra: float | None) -> None:
        self.sent.append(line.decode().rstrip("\n"))
        if extra is None:
            self.without_deadline.append(self.sent[-1])
        answer = self.answers.pop(0)
        if answer is None:
            raise CallLost
        replies: list[Reply] = []
        for fact in self._parser.feed(answer.encode() + b"\n"):
            self.hung_up = self.hung_up or fact is HANGUP
            replies += [fact] if isinstance(fact, Reply) else []
        (self.reply,) = replies

    def fail(self, reason: str) -> None:
        raise AssertionError(reason)


def drive(session: Session, running: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, with the session's replies."""
    reply: Any = None
    try:
        while running.send(reply) is WAITING:
            reply = session.reply
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waits for something else than a reply")


def play(session: Session, verb: Callable[[AgiCall], Coroutine[Any, Any, Any]]) -> Any:
    """Run one verb to its end; every answer must have been asked for."""
    result = drive(session, verb(AgiCall(Agi(session))))
    assert session.answers == []
    return result


@pytest.mark.parametrize(
    ("answers", "heard"),
    [
        (["200 result=0 endpos=24000"], Heard("", 3000)),
        (["200 result=49 endpos=8004"], Heard("1", 1000)),
        (["200 result=42 endpos=0"], Heard("*", 0)),
        (["200 result=-1 endpos=0", "200 result=6"], Heard("", 0, found=False)),
    ],
)
def test_play(answers: list[str], heard: Heard) -> None:
    session = Session(*answers)
    assert play(session, lambda call: call.play("ivr/lavoro/hello", "0123456789*#")) == heard
    assert session.sent[0] == "STREAM FILE ivr/lavoro/hello 0123456789*#"


@pytest.mark.parametrize(
    "answers",
    [["200 result=-1 endpos=12000\nHANGUP"], ["HANGUP\n200 result=-1 endpos=12000"], ["200 result=-1 endpos=12000", DEAD]],
)
def test_play_until_the_caller_hangs_up(answers: list[str]) -> None:
    with pytest.raises(CallerHungUp) as gone:
        play(Session(*answers), lambda call: call.play("hello", ""))
    assert gone.value.heard_ms == 1500


def test_key() -> None:
    session = Session("200 result=35")
    assert play(session, lambda call: call.key(2.5)) == "#"
    assert session.sent == ["WAIT FOR DIGIT 2500"]
    session = Session("200 result=0")
    assert play(session, lambda call: call.key(0.0)) == ""
    assert session.sent == ["WAIT FOR DIGIT 1"]  # never 0, never "for ever"
    with pytest.raises(CallerHungUp):
        play(Session("200 result=-1", f"HANGUP\n{DEAD}"), lambda call: call.key(1))


def test_set_language() -> None:
    session = Session("200 result=1")
    play(session, lambda call: call.set_language("en"))
    assert session.sent == ["SET VARIABLE CHANNEL(language) en"]
    session = Session(hung_up=True)
    with pytest.raises(CallerHungUp):
        play(session, lambda call: call.set_language("en"))
    assert session.sent == []


NOT_SET = "200 result=0"
READ = ["GET VARIABLE QUEUESTATUS", "GET VARIABLE ABANDONED", "GET VARIABLE QUEUEWAIT", "GET VARIABLE ANSWEREDTIME"]


def said(value: str | None) -> str:
    return NOT_SET if value is None else f"200 result=1 ({value})"


# As seen on Asterisk 22: EXEC's answer; QUEUESTATUS, ABANDONED, QUEUEWAIT, ANSWEREDTIME; the result.
QUEUES = [
    ("200 result=0", ("CONTINUE", None, "1", "3"), (QueueStatus.ANSWERED, 1, 3)),
    ("200 result=0\nHANGUP", ("CONTINUE", None, "1", "3"), (QueueStatus.ANSWERED, 1, 3)),
    ("200 result=0", ("CONTINUE", None, "1", "0"), (QueueStatus.ANSWERED, 1, 0)),
    ("200 result=-1\nHANGUP", (None, None, "1", "2"), (QueueStatus.ANSWERED, 1, 2)),
    ("200 result=0\nHANGUP", (None, None, "1", "0"), (QueueStatus.ANSWERED, 1, 0)),  # transferred by the operator
    ("200 result=-1\nHANGUP", (None, "TRUE", "3", "0"), (QueueStatus.ABANDONED, 3, 0)),
    ("200 result=0", ("TIMEOUT", "TRUE", "3", "0"), (QueueStatus.TIMEOUT, 3, 0)),
    ("200 result=0", ("LEAVEEMPTY", "TRUE", "16", "0"), (QueueStatus.LEAVEEMPTY, 16, 0)),
    ("200 result=0", ("LEAVEUNAVAIL", "TRUE", "16", "0"), (QueueStatus.LEAVEUNAVAIL, 16, 0)),
    ("200 result=0", ("JOINEMPTY", None, "", ""), (QueueStatus.JOINEMPTY, 0, 0)),
    ("200 result=0", ("JOINUNAVAIL", None, "", ""), (QueueStatus.JOINUNAVAIL, 0, 0)),
    ("200 result=0", ("FULL", None, "", ""), (QueueStatus.FULL, 0, 0)),
    ("200 result=0", ("WITHDRAW", "TRUE", "5", "0"), (QueueStatus.WITHDRAW, 5, 0)),
    ("200 result=0", ("UNKNOWN", None, "", ""), (QueueStatus.FAILED, 0, 0)),
    ("200 result=-1\nHANGUP", (None, None, None, None), (QueueStatus.ABANDONED, 0, 0)),
    ("200 result=0", (None, None, None, None), (QueueStatus.FAILED, 0, 0)),
]


@pytest.mark.parametrize(("ended", "variables", "result"), QUEUES)
def test_queue(ended: str, variables: tuple[str | None, ...], result: tuple[QueueStatus, int, int]) -> None:
    answered = result[0] is QueueStatus.ANSWERED
    session = Session("200 result=1", ended, *map(said, variables), *(["200 result=1 (op1)"] if answered else []))
    found = play(session, lambda call: call.queue("lavoro", 300, 5))
    assert found == QueueResult(*result, operator="op1" if answered else "")
    queue = "EXEC Queue lavoro,c,,,300"
    assert session.sent == ["SET VARIABLE QUEUE_PRIO 5", queue, *READ, *(["GET VARIABLE MEMBERNAME"] if answered else [])]
    assert session.without_deadline == [queue]


def test_an_exchange_without_queues() -> None:
    session = Session("200 result=1", "200 result=-2")
    assert play(session, lambda call: call.queue("lavoro", 300, 0)) == QueueResult(QueueStatus.FAILED, 0, 0)


def test_a_caller_who_is_gone_does_not_enter() -> None:
    session = Session(hung_up=True)
    assert play(session, lambda call: call.queue("lavoro", 300, 0)) == QueueResult(QueueStatus.ABANDONED, 0, 0)
    assert session.sent == []


def test_the_second_queue_inherits_nothing() -> None:
    async def twice(call: AgiCall) -> list[QueueStatus]:
        return [(await call.queue(name, 9, 0)).status for name in ("lavoro", "sociale")]

    first = ["200 result=1", "200 result=0", *map(said, ("TIMEOUT", "TRUE", "9", "0"))]
    second = ["200 result=1"] * 6 + ["200 result=0", *map(said, ("", "", "", ""))]
    session = Session(*first, *second)
    assert play(session, twice) == [QueueStatus.TIMEOUT, QueueStatus.FAILED]
    cleared = [line.split()[2] for line in session.sent if line.endswith('""')]
    assert cleared == ["QUEUESTATUS", "ABANDONED", "QUEUEWAIT", "ANSWEREDTIME", "MEMBERNAME"]


def test_a_lost_call_is_said_by_every_verb_but_the_last() -> None:
    for verb in (
        lambda call: call.play("a", ""),
        lambda call: call.key(1),
        lambda call: call.set_language("it"),
        lambda call: call.queue("lavoro", 9, 0),
    ):
        with pytest.raises(CallLost):
            play(Session(None), verb)
    with pytest.raises(CallLost):
        play(Session("200 result=1", None), lambda call: call.queue("lavoro", 9, 0))
    play(Session(None), lambda call: call.finish("C1"))


def test_finish_works_on_a_dead_channel() -> None:
    session = Session("200 result=1", hung_up=True)
    play(session, lambda call: call.finish("C1"))
    assert session.sent == ["SET VARIABLE IVR_DONE C1"]
