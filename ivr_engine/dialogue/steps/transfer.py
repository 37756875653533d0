"""`transfer`: to another body. Dialled where the site's settings allow it, spoken twice everywhere else."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from ivr_engine.dialogue.model import Name, Next, Step, Target
from ivr_engine.dialogue.reading import read_aloud
from ivr_engine.events import TransferEntered, TransferLeft, TransferStatus

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn

_RINGING_S = 45
_TIMES = 2
OTHERWISE = "otherwise"


def _by_kind(value: object) -> object:
    return {OTHERWISE: value} if isinstance(value, str) else value


Kind = Literal["mobile", "landline", "foreign", "anonymous", "other", "otherwise"]


class Transfer(Step):
    """`prompt` says the number, by the caller's kind of telephone where that matters; emergency numbers are only ever spoken."""

    kind = "transfer"

    to: Name
    prompt: Annotated[dict[Kind, Name], BeforeValidator(_by_kind), Field(min_length=1)]
    topic: str = ""
    then: Target
    bargein: bool = True

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        turn.progress.topic = self.topic or turn.progress.topic
        number = turn.house.transfers.get(self.to)
        if number and await put_through(turn, self.to, number):
            return self.then
        prompt = self.prompt.get(turn.caller.kind) or self.prompt.get(OTHERWISE) or next(iter(self.prompt.values()))  # type: ignore[call-overload]
        return await read_aloud(turn, prompt, bargein=self.bargein, times=_TIMES) or self.then

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield from (("prompt", name) for name in self.prompt.values())
        yield "", "transfer"


async def put_through(turn: "Turn", to: str, number: str) -> bool:
    """Connect the caller to another body; whether it answered. Raises CallerHungUp, CallLost."""
    await turn.say("transfer")
    started = turn.now()
    turn.record(TransferEntered(turn.contact, started, to))
    result = await turn.call.transfer(number, _RINGING_S)
    turn.budget.leave_out(turn.now() - started)
    turn.record(TransferLeft(turn.contact, turn.now(), to, result.status, result.talk_s))
    return result.status is TransferStatus.ANSWERED
