"""An operator's place in the queues, as actions of Asterisk's manager, and as it lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.exchange.interface import Member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALREADY_SO = (
    "Unable to add interface: Already there",
    "Unable to remove interface: Not there",
    "Unable to remove interface from queue: No such queue",
    "Member not dynamic",
    "Interface not found",
)
"""How app_queue refuses what needs no doing."""


def staff_actions(member: Member) -> list[Mapping[str, str]]:
    """Into each queue (or out of it), then ready or paused in all of them at once."""
    pause = {"Action": "QueuePause", "Interface": member.phone, "Paused": "false" if member.ready else "true"}
    if member.reason:
        pause["Reason"] = member.reason
    if not member.there:
        return [pause, *({"Action": "QueueRemove", "Queue": queue, "Interface": member.phone} for queue in member.queues)]
    added = {
        "Action": "QueueAdd",
        "Interface": member.phone,
        "MemberName": member.operator,
        "Paused": "false" if member.ready else "true",
    }
    return [*({**added, "Queue": queue} for queue in member.queues), pause]


def staffed(rows: Sequence[Mapping[str, str]]) -> list[Member]:
    """Whoever was brought into queues by such actions, from the rows of QueueStatus: members of queues.conf are static."""
    brought: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in rows:
        if row["Event"] == "QueueMember" and row["Membership"] == "dynamic":
            brought.setdefault((row["Name"], row["Location"]), []).append(row)
    return [
        Member(name, phone, tuple(row["Queue"] for row in own), ready=any(row["Paused"] == "0" for row in own))
        for (name, phone), own in brought.items()
    ]
