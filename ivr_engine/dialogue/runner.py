"""Runs a line's tree for one call, from its first step to its end.

When the engine itself sends the caller to an operator the journal has `Diverted`; its reasons are `diversion.Reason`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ivr_engine.dialogue.diversion import Diversion, Exhausted, Limits, Reason
from ivr_engine.dialogue.model import End, Next, ToLine, ToStep
from ivr_engine.dialogue.progress import Progress
from ivr_engine.dialogue.turn import House, Turn
from ivr_engine.errors import CallerHungUp
from ivr_engine.events import Cause, LineChosen, StepEntered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ivr_engine.dialogue.call import Call
    from ivr_engine.dialogue.model import Line
    from ivr_engine.dialogue.services import Journal

__all__ = ["House", "Limits", "Progress", "Runner"]

log = structlog.get_logger()


class Runner:
    """One call's dialogue. `lines` are all lines a tree may lead to, as they are when the call begins."""

    def __init__(
        self, *, call: Call, contact: str, journal: Journal, line: Line, lines: Mapping[str, Line], house: House
    ) -> None:
        self.progress = Progress(line.name)
        """How far the caller has come, live."""
        self._lines = lines
        self._failed = False
        self._turn = Turn(call, contact, journal, house, line, self.progress)

    async def run(self) -> Cause:
        """Serve the caller to the end of the dialogue; what ended it, if not the caller.

        Raises CallerHungUp and CallLost as they come, what was heard journaled; and whatever makes an operator step fail.
        """
        turn = self._turn
        await turn.call.set_language(turn.language)
        target: Next = self._begin(turn.line)
        while not isinstance(target, End):
            target = await self._go(target)
        return Cause.OPERATOR if turn.talked else Cause.GOODBYE

    async def _go(self, target: ToStep | ToLine) -> Next:
        turn = self._turn
        try:
            if isinstance(target, ToLine):
                target = await self._change_line(self._lines[target.line])
            return await self._take(target)
        except CallerHungUp:
            raise
        except Diversion as diversion:
            return turn.divert(diversion.reason)
        except Exhausted:
            await turn.say("sorry")
            await turn.say("goodbye")
            return End()
        except Exception:
            if self._failed or turn.step == turn.line.tree.operator:
                raise  # the dialplan's own queue is safer now than another try
            self._failed = True
            log.exception("step failed", contact=turn.contact, line=turn.line.name, step=turn.step)
            return turn.divert(Reason.STEP_FAILED)

    async def _take(self, target: ToStep) -> Next:
        turn = self._turn
        step = turn.line.tree.steps[target.step]
        turn.record(StepEntered(turn.contact, turn.now(), turn.line.name, target.step, step.kind))
        turn.enter(target.step, in_self_service=step.in_self_service)
        following = await step.run(turn)
        if not step.hands_keys_on:
            turn.typed_ahead = ""
        return following

    def _begin(self, line: Line) -> ToStep:
        turn = self._turn
        turn.line = line
        turn.record(LineChosen(turn.contact, turn.now(), line.name, line.tree.version))
        return ToStep(line.tree.start)

    async def _change_line(self, line: Line) -> ToStep:
        turn = self._turn
        if turn.language not in line.languages:
            turn.language = line.languages[0]
            await turn.call.set_language(turn.language)
        return self._begin(line)
