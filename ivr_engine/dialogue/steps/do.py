"""`do`: asks a function of the line's plugin; the label of its result picks the way on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import structlog
from pydantic import Field

from ivr_engine.clock import rome_date
from ivr_engine.dialogue.diversion import Reason
from ivr_engine.dialogue.model import Name, Next, Step, Target
from ivr_engine.errors import FunctionFailed
from ivr_engine.events import FunctionCalled
from ivr_engine.hookspecs import Request

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn
    from ivr_engine.hookspecs import Result

log = structlog.get_logger()


class Do(Step):
    """`prompt` is said before. `outcomes` has a way for every label; where the function is late, fails or is not available the
    call goes on to `otherwise`, or to the operator."""

    kind = "do"

    function: Name
    prompt: Name | None = None
    outcomes: Annotated[dict[Name, Target], Field(min_length=1)]
    otherwise: Target | None = None

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        if self.prompt:
            await turn.say(self.prompt)
        request = Request(
            turn.line.name,
            dict(turn.progress.inputs),
            rome_date(turn.now()),
            turn.language,
            turn.caller.kind,
            dict(turn.progress.facts),
        )
        started = turn.now()
        try:
            result = self._listed(await turn.house.functions.call(turn.line.name, self.function, request))
        except FunctionFailed as failed:
            self._journal(turn, started, failed.how, failed.error)
            operator = turn.divert(Reason(f"function_{failed.how}"))
            return self.otherwise or operator
        self._journal(turn, started, result.label)
        turn.values.update(result.values)
        turn.progress.facts.update(result.facts)
        return self.outcomes[result.label]

    def _listed(self, result: "Result") -> "Result":
        if result.label not in self.outcomes:
            log.error("function gave an outcome the tree does not list", function=self.function, outcome=result.label)
            raise FunctionFailed("failed", "UnlistedOutcome")
        return result

    def _journal(self, turn: "Turn", started: float, outcome: str, error: str = "") -> None:
        now = turn.now()
        took_ms = round((now - started) * 1000)
        turn.record(FunctionCalled(turn.contact, now, turn.step, self.function, outcome, took_ms, error))

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        if self.prompt:
            yield "prompt", self.prompt
