"""`converse` over FastAGI: what EXEC AudioSocket's answers mean, and what is left of the call after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.agi.commands import Agi
from ivr_engine.audiosocket.conversation import Conversation
from ivr_engine.audiosocket.recordings import Recorded
from ivr_engine.audiosocket.wire import frames
from ivr_engine.calls import Heard, Listening, Reply
from ivr_engine.errors import CallerHungUp
from ivr_engine.exchange.agi_call import AgiCall
from ivr_engine.hearing import Expectation

from .test_agi_call import DEAD, Session, drive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LISTENING = Listening(Expectation("it", "open"), 5.0)
PROMPT = Recorded(tuple(frames(bytes(3200))), 200)


class Wire:
    def send(self, data: bytes) -> None:
        """To nobody."""

    def end(self) -> None:
        """Nothing to end."""


class Media:
    """Stands for the media server: `course` is what happens while EXEC runs."""

    address = "192.0.2.1:9092"

    def __init__(self, course: Callable[[Conversation], object] | None, *, busy: bool = False) -> None:
        self.server = self
        self.course, self.busy = course, busy
        self.rested: list[str] = []
        self.language = ""
        self.reachable = True

    async def begin(self, language: str, files: Sequence[str], keys: str, listening: Listening) -> Conversation | None:
        self.language = language
        return None if self.busy else Conversation([PROMPT for _ in files], keys, listening)

    def expect(self, conversation: Conversation) -> str:
        self.conversation = conversation
        if self.course is not None:
            conversation.connect(Wire())
            self.course(conversation)
        return "name"

    def forget(self, name: str) -> None:
        assert name == "name"
        self.conversation.fail("unreachable")

    def rest(self, why: str) -> None:
        self.rested.append(why)


def heard(conversation: Conversation) -> None:
    conversation.tick(5, 5)


def pressed(conversation: Conversation) -> None:
    heard(conversation)
    for key in "12#":
        conversation.press(key)


def test_keys_pressed_after_the_answer_are_the_next_steps() -> None:
    session = Session("200 result=0", "200 result=0 endpos=800")
    call = AgiCall(Agi(session), Media(pressed))  # type: ignore[arg-type]
    reply = drive(session, call.converse(["a"], "123", LISTENING))
    assert reply == Reply("key", (Heard("", 100),), "1")
    assert session.sent == ["EXEC AudioSocket name,192.0.2.1:9092"]
    assert session.without_deadline == []  # a wait with an end: calls are drained, and lost when Asterisk is
    assert drive(session, call.key(5)) == "2"
    assert drive(session, call.play("b", "12")) == Heard("", 100)  # the # would not have cut in there


def test_keys_pressed_early_cut_into_the_next_question() -> None:
    session = Session("200 result=0")
    call = AgiCall(Agi(session), Media(pressed))  # type: ignore[arg-type]
    drive(session, call.converse(["a"], "123", LISTENING))
    assert drive(session, call.converse(["b"], "#", LISTENING)) == Reply("key", key="#")


@pytest.mark.parametrize(
    ("answers", "course", "why"),
    [
        (["200 result=-2", "200 result=6"], None, "missing"),
        (["200 result=-1", "200 result=6"], None, "unreachable"),
        (["200 result=-1", "200 result=6"], lambda it: it.fail("format"), "format"),
    ],
)
def test_what_will_not_pass_within_the_call_is_not_tried_again(answers: list[str], course: Any, why: str) -> None:
    session, media = Session(*answers), Media(course)
    call = AgiCall(Agi(session), media)  # type: ignore[arg-type]
    assert call.listens
    assert drive(session, call.converse(["a"], "1", LISTENING)).why == why
    assert not call.listens
    assert media.rested == (["unreachable"] if why == "unreachable" else [])


def test_asterisk_that_breaks_off_leaves_a_living_caller() -> None:
    session = Session("200 result=-1", "200 result=6")
    call = AgiCall(Agi(session), Media(heard))  # type: ignore[arg-type]
    reply = drive(session, call.converse(["a"], "1", LISTENING))
    assert (reply.how, reply.why, reply.heard) == ("failed", "broken", (Heard("", 100),))
    assert call.listens


@pytest.mark.parametrize("answers", [["200 result=-1", DEAD], ["HANGUP\n200 result=-1"]])
def test_a_caller_who_hangs_up_has_heard_so_much(answers: list[str]) -> None:
    session = Session(*answers)
    call = AgiCall(Agi(session), Media(heard))  # type: ignore[arg-type]
    with pytest.raises(CallerHungUp) as gone:
        drive(session, call.converse(["a"], "1", LISTENING))
    assert gone.value.heard_ms == 100


def test_where_nobody_can_listen_asterisk_is_not_asked() -> None:
    session = Session()
    assert drive(session, AgiCall(Agi(session), Media(None, busy=True)).converse(["a"], "1", LISTENING)).why == "busy"  # type: ignore[arg-type]
    assert not AgiCall(Agi(session)).listens
    assert session.sent == []
