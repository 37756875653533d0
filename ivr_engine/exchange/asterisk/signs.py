"""Asterisk's manager events, read as the engine's signs.

The channel is always that of the caller's block (`Uniqueid`): EXEC Queue runs on it, so it is the session's agi_uniqueid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.exchange.interface import (
    WRAP_UP,
    CallerJoined,
    CallerLeft,
    ChannelGone,
    OperatorConnected,
    OperatorRinging,
    OperatorSilent,
    QueueState,
    TalkEnded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ivr_engine.exchange.interface import Sign

    Headers = Mapping[str, str]


def _joined(event: Headers) -> Sign:
    return CallerJoined(event["Uniqueid"], event["Queue"], int(event["Position"]))


def _connected(event: Headers) -> Sign:
    return OperatorConnected(event["Uniqueid"], event["Queue"], event["MemberName"], int(event["HoldTime"]))


def _complete(event: Headers) -> Sign:
    hold, talk = int(event["HoldTime"]), int(event["TalkTime"])
    return TalkEnded(event["Uniqueid"], event["Queue"], event["MemberName"], hold, talk, event["Reason"])


_SIGNS: dict[str, Callable[[Headers], Sign]] = {
    "QueueCallerJoin": _joined,
    "QueueEntry": _joined,  # a row of QueueStatus: who was waiting already when the link came up
    "AgentCalled": lambda event: OperatorRinging(event["Uniqueid"], event["Queue"], event["MemberName"]),
    "AgentConnect": _connected,
    "AgentRingNoAnswer": lambda event: OperatorSilent(event["Uniqueid"], event["Queue"], event["MemberName"]),
    "AgentComplete": _complete,
    "QueueCallerLeave": lambda event: CallerLeft(event["Uniqueid"], event["Queue"]),
    "Hangup": lambda event: ChannelGone(event["Uniqueid"]),
}


def sign_of(event: Headers) -> Sign | None:
    """The sign an event means to the engine, or None. Raises KeyError or ValueError when it is not as documented."""
    read = _SIGNS.get(event["Event"])
    return read(event) if read else None


class Signs:
    """Reads one connection's events. Where a caller hung up, Asterisk now and then tells of the talk's end without the caller's
    block, as if there had been none: whose talk it was is known from its beginning."""

    def __init__(self) -> None:
        self._callers: dict[tuple[str, str], str] = {}  # channel by queue and operator

    def read(self, event: Headers) -> Sign | None:
        """See sign_of."""
        if event["Event"] == "AgentComplete" and "Uniqueid" not in event:
            event = {**event, "Uniqueid": self._callers[event["Queue"], event["MemberName"]]}
        sign = sign_of(event)
        if isinstance(sign, OperatorConnected):
            self._callers[sign.queue, sign.operator] = sign.channel
        return sign


# Device states in which nobody can be rung: invalid and unavailable; and the one in which they can at once.
_AWAY, _IDLE = frozenset({"4", "5"}), "1"


def queue_state(rows: Sequence[Headers], queue: str) -> QueueState | None:
    """How a queue stands, from the rows of QueueStatus; None when it is not among them."""
    own = [row for row in rows if row.get("Queue") == queue]
    if not own:
        return None
    members = [row for row in own if row["Event"] == "QueueMember" and _serves(row)]
    free = sum(row["Status"] == _IDLE and row.get("InCall", "0") == "0" and row["Paused"] == "0" for row in members)
    return QueueState(sum(row["Event"] == "QueueEntry" for row in own), len(members), free)


def _serves(row: Headers) -> bool:
    return (row["Paused"] == "0" or row.get("PausedReason") == WRAP_UP) and row["Status"] not in _AWAY
