"""Recorded calls: what a caller does and must hear, in a file that people can read. Kept in a line's folder `calls/`.

title: Ultimo giorno per revocare le dimissioni
at: "2026-11-23 10:00"
caller: "+393331234567"
steps:
  - hear: menu
  - press: "1"
  - {hear: revoca.aperta, says: novembre}
  - hang_up
outcome: served_by_ivr
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from ivr_engine.clock import ROME
from ivr_engine.dialogue.model import LineName, Model, Name, Text
from ivr_engine.dialogue.source import Source
from ivr_engine.errors import Invalid, IvrError
from ivr_engine.events import InputTaken, Outcome, PromptHeard, StepEntered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ivr_engine.errors import Problem
    from ivr_engine.events import Event


def _keys(text: str) -> str:
    if not text or set(text) - set("0123456789*#"):
        raise ValueError(f"{text!r} are no keys: 0 to 9, * and #, in quotes")
    return text


def _moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Keys = Annotated[str, AfterValidator(_keys)]


class Hear(Model):
    """The next prompts said include this one (an article is `article.L01`); `says` is in the words of the call so far."""

    hear: Name
    says: Text | None = None


class Press(Model):
    """Keys, pressed once what was being said is over."""

    press: Keys


class Interrupt(Model):
    """Keys that cut into what is being said next."""

    interrupt: Keys


class Say(Model):
    """Words, said once what is being said is over, or into it."""

    say: Annotated[str, Field(pattern=r'^[^"]+$')]
    cuts_in: bool = False


class Script(Model):
    """One recorded call. Without `hang_up` the caller listens on, silently, until somebody else ends it."""

    title: Text
    at: Annotated[str, AfterValidator(_moment)]
    caller: Annotated[str, Field(pattern=r"^(\+[0-9]{6,15})?$")] = "+393331234567"
    line: LineName | None = None
    steps: Annotated[tuple[Hear | Press | Interrupt | Say | Literal["silence", "hang_up"], ...], Field(min_length=1)]
    outcome: Annotated[Outcome, Field(strict=False)] | None = None
    inputs: dict[Name, str] = Field(default_factory=dict)
    facts: dict[Name, str] = Field(default_factory=dict)
    ends_at: Name | None = None

    @property
    def instant(self) -> float:
        """When the call is made, in seconds since 1970 UTC."""
        return datetime.fromisoformat(self.at).replace(tzinfo=ROME).timestamp()

    @property
    def keys(self) -> str:
        """What the caller does, as FakeCall and the exchange's ScriptedCaller take it."""
        groups = []
        for step in self.steps:
            match step:
                case Press():
                    groups.append(step.press)
                case Interrupt():
                    groups.append(f"<{step.interrupt}")
                case Say():
                    groups.append(f'{"<" if step.cuts_in else ""}"{step.say}"')
                case "silence":
                    groups.append("~")
                case "hang_up":
                    groups.append("!")
        return " ".join(groups)


def load_script(path: Path) -> Script:
    """A script from its file. Raises Invalid with every mistake in it."""
    source = Source.of_file(path)
    script = source.read(Script, source.data) if source.data is not None else None
    if script is None or source.problems:
        raise Invalid(source.problems)
    return script


def load_scripts(folder: Path) -> dict[str, Script]:
    """The scripts of a line's folder, by file name. Raises Invalid with the mistakes of all."""
    scripts: dict[str, Script] = {}
    problems: list[Problem] = []
    for path in sorted((folder / "calls").glob("*.yaml")):
        try:
            scripts[path.name] = load_script(path)
        except Invalid as error:
            problems += error.problems
    if problems:
        raise Invalid(problems)
    return scripts


@dataclass(frozen=True, slots=True)
class Account:
    """A call as it went: (heard, prompt) and (took, result) in order, all words said, and how it ended.

    `facts` are None where nobody looks on from within (the journal has none): they are not compared then.
    """

    course: Sequence[tuple[str, str]]
    words: str
    outcome: str
    inputs: Mapping[str, str]
    facts: Mapping[str, str] | None
    last_step: str


def course_of(events: Sequence[Event]) -> list[tuple[str, str]]:
    """What an Account wants of a contact's journal."""
    course = []
    for event in events:
        if isinstance(event, PromptHeard):
            course.append(("heard", event.prompt))
        elif isinstance(event, InputTaken):
            course.append(("took", event.result))
    return course


def last_step(events: Sequence[Event]) -> str:
    """The last step that was entered."""
    steps = [event.step for event in events if isinstance(event, StepEntered)]
    return steps[-1] if steps else ""


class Unlike(IvrError):
    """A call did not go as its script says."""


def verify(script: Script, account: Account) -> None:
    """Raises Unlike with the first difference."""
    place, facts = 0, account.facts or {}
    for number, step in enumerate(script.steps, 1):
        where = f"{script.title}, step {number}"
        if isinstance(step, Hear):
            place = _heard(step, account, place, where)
        elif step != "hang_up":
            place = _took(account, place, where)
    for what, wanted, was in (
        ("outcome", script.outcome, account.outcome),
        ("last step", script.ends_at, account.last_step),
        *((f"input {name}", value, account.inputs.get(name, "none")) for name, value in script.inputs.items()),
        *((f"fact {name}", value, facts.get(name, "none")) for name, value in script.facts.items() if account.facts is not None),
    ):
        if wanted is not None and wanted != was:
            raise Unlike(f"{script.title}: the {what} should be {wanted} and is {was}", "mend the line or the script")


def _heard(step: Hear, account: Account, place: int, where: str) -> int:
    before = []
    for index in range(place, len(account.course)):
        kind, what = account.course[index]
        if kind == "took":
            break
        if what == step.hear:
            if step.says is not None and step.says not in account.words:
                raise Unlike(f"{where}: nobody says {step.says!r}", f"said was: {account.words[-300:]}")
            return index + 1
        before.append(what)
    heard = ", ".join(before) or "nothing more"
    raise Unlike(f"{where}: {step.hear} should be heard, and was not", f"heard there: {heard}")


def _took(account: Account, place: int, where: str) -> int:
    for index in range(place, len(account.course)):
        if account.course[index][0] == "took":
            return index + 1
    raise Unlike(f"{where}: nobody listened for a key any more", "the call was over, or went elsewhere")
