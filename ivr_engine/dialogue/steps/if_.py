"""`if`: the first case that holds chooses the way. A closed set of conditions: no expressions, nothing is evaluated."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ivr_engine.clock import rome
from ivr_engine.dialogue.hours import DAY_MINUTES, DAYS, period
from ivr_engine.dialogue.model import Language, Model, Name, Next, Step, Target, Text

if TYPE_CHECKING:
    from ivr_engine.dialogue.turn import Turn


def _several(value: object) -> object:
    return (value,) if isinstance(value, str | int) else value


CallerKind: TypeAlias = Literal["mobile", "landline", "foreign", "anonymous", "other"]
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_several), Field(min_length=1)]


class Range(Model):
    """A number within bounds, both included."""

    min: int | None = None
    max: int | None = None

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("must have a min or a max")
        return self

    def holds(self, value: str) -> bool:
        """Whether the value is a number and lies in it."""
        if not value.lstrip("-").isdigit():
            return False
        return (self.min is None or self.min <= int(value)) and (self.max is None or int(value) <= self.max)


def _is_period(text: str) -> str:
    period(text)
    return text


class When(Model):
    """All that is written must hold; a list means any of it."""

    open: bool | None = None
    returning: bool | None = None
    caller: Annotated[tuple[CallerKind, ...], BeforeValidator(_several), Field(min_length=1)] | None = None
    language: Annotated[tuple[Language, ...], BeforeValidator(_several), Field(min_length=1)] | None = None
    from_: date | None = Field(None, alias="from")
    until: date | None = None
    weekday: Annotated[tuple[Weekday, ...], BeforeValidator(_several), Field(min_length=1)] | None = None
    time: Annotated[str, AfterValidator(_is_period)] | None = None
    inputs: dict[Name, Range | Texts] | None = None
    facts: dict[Name, Texts] | None = None
    set: Annotated[tuple[Name, ...], BeforeValidator(_several), Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must name a condition")
        if self.from_ and self.until and self.until < self.from_:
            raise ValueError("until is before from")
        return self

    def may_hold(self, day: date) -> bool:
        """Whether its dates leave that day possible."""
        return (self.from_ is None or self.from_ <= day) and (self.until is None or day <= self.until)

    async def holds(self, turn: "Turn") -> bool:
        """Whether it is so, now and for this caller."""
        return self._about_time(turn) and self._about_call(turn) and await self._about_records(turn)

    def _about_time(self, turn: "Turn") -> bool:
        local = rome(turn.now())
        if not self.may_hold(local.date()):
            return False
        if self.weekday is not None and DAYS[local.weekday()] not in self.weekday:
            return False
        if self.time is not None:
            start, end = period(self.time)
            minute = local.hour * 60 + local.minute
            if not (start <= minute < end or minute + DAY_MINUTES < end):
                return False
        return self.open is None or self.open == turn.house.hours.is_open(turn.line.name, turn.now())

    def _about_call(self, turn: "Turn") -> bool:
        facts = turn.progress.facts
        return (
            (self.caller is None or turn.caller.kind in self.caller)
            and (self.language is None or turn.language in self.language)
            and all(_fits(turn.progress.inputs.get(name), wanted) for name, wanted in (self.inputs or {}).items())
            and all(facts.get(name) in wanted for name, wanted in (self.facts or {}).items())
            and all(name in facts for name in self.set or ())
        )

    async def _about_records(self, turn: "Turn") -> bool:
        return self.returning is None or self.returning == await turn.house.callers.has_open_case(turn.caller.number)


def _fits(value: str | None, wanted: Range | tuple[str, ...]) -> bool:
    if value is None:
        return False
    return wanted.holds(value) if isinstance(wanted, Range) else value in wanted


class Case(Model):
    """A condition and where it leads."""

    when: When
    then: Target


class If(Step):
    """Where no case holds the call goes on to `otherwise`."""

    kind = "if"
    hands_keys_on: ClassVar[bool] = True

    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    otherwise: Target

    async def run(self, turn: "Turn") -> Next:
        """See Step."""
        for case in self.cases:
            if await case.when.holds(turn):
                return case.then
        return self.otherwise

    def ways_on(self, day: date) -> Mapping[int, Target]:
        """The ways that are open on that day: by the case's place, `otherwise` as -1."""
        ways = {index: case.then for index, case in enumerate(self.cases) if case.when.may_hold(day)}
        return {**ways, -1: self.otherwise}
