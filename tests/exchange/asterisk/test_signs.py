"""Manager events as Asterisk 22 sends them, read as signs."""

from __future__ import annotations

import pytest

from ivr_engine.exchange.asterisk.signs import Signs, sign_of
from ivr_engine.exchange.interface import (
    CallerJoined,
    CallerLeft,
    ChannelGone,
    OperatorConnected,
    OperatorRinging,
    OperatorSilent,
    Sign,
    TalkEnded,
)

BLOCKS = {"Uniqueid": "17.2", "Linkedid": "17.1", "DestUniqueid": "17.5", "Queue": "lavoro"}
AGENT = BLOCKS | {"Interface": "PJSIP/op1", "MemberName": "op1"}


@pytest.mark.parametrize(
    ("event", "sign"),
    [
        (BLOCKS | {"Event": "QueueCallerJoin", "Position": "3", "Count": "3"}, CallerJoined("17.2", "lavoro", 3)),
        (BLOCKS | {"Event": "QueueEntry", "Position": "1", "Wait": "20"}, CallerJoined("17.2", "lavoro", 1)),
        (AGENT | {"Event": "AgentCalled"}, OperatorRinging("17.2", "lavoro", "op1")),
        (AGENT | {"Event": "AgentConnect", "HoldTime": "4", "RingTime": "2"}, OperatorConnected("17.2", "lavoro", "op1", 4)),
        (AGENT | {"Event": "AgentRingNoAnswer", "RingTime": "15000"}, OperatorSilent("17.2", "lavoro", "op1")),
        (
            AGENT | {"Event": "AgentComplete", "HoldTime": "4", "TalkTime": "60", "Reason": "caller"},
            TalkEnded("17.2", "lavoro", "op1", 4, 60, "caller"),
        ),
        (BLOCKS | {"Event": "QueueCallerLeave", "Position": "1", "Count": "0"}, CallerLeft("17.2", "lavoro")),
        ({"Event": "Hangup", "Uniqueid": "17.2", "Cause": "16"}, ChannelGone("17.2")),
        (BLOCKS | {"Event": "QueueCallerAbandon"}, None),
        ({"Event": "Newchannel", "Uniqueid": "17.2"}, None),
    ],
)
def test_what_an_event_means(event: dict[str, str], sign: Sign | None) -> None:
    assert sign_of(event) == sign


@pytest.mark.parametrize("event", [{"Event": "Hangup"}, AGENT | {"Event": "AgentConnect", "HoldTime": "soon"}])
def test_an_event_not_as_documented(event: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError)):
        sign_of(event)


def test_the_end_of_a_talk_without_its_callers_block() -> None:
    signs = Signs()
    complete = {
        "Event": "AgentComplete",
        "Queue": "lavoro",
        "MemberName": "op1",
        "HoldTime": "4",
        "TalkTime": "60",
        "Reason": "caller",
    }
    with pytest.raises(KeyError):
        signs.read(complete)
    for channel in ("17.1", "17.2"):
        signs.read(AGENT | {"Event": "AgentConnect", "HoldTime": "4", "Uniqueid": channel})
    signs.read(AGENT | {"Event": "AgentConnect", "HoldTime": "4", "Uniqueid": "17.3", "MemberName": "op2"})
    assert signs.read(complete) == TalkEnded("17.2", "lavoro", "op1", 4, 60, "caller")
