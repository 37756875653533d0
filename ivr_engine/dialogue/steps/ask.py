"""`ask`: takes digits and has them checked by a validator. Digits are data here, `0` too: no global keys."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from ivr_engine.clock import rome_date
from ivr_engine.dialogue.call import ALL_KEYS
from ivr_engine.dialogue.diversion import Diversion, Reason
from ivr_engine.dialogue.keying import Conversation, Entry, Pace, take_digits, taper
from ivr_engine.dialogue.listening import Listener
from ivr_engine.dialogue.model import Action, Name, Next, Step, Taper, Target
from ivr_engine.dialogue.saying import NORMAL, read_back, spoken_entry
from ivr_engine.dialogue.steps.fields import Seconds
from ivr_engine.dialogue.turn import REPEATS
from ivr_engine.hookspecs import Ambiguous, Refused

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn
    from ivr_engine.hookspecs import Validator

AGAIN = "ask.again"
"""Heard after `*`: 1 again, 0 operator."""
CHOICE = "ask.choice"
"""Heard for each of several values that the keys may mean."""

_NUMBERS = {"age", "amount", "digits", "year"}
_WITHOUT_ORDER = {"cap", "codice_comunicazione", "codice_fiscale", "partita_iva", "provincia", "yes_no"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Ask(Conversation, Step):
    """The terminator, a pause of `between` seconds or the validator's full length end the entry.

    `*` drops it; the terminator alone, or `tries` silences or refusals (counted apart), lead to `otherwise`. `earliest` and
    `latest` bound it: of a date as a date or in days from today, of a number as a number.
    """

    kind = "ask"

    input: Name
    into: Name | None = None
    then: Target
    between: Seconds = 3.0
    end: Literal["#", ""] = "#"
    earliest: date | int | None = None
    latest: date | int | None = None
    nomatch: Taper = ("ask.invalid",)
    too_early: Name = "ask.too_early"
    too_late: Name = "ask.too_late"

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        limits = [limit for limit in (self.earliest, self.latest) if limit is not None]
        if limits and self.input in _WITHOUT_ORDER:
            raise ValueError(f"earliest and latest are for dates and numbers, not for {self.input}")
        if self.input in _NUMBERS and any(isinstance(limit, date) for limit in limits):
            raise ValueError(f"the limits of {self.input} are numbers, not dates")
        match self.earliest, self.latest:
            case (int() as first, int() as last) if first > last:
                raise ValueError("latest is before earliest")
            case (date() as first, date() as last) if first > last:
                raise ValueError("latest is before earliest")
        return self

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        validator = turn.house.validators[self.input]
        leave = self.otherwise or turn.operator
        seen: Counter[str] = Counter()
        prompts, said = self.spoken(0), ""
        pace = Pace(self.timeout, self.between, self.end, self.bargein)
        listener = Listener(turn, spoken_entry(turn, self.input, validator, self.bands)) if self.speech else Listener(turn, None)
        while True:
            entry = await take_digits(turn, prompts, validator.lengths[1], pace, reproach=said, listener=listener)
            failure, limit, said = entry.how, self.tries, ""
            match entry.how:
                case "empty":
                    turn.took("empty", "")
                    return leave
                case "dropped":
                    turn.took("dropped", entry.shape)
                    if await self._wants_operator(turn):
                        return turn.operator
                    limit = REPEATS + 1
                case "command":
                    turn.took(entry.command or "repeat", "")
                    if entry.command is Action.OPERATOR:
                        return turn.operator
                    failure, limit = "dropped", REPEATS + 1
                case "low":
                    turn.took("nomatch", "")
                    failure, said = "nomatch", listener.reproach
                case "noinput":
                    turn.took("noinput", "")
                    said = taper(self.noinput, seen["noinput"])
                case _:
                    refusal = await self._accept(turn, validator, entry)
                    if refusal is None:
                        return self.then
                    failure, said = "nomatch", refusal or taper(self.nomatch, seen["nomatch"])
            seen[failure] += 1
            if seen[failure] >= limit:
                return leave
            prompts = self.spoken(seen.total()) if self.reprompt or not said else ()

    async def _accept(self, turn: "Turn", validator: "Validator", entry: Entry) -> str | None:
        """Keep the value and return None; or the prompt that says what is wrong with it, "" for the step's own."""
        today = rome_date(turn.now())
        try:
            if entry.how == "said" and self.input in NORMAL:  # it is in the validator's own form already
                value = entry.digits
            elif len(entry.digits) < validator.lengths[0]:
                raise Refused
            else:
                value = validator(entry.digits, today)
            self._bound(value, today)
        except Ambiguous as ambiguous:
            turn.took("ambiguous", entry.shape)
            value = await self._pick(turn, ambiguous.choices)
            turn.took("chosen" if value else "nomatch", entry.shape)
            if not value:
                return ""
        except Refused as refused:
            turn.took("nomatch", entry.shape)
            return refused.prompt
        else:
            turn.took("match", entry.shape)
        turn.keep_input(self.into or turn.step, value, validator.mask)
        return None

    def _bound(self, value: str, today: date) -> None:
        for limit, prompt, beyond in ((self.earliest, self.too_early, -1), (self.latest, self.too_late, 1)):
            if limit is not None and _distance(value, limit, today) * beyond > 0:
                raise Refused(prompt)

    async def _pick(self, turn: "Turn", choices: Mapping[str, str]) -> str:
        """Offer what the keys may mean; "" when none was chosen."""
        key = ""
        for number, name in enumerate(choices.values(), 1):
            turn.values["choice.name"], turn.values["choice.key"] = name, number
            spoken = await turn.say(CHOICE, ALL_KEYS if self.bargein else "")
            if key := spoken.key:
                break
            if not spoken.complete:
                raise Diversion(Reason.PROMPT_MISSING)
        key = key or await turn.key(self.timeout)
        return dict(enumerate(choices, 1)).get(int(key) if key.isdigit() else 0, "")

    async def _wants_operator(self, turn: "Turn") -> bool:
        key = await turn.ask_key((AGAIN,), ALL_KEYS, self.timeout)
        if key == "0":
            turn.took("operator", key)
            turn.progress.choose(key)
        elif key:
            turn.took("repeat", key)
        return key == "0"

    def prompts(self) -> Iterable[tuple[str, str]]:
        """See Step."""
        yield from self.conversation_prompts()
        if self.speech is not False:
            yield "", read_back(self.input)
        for field, limit in (("too_early", self.earliest), ("too_late", self.latest)):
            if limit is not None:
                yield field if field in self.model_fields_set else "", getattr(self, field)
        yield from (("", AGAIN), ("", CHOICE))


def _distance(value: str, limit: date | int, today: date) -> int:
    """How far the value lies beyond the limit; 0 where they cannot be compared."""
    if _DATE.fullmatch(value):
        last = today + timedelta(days=limit) if isinstance(limit, int) else limit
        return (date.fromisoformat(value) - last).days
    return int(value) - limit if value.isdigit() and isinstance(limit, int) else 0
