"""Runs a line's tree for one call, from its first step to its end.

When the engine itself sends the caller to an operator the journal has `Diverted`; its reasons are `diversion.Reason`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.diversion import Diversion, Exhausted, Limits, Reason
from ivr_engine.dialogue.model import End, Next, Return, ToLine, ToStep, Way
from ivr_engine.dialogue.progress import Progress
from ivr_engine.dialogue.steps.transfer import put_through
from ivr_engine.dialogue.turn import NOBODY_KNOWN, Caller, House, Turn
from ivr_engine.errors import CallerHungUp
from ivr_engine.events import Cause, LineChosen, StepEntered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ivr_engine.dialogue.call import Call
    from ivr_engine.dialogue.model import Line
    from ivr_engine.dialogue.services import Journal

__all__ = ["Caller", "House", "Limits", "Progress", "Runner"]

log = structlog.get_logger()


class Runner:
    """One call's dialogue. `lines` are all lines a tree may lead to, as they are when the call begins."""

    def __init__(
        self,
        *,
        call: Call,
        contact: str,
        journal: Journal,
        line: Line,
        lines: Mapping[str, Line],
        house: House,
        caller: Caller = NOBODY_KNOWN,
    ) -> None:
        self.progress = Progress(line.name)
        """How far the caller has come, live."""
        self._lines = {**lines, line.name: line}
        self._failed = False
        self._told: set[str] = set()
        self._turn = Turn(call, contact, caller, journal, house, line, self.progress)

    async def run(self) -> Cause:
        """Serve the caller to the end of the dialogue; what ended it, if not the caller.

        Raises CallerHungUp and CallLost as they come, what was heard journaled; and whatever makes an operator step fail.
        """
        return await self._run(ToLine(self._turn.line.name))

    async def run_transferred(self, body: str = "") -> Cause:
        """Serve a caller whom an operator sent to this line's operators, or from here to a body of the settings."""
        turn = self._turn
        operator = ToLine(turn.line.name, turn.line.tree.operator)
        number = turn.house.transfers.get(body)
        if not number:
            return await self._run(operator)
        await turn.call.set_language(turn.language)
        if await put_through(turn, body, number):
            return Cause.OPERATOR
        return await self._run(operator)

    async def _run(self, target: Next) -> Cause:
        turn = self._turn
        await turn.call.set_language(turn.language)
        while not isinstance(target, End):
            target = await self._go(target)
        return Cause.OPERATOR if turn.talked else Cause.GOODBYE

    async def _go(self, target: Way) -> Next:
        turn = self._turn
        try:
            match target:
                case ToLine():
                    return await self._come_to_line(self._lines[target.line], target.step)
                case Return():
                    return turn.come_back()
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

    async def _come_to_line(self, line: Line, step: str) -> Next:
        turn = self._turn
        turn.line, turn.step = line, ""
        turn.record(LineChosen(turn.contact, turn.now(), line.name, line.tree.version))
        if turn.language not in line.languages:
            await turn.speak(line.languages[0])
        if step:
            return ToStep(step)
        turn.returns = ()
        await self._tell(line.name)
        if turn.house.notices.is_off(line.name):
            await turn.say("line_off")
            return turn.divert(Reason.LINE_OFF)
        return ToStep(line.tree.start)

    async def _tell(self, line: str) -> None:
        """What the administrators want callers of the line to know first; nobody hears it twice."""
        turn = self._turn
        for message in turn.house.notices.messages(line, turn.now()):
            if message not in self._told and not turn.typed_ahead:
                self._told.add(message)
                spoken = await turn.say(message, ALL_KEYS)
                turn.typed_ahead = spoken.key if spoken.key.isdigit() else ""
