"""`queue`: hands the caller to the operators, says how long it may take, and what comes after."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ivr_engine.dialogue.model import End, LineName, Model, Name, Next, Step, Target, Way
from ivr_engine.errors import CallerHungUp
from ivr_engine.events import FoundClosed, QueueAnnounced, QueueEntered, QueueLeft, QueueOverflowed, QueueStatus

if TYPE_CHECKING:
    from ivr_engine.dialogue.call import QueueResult
    from ivr_engine.dialogue.services import Outlook
    from ivr_engine.dialogue.turn import Turn

_OFFER_S = 3.0  # seconds to take up what is offered
_WAYS = {"then": "goodbye", "timed_out": "busy", "unavailable": "no_operators", "closed": "closed", "full": "busy"}
_SHORT_S = 60

Key = Annotated[str, Field(pattern="^[1-9]$")]


class Offer(Model):
    """What else a caller can do who would have to wait: `prompt` says the keys of `options`."""

    prompt: Name
    options: Annotated[dict[Key, Target], Field(min_length=1)]


class Overflow(Model):
    """When as many as `size` wait, or the wait may be longer than `wait` seconds, the call goes to `then` instead."""

    size: Annotated[int, Field(ge=1)] | None = None
    wait: Annotated[int, Field(ge=1)] | None = None
    then: Target


class Queue(Step):
    """Outside the line's hours nobody is queued. Where a way is not written the engine takes leave of the caller.

    `announce`: say the place and the wait, where they are known well enough. `timeout`: seconds to wait at most.
    """

    kind = "queue"
    in_self_service: ClassVar[bool] = False

    name: LineName | None = None
    timeout: Annotated[int, Field(ge=1, le=7200)] = 300
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    prompt: Name = "operator"
    announce: bool = True
    offer: Offer | None = None
    overflow: Overflow | None = None
    then: Target | None = None
    timed_out: Target | None = None
    unavailable: Target | None = None
    closed: Target | None = None
    full: Target | None = None

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        if not turn.house.hours.is_open(turn.line.name, turn.now()):
            turn.record(FoundClosed(turn.contact, turn.now(), turn.line.name))
            return await self._onward(turn, "closed")
        name = self.name or turn.line.queue
        outlook = await turn.house.queues.outlook(name)
        if self.overflow is not None and outlook is not None and (reason := _overflows(self.overflow, outlook)):
            turn.record(QueueOverflowed(turn.contact, turn.now(), name, reason))
            return self.overflow.then
        await turn.say(self.prompt)
        if outlook is not None and not outlook.free and (way := await self._announce(turn, name, outlook)) is not None:
            return way
        result = await self._stay(turn, name)
        match result.status:
            case QueueStatus.ABANDONED:
                raise CallerHungUp
            case QueueStatus.ANSWERED:
                return await self._onward(turn, "then")
            case QueueStatus.TIMEOUT:
                return await self._onward(turn, "timed_out")
            case QueueStatus.FULL:
                return await self._onward(turn, "full")
        return await self._onward(turn, "unavailable")

    async def _announce(self, turn: "Turn", name: str, outlook: "Outlook") -> Next | None:
        keys = "".join(self.offer.options) if self.offer else ""
        prompts = _wait_prompts(turn, outlook) if self.announce else ()
        if prompts:
            position = outlook.position if outlook.position > 1 else 0
            turn.record(QueueAnnounced(turn.contact, turn.now(), name, position, outlook.low_s, outlook.high_s))
        for prompt in (*prompts, *((self.offer.prompt,) if self.offer else ())):
            spoken = await turn.say(prompt, keys)
            if spoken.key:
                return self._taken(turn, spoken.key)
        return self._taken(turn, await turn.key(_OFFER_S)) if self.offer else None

    def _taken(self, turn: "Turn", key: str) -> Next | None:
        way = self.offer.options.get(key) if self.offer else None
        if way is not None:
            turn.took("match", key)
            turn.progress.choose(key)
        return way

    async def _stay(self, turn: "Turn", name: str) -> "QueueResult":
        started = turn.now()
        turn.record(QueueEntered(turn.contact, started, name, self.priority, self.timeout))
        result = await turn.call.queue(name, self.timeout, self.priority)
        now = turn.now()
        turn.budget.leave_out(now - started)
        turn.talked = result.status is QueueStatus.ANSWERED
        left = QueueLeft(turn.contact, now, name, result.status, result.wait_s, result.talk_s, operator=result.operator)
        turn.record(left)
        return result

    async def _onward(self, turn: "Turn", way: str) -> Next:
        target: Way | None = getattr(self, way)
        if target is not None:
            return target
        await turn.say(_WAYS[way])
        return End()

    def choices(self) -> Mapping[str, Way]:
        """See Step."""
        return self.offer.options if self.offer else {}

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield "prompt", self.prompt
        if self.offer:
            yield "offer", self.offer.prompt
        yield from (("", prompt) for field, prompt in _WAYS.items() if getattr(self, field) is None)


def _overflows(limit: Overflow, outlook: "Outlook") -> str:
    if limit.size is not None and outlook.position > limit.size:
        return "size"
    return "wait" if limit.wait is not None and outlook.high_s > limit.wait else ""


def _wait_prompts(turn: "Turn", outlook: "Outlook") -> tuple[str, ...]:
    """What can honestly be said; the place alone when the wait is not known, nothing for who is next and unsure."""
    prompts = []
    if outlook.position > 1:
        turn.values["queue.ahead"] = outlook.position - 1
        prompts.append("queue.position.one" if outlook.position == 2 else "queue.position")
    if outlook.high_s:
        low, high = outlook.low_s // 60, -(-outlook.high_s // 60)
        turn.values["queue.low"], turn.values["queue.high"] = low, high
        if outlook.high_s <= _SHORT_S:
            prompts.append("queue.wait.short")
        else:
            prompts.append("queue.wait" if low else "queue.wait.up_to")
    return tuple(prompts)
