"""How an answer is read aloud: the operator, once more, back, or on, at the caller's wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.dialogue.diversion import Diversion, Reason
from ivr_engine.dialogue.model import Action
from ivr_engine.dialogue.turn import REPEATS

if TYPE_CHECKING:
    from ivr_engine.dialogue.model import Next
    from ivr_engine.dialogue.turn import Turn

SKIP = "#"


async def read_aloud(turn: Turn, prompt: str, *, bargein: bool, times: int = 1) -> Next | None:
    """Say an answer so many `times`, or on the caller's wish again. Where the caller chose to go; None when they heard it.

    `#` goes on at once, the line's global keys do what they do. Raises Diversion when it cannot be heard whole.
    """
    keys = "".join({SKIP, *turn.line.keys}) if bargein else ""
    left = times
    for _ in range(times + REPEATS):
        spoken = await turn.say(prompt, keys, counts=True)
        action = turn.line.keys.get(spoken.key)
        if action is Action.OPERATOR:
            turn.took(action, spoken.key)
            turn.progress.choose(spoken.key)
            return turn.operator
        if action is Action.BACK and (way := turn.back()) is not None:
            turn.took(action, spoken.key)
            turn.progress.choose(spoken.key)
            return way
        if not spoken.complete:
            raise Diversion(Reason.PROMPT_MISSING)
        if action is not None:
            turn.took(Action.REPEAT, spoken.key)
            continue
        left -= 1
        if spoken.key or not left:
            break
    return None
