"""`callback`: records the wish to be called back: at which number, and when best. The dialling comes later."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ivr_engine.dialogue.keying import Conversation, Pace, take_digits
from ivr_engine.dialogue.model import Next, Step, Target, ToStep
from ivr_engine.events import CallbackWished, PrivateNoted

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn

NUMBER = "callback_number"
"""The name of PrivateNoted, and of the slot that reads the number back."""
_SHORTEST, _LONGEST = 6, 12
_PACE = Pace(first=7.0, between=4.0)
_THIS = Conversation(prompt=("callback.this",))
_RIGHT = Conversation(prompt=("callback.right",))
_UNSAID = ToStep("")
"""No step's name: they did not say when, which is no reason to lose the number they have just confirmed."""
_WHEN = Conversation(prompt=("callback.when",)).model_copy(update={"otherwise": _UNSAID})
_TRIES = 3
_ANY = "3"
_TIMES = {"1": "morning", "2": "afternoon", _ANY: "any"}


class Callback(Step):
    """The caller's own number once they say so, else one they key and hear again. Without a number it leads to `otherwise`; who
    does not say when is called at any time."""

    kind = "callback"

    topic: str = ""
    then: Target
    otherwise: Target | None = None

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        number = await self._number(turn)
        if not isinstance(number, str):
            return number
        best = await _WHEN.choose(turn, dict.fromkeys(_TIMES, "match"))
        if best == _UNSAID:
            best = _ANY
        if not isinstance(best, str):
            return best
        topic = self.topic or turn.progress.topic
        turn.record(PrivateNoted(turn.contact, turn.now(), NUMBER, number))
        turn.record(CallbackWished(turn.contact, turn.now(), turn.line.name, topic, _TIMES[best]))
        await turn.say("callback.noted")
        return self.then

    async def _number(self, turn: "Turn") -> str | Next:
        if turn.caller.number:
            turn.values[NUMBER] = _as_dialled(turn.caller.number)
            key = await _THIS.choose(turn, {"1": "confirmed", "2": "corrected"})
            if key == "1":
                return turn.caller.number
            if key != "2":
                return key
        for _ in range(_TRIES):
            entry = await take_digits(turn, ("callback.number",), _LONGEST, _PACE)
            turn.took(
                "match" if len(entry.digits) >= _SHORTEST else "noinput" if entry.how == "noinput" else "nomatch", entry.shape
            )
            if len(entry.digits) < _SHORTEST:
                continue
            turn.values[NUMBER] = entry.digits
            key = await _RIGHT.choose(turn, {"1": "confirmed", "2": "corrected"})
            if key == "1":
                return entry.digits
            if key != "2":
                return key
        return self.otherwise or turn.operator

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        for conversation in (_THIS, _RIGHT, _WHEN):
            yield from (("", name) for _, name in conversation.conversation_prompts())
        yield from (("", "callback.number"), ("", "callback.noted"))


def _as_dialled(number: str) -> str:
    """The digits to be read: without Italy's prefix, which nobody says."""
    return number.removeprefix("+39").removeprefix("+")
