"""An operator's place in the queues, as actions of Asterisk's manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ivr_engine.exchange.interface import Member

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
