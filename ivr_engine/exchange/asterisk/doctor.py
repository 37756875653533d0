"""Proves that Asterisk serves the engine: its user may do what is needed, the queues are there, and a sound is found."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.asterisk.ami import Ami

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

CONTEXT = "ivr-doctor"  # in dialplans/extensions_ivr.conf
_TIMEOUT_S = 5.0
_PLAYED_S = 30.0
_NEEDED = ("CoreShowChannels", "QueueStatus", "QueueAdd", "QueueRemove", "QueuePause", "Redirect")


def rights_and_queues(host: str, port: int, user: str, secret: str, queues: Mapping[str, str], users: Collection[str]) -> str:
    """See that the user may do all that the engine asks for, and that Asterisk has the queues (`queues`: of which line each is).
    Members of queues.conf who are none of `users` are named, where there are users at all. Blocks. Raises Unavailable."""
    ami = Ami(lambda _event: None, lambda: None, _TIMEOUT_S)
    try:
        ami.connect(host, port)
        ami.login(user, secret)
        allowed = ami.send_action({"Action": "ListCommands"}).headers  # those of this user alone
        if lacking := [action for action in _NEEDED if action not in allowed]:
            hint = "give it the rights of dialplans/manager_ivr.conf, load app_queue, then `manager reload`"
            raise Unavailable(f"Asterisk's manager does not let the user {user!r} do {', '.join(lacking)}", hint)
        rows = ami.rows("QueueStatus")
    finally:
        ami.close()
    there = {row["Queue"] for row in rows if row["Event"] == "QueueParams"}
    if absent := [f"{queue} (line {line})" for queue, line in queues.items() if queue not in there]:
        hint = "include queues_ivr.conf in queues.conf, then `queue reload all`; or set lines.NAME.queue"
        raise Unavailable(f"Asterisk has no queue {', '.join(absent)}", hint)
    return f"{user} may do what is needed; {len(queues)} queues" + _strangers(rows, queues, users)


def _strangers(rows: Collection[Mapping[str, str]], queues: Collection[str], users: Collection[str]) -> str:
    members = [row for row in rows if row["Event"] == "QueueMember" and row["Membership"] != "dynamic" and row["Queue"] in queues]
    names = sorted({row["Name"] for row in members} - set(users))
    if not users or not names:
        return ""
    return f", whose members {', '.join(names)} are no users of the console: their calls come to no desk"


def play_one(host: str, port: int, user: str, secret: str, prompt: str) -> str:
    """Play a prompt through the shipped dialplan; says that it was heard. Blocks. Raises Unavailable with what is missing."""
    over, seen = threading.Event(), threading.Event()

    def on_event(event: Mapping[str, str]) -> None:
        if event.get("Event") == "Hangup" and event.get("Context") == CONTEXT:
            seen.set()
            over.set()

    ami = Ami(on_event, over.set, _TIMEOUT_S)
    try:
        ami.connect(host, port)
        ami.login(user, secret)
        ami.listen()
        token = secrets.token_hex(4)
        placed = ami.send_action(
            {
                "Action": "Originate",
                "Channel": f"Local/play@{CONTEXT}/n",
                "Application": "Wait",
                "Data": str(int(_PLAYED_S)),
                "Variable": f"__IVR_DOCTOR={token},__IVR_PROMPT={prompt}",
                "Timeout": str(int(_TIMEOUT_S * 1000)),
                "Async": "true",
            }
        )
        if placed["Response"] != "Success":
            hint = "give the manager user write = originate, and include extensions_ivr.conf"
            raise Unavailable(f"Asterisk plays nothing for the manager user: {placed.get_header('Message', '')}", hint)
        over.wait(_PLAYED_S)
        result = ami.send_action({"Action": "Getvar", "Variable": f"GLOBAL(IVR_DOCTOR_{token})"}).get_header("Value", "")
    finally:
        ami.close()
    if not result:
        hint = "include extensions_ivr.conf in extensions.conf, load app_playback, then `dialplan reload`"
        raise Unavailable(f"Asterisk has not tried to play {prompt}: its dialplan lacks the context {CONTEXT}", hint)
    if result != "SUCCESS":
        hint = "run `ivr prompts install --to` Asterisk's sounds folder"
        raise Unavailable(f"Asterisk did not play {prompt} ({result})", hint)
    if not seen.is_set():
        hint = "give it read = agent,call, as in dialplans/manager_ivr.conf, then `manager reload`"
        raise Unavailable(f"Asterisk's manager tells the user {user!r} nothing of calls", hint)
    return f"logged in as {user}; Asterisk played {prompt}"
