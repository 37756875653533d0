"""How a step listens for speech beside keys: what is asked, what is made of the answer, and when it is given up.

Keys work at every moment. What is heard half is confirmed; after two turns that were not understood, and after every failure of a
recogniser, the step goes on with keys alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.model import Action
from ivr_engine.dialogue.understanding import Band, Understood, yes_no
from ivr_engine.dialogue.understanding.expecting import expected
from ivr_engine.events import SpeechHeard
from ivr_engine.hearing import Expectation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ivr_engine.calls import Reply
    from ivr_engine.dialogue.turn import Turn
    from ivr_engine.hearing import Guess, Kind

LOWS = 2
"""Turns that were not understood, after which a step takes keys alone."""
HINT, LOW, KEYS, FAILED, SAID = "speech.hint", "speech.low", "speech.keys", "speech.failed", "speech.said"
PROMPTS = (HINT, LOW, KEYS, FAILED, SAID)
"""The engine's own prompts that a step with speech may say."""
RIGHT, WRONG = "1", "2"
_CONFIRM_S = 5.0


class Ear(NamedTuple):
    """What a step expects to hear in the caller's language; `phrases` are its own. `say` gives the prompt that reads a value
    back, after it has filled that prompt's slots; `longest_s` how long one may speak."""

    kind: Kind
    phrases: tuple[str, ...]
    understand: Callable[[Sequence[Guess]], Understood]
    say: Callable[[str], str]
    longest_s: float = 12.0
    look: Callable[[Sequence[Guess]], Awaitable[None]] | None = None
    """Looks things up that `understand` needs, if there are any."""
    always_confirm: bool = False
    """However sure a value seems: what follows from a wrong one would not be noticed."""


class Answer(NamedTuple):
    """What came of asking: a key, or an understood value, or a command; `low` when something was said and nothing taken;
    all empty for silence."""

    key: str = ""
    value: str = ""
    command: Action | None = None
    low: bool = False
    said: str = ""


class Listener:
    """One visit to a step. Without an `ear` it takes keys as ever."""

    def __init__(self, turn: Turn, ear: Ear | None) -> None:
        self._turn = turn
        self._ear = ear if turn.listens else None
        self._lows = 0
        self._begun = False  # something was heard before a failure

    @property
    def listens(self) -> bool:
        """Whether speech is still an option here."""
        return self._ear is not None

    async def ask(self, prompts: Sequence[str], keys: str, timeout_s: float, *, reproach: str = "") -> Answer:
        """Speak and listen; see Turn.ask_key, whose place it takes. Raises what that raises."""
        answer = None
        if self._ear is not None:
            # Once in a call it is said that one may speak; like a reproach it may be missing.
            before = reproach if reproach or self._turn.hinted else HINT
            answer = await self.listen(prompts, keys, timeout_s, reproach=before)
            reproach = FAILED if answer is None and self._begun else reproach
        if answer is not None:
            return answer
        return Answer(await self._turn.ask_key(prompts, keys, timeout_s, reproach=reproach))

    async def listen(self, prompts: Sequence[str], keys: str, timeout_s: float, *, reproach: str = "") -> Answer | None:
        """The same, and None when nobody listens, or nobody any more: it is not the caller's failure."""
        turn, ear = self._turn, self._ear
        if ear is None:
            return None
        expectation = Expectation(turn.language, ear.kind, expected(ear.kind, turn.language, ear.phrases))
        reply = await turn.converse(prompts, keys, turn.listening(expectation, timeout_s, ear.longest_s), reproach)
        turn.hinted = turn.hinted or bool(reply.heard)
        match reply.how:
            case "key":
                return Answer(reply.key)
            case "silence":
                return Answer()
            case "failed":
                self._ear, self._begun = None, bool(reply.heard)
                turn.record(_fact(turn, reply.why, None, reply))
                return None
        return await self._understood(ear, reply)

    async def _understood(self, ear: Ear, reply: Reply) -> Answer:
        turn = self._turn
        text = reply.guesses[0].text if reply.guesses else ""
        if ear.look is not None:
            await ear.look(reply.guesses)
        said = ear.understand(reply.guesses)
        if text:
            turn.heard_saying(text)
        turn.keep_utterance(reply.audio)
        if said.band is Band.AGAIN or not (said.value or said.command):
            turn.record(_fact(turn, "low" if text else "noise", said, reply))
            return self._low(text)
        if said.band is Band.TAKE and (said.command or not ear.always_confirm):
            turn.record(_fact(turn, "command" if said.command else "said", said, reply))
            return Answer(value=said.value, command=said.command, said=text)
        turn.record(_fact(turn, "unsure", said, reply))
        if said.command:  # an operator who was not wished does no harm; a repetition neither
            return Answer(command=said.command, said=text)
        answer = await self._confirm(ear, said.value, text)
        if answer is None and said.runner_up:  # it was nearly as likely
            answer = await self._confirm(ear, said.runner_up, text)
        return answer or self._low(text)

    async def _confirm(self, ear: Ear, value: str, text: str) -> Answer | None:
        """Did you say …? Yes or no, by voice or key; None for no. Whatever else is said, or nothing, is not understood."""
        turn = self._turn
        expectation = Expectation(turn.language, "yes_no", expected("yes_no", turn.language))
        prompts = (ear.say(value), SAID)
        reply = await turn.converse(prompts, ALL_KEYS, turn.listening(expectation, _CONFIRM_S, 6.0), "")
        key = reply.key
        if reply.how == "failed":
            turn.record(_fact(turn, reply.why, None, reply))
            key = await turn.ask_key(prompts, ALL_KEYS, _CONFIRM_S)
        elif reply.how == "speech":
            answer = yes_no(reply.guesses, turn.language)
            if answer.command is Action.OPERATOR:
                return Answer(command=Action.OPERATOR)
            key = {"yes": RIGHT, "no": WRONG}.get(answer.value, "") if answer.band is not Band.AGAIN else ""
        if key == RIGHT:
            turn.record(_fact(turn, "confirmed", None, reply))
            return Answer(value=value, said=text)
        turn.record(_fact(turn, "corrected", None, reply))
        if turn.line.keys.get(key) is Action.OPERATOR:
            return Answer(command=Action.OPERATOR)
        return None if key == WRONG else self._low(text)

    def _low(self, text: str) -> Answer:
        self._lows += 1
        if self._lows >= LOWS:
            self._ear = None
        return Answer(low=True, said=text)

    @property
    def reproach(self) -> str:
        """What is said after a turn that was not understood."""
        return LOW if self._ear is not None else KEYS


def _fact(turn: Turn, result: str, said: Understood | None, reply: Reply) -> SpeechHeard:
    engine = turn.house.engines.get(turn.language, "")
    band, score = (said.band.value, round(said.score, 3)) if said is not None else ("", 0.0)
    return SpeechHeard(turn.contact, turn.now(), turn.step, result, band, score, reply.took_ms, engine)


def yes_or_no(turn: Turn, yes: str, no: str) -> Ear:
    """For a question that is answered by yes or no; the values are those given."""

    def understand(guesses: Sequence[Guess]) -> Understood:
        said = yes_no(guesses, turn.language)
        return Understood(said.band, {"yes": yes, "no": no}.get(said.value, ""), said.score, "", said.command, said.danger)

    def say(value: str) -> str:
        return "speech.yes" if value == yes else "speech.no"

    return Ear("yes_no", (), understand, say, 6.0)
