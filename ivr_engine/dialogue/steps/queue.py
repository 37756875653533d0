"""`queue`: hands the caller to the operators, and says what comes after."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ivr_engine.dialogue.model import End, LineName, Name, Next, Step, Target
from ivr_engine.errors import CallerHungUp
from ivr_engine.events import FoundClosed, QueueEntered, QueueLeft, QueueStatus

if TYPE_CHECKING:
    from ivr_engine.dialogue.call import QueueResult
    from ivr_engine.dialogue.turn import Turn


class Queue(Step):
    """Outside the line's hours nobody is queued. Where a way is not written the engine takes leave of the caller."""

    kind = "queue"
    in_self_service: ClassVar[bool] = False

    name: LineName | None = None
    timeout: Annotated[int, Field(ge=1, le=7200)] = 300
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    prompt: Name = "operator"
    then: Target | None = None
    timed_out: Target | None = None
    unavailable: Target | None = None
    closed: Target | None = None

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        if not turn.house.hours.is_open(turn.line.name, turn.now()):
            turn.record(FoundClosed(turn.contact, turn.now(), turn.line.name))
            return await self._onward(turn, self.closed, "closed")
        await turn.say(self.prompt)
        result = await self._stay(turn)
        match result.status:
            case QueueStatus.ABANDONED:
                raise CallerHungUp
            case QueueStatus.ANSWERED:
                return await self._onward(turn, self.then, "goodbye")
            case QueueStatus.TIMEOUT:
                return await self._onward(turn, self.timed_out, "busy")
        return await self._onward(turn, self.unavailable, "no_operators")

    async def _stay(self, turn: "Turn") -> "QueueResult":
        name, started = self.name or turn.line.queue, turn.now()
        turn.record(QueueEntered(turn.contact, started, name, self.priority, self.timeout))
        result = await turn.call.queue(name, self.timeout, self.priority)
        now = turn.now()
        turn.budget.leave_out(now - started)
        turn.talked = result.status is QueueStatus.ANSWERED
        left = QueueLeft(turn.contact, now, name, result.status, result.wait_s, result.talk_s, operator=result.operator)
        turn.record(left)
        return result

    async def _onward(self, turn: "Turn", target: Target | None, prompt: str) -> Next:
        if target is not None:
            return target
        await turn.say(prompt)
        return End()

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield "prompt", self.prompt
        ways = {"then": "goodbye", "timed_out": "busy", "unavailable": "no_operators", "closed": "closed"}
        yield from (("", prompt) for field, prompt in ways.items() if getattr(self, field) is None)
