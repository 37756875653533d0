"""Proves that Asterisk finds the engine's sounds: one is played on a channel of its own."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.asterisk.ami import Ami

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT = "ivr-doctor"  # in dialplans/extensions_ivr.conf
_TIMEOUT_S = 5.0
_PLAYED_S = 30.0


def play_one(host: str, port: int, user: str, secret: str, prompt: str) -> str:
    """Play a prompt through the shipped dialplan; says that it was heard. Blocks. Raises Unavailable with what is missing."""
    over = threading.Event()

    def on_event(event: Mapping[str, str]) -> None:
        if event.get("Event") == "Hangup" and event.get("Context") == CONTEXT:
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
    if result != "SUCCESS":
        hint = "run `ivr prompts install --to` Asterisk's sounds folder, and include extensions_ivr.conf"
        raise Unavailable(f"Asterisk did not play {prompt}" + (f" ({result})" if result else ""), hint)
    return f"logged in as {user}; Asterisk played {prompt}"
