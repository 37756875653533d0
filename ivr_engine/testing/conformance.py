"""The conformance kit: whatever a line is, callers must end well, prompts be whole, functions keep their time.

from ivr_engine.testing.conformance import conformance

def test_the_line() -> None:
    assert conformance(Path(__file__).parents[1]) == []
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ivr_engine.clock import rome_date
from ivr_engine.dialogue import validators as core_validators
from ivr_engine.dialogue.call import QueueResult
from ivr_engine.dialogue.files import LINE
from ivr_engine.dialogue.keying import Conversation
from ivr_engine.dialogue.loader import load_line
from ivr_engine.dialogue.steps.ask import Ask
from ivr_engine.dialogue.steps.confirm import Confirm
from ivr_engine.dialogue.steps.do import Do
from ivr_engine.dialogue.steps.set_ import Set
from ivr_engine.dialogue.validators import VALIDATORS
from ivr_engine.errors import FunctionFailed, IvrError
from ivr_engine.events import Cause, Diverted, InputTaken, PromptMissing, QueueStatus, StepEntered
from ivr_engine.hookspecs import Ambiguous, Refused, Request, Result
from ivr_engine.plugins.find import find
from ivr_engine.records.outcome import OutcomeFold
from ivr_engine.routing.hours import LineHours
from ivr_engine.testing.rehearsal import parts_beside, play_line
from ivr_engine.testing.script import Account, Unlike, course_of, last_step, load_scripts, verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ivr_engine.dialogue.model import Line
    from ivr_engine.events import Event
    from ivr_engine.hookspecs import Function, Validator
    from ivr_engine.testing.rehearsal import Played
    from ivr_engine.testing.script import Script

CALLS = 200
LIMIT_S = 2.0
SEED = 1
_NOON = datetime(2026, 11, 24, 11, tzinfo=UTC).timestamp()
_START = "kit.start"
_SLOT = re.compile(r"\{([A-Za-z][A-Za-z0-9_.]*):(\w+)\}")
_VALUES = {
    "date": date(2026, 11, 30),
    "number": 7,
    "digits": "12345",
    "phone": "061234567",
    "amount": "40",
    "time": "10:30",
    "prompt": "goodbye",
}
_ENTRIES = {
    "cap": ("00187", "90133", "38122", "09124", "33100"),
    "provincia": ("76", "64", "27"),
    "date": ("24112026", "01032012", "31122006", "20112026", "15062027"),
    "age": ("2#", "30#", "65#", "101"),
    "year": ("2011", "2026"),
    "amount": ("8000#", "0#"),
    "yes_no": ("1", "2"),
    "partita_iva": ("00743110157",),
    "codice_fiscale": ("00743110157",),
    "codice_comunicazione": ("1300112000123456", "0000000000000000"),
    "digits": ("123#",),
}
"""What a caller might key, for the engine's own validators; for others digits are tried at random."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A line under test, with what its plugin brings and the lines it may lead to."""

    line: Line
    functions: Mapping[str, Function]
    validators: Mapping[str, Validator]
    others: tuple[Line, ...] = ()
    scripts: Mapping[str, Script] | None = None
    other_functions: Mapping[str, Function] | None = None

    def play(self, keys: str, line: Line | None = None, **how: object) -> Played:
        """One call."""
        functions = {**(self.other_functions or {}), **self.functions, **how.pop("functions", {})}  # type: ignore[dict-item]
        return play_line(
            line or self.line,
            keys,
            others=self.others,
            functions=functions,
            validators=self.validators,
            **how,  # type: ignore[arg-type]
        )


def subject_of(folder: Path) -> Subject:
    """The line in a folder, with the other lines beside it and those installed. Raises Invalid."""
    found = find([folder.parent], core_validators)
    place = found.lines.get(folder.name)
    if place is None:
        raise IvrError(f"{folder} has no {LINE}", "name the folder of a line")
    parts = {**found.parts, **parts_beside(folder)}
    others = tuple(load_line(other.folder, name, parts) for name, other in found.lines.items() if name != folder.name)
    elsewhere = {name: function for other in found.lines.values() for name, function in other.functions.items()}
    line = load_line(folder, folder.name, parts)
    return Subject(line, place.functions, found.validators, others, load_scripts(folder), elsewhere)


def conformance(folder: Path, *, calls: int = CALLS, seed: int = SEED) -> list[str]:
    """Everything that does not conform, each in a sentence; [] when all is well. Raises Invalid when the line does not load."""
    return examine(subject_of(folder), calls=calls, seed=seed)


def examine(subject: Subject, *, calls: int = CALLS, seed: int = SEED) -> list[str]:
    """See conformance."""
    return [
        *recorded_calls(subject),
        *functions_keep_their_word(subject, random.Random(seed)),  # noqa: S311 - a test's chance
        *every_step_ends_well(subject),
        *random_callers_end_well(subject, random.Random(seed), calls),  # noqa: S311
    ]


def recorded_calls(subject: Subject) -> list[str]:
    """The line's own recorded calls, played."""
    findings = []
    for name, script in (subject.scripts or {}).items():
        try:
            play_script(subject, script)
        except Unlike as error:
            findings.append(f"calls/{name}: {error}")
    return findings


def play_script(subject: Subject, script: Script) -> Played:
    """One recorded call on the line, at its own time and in the line's own hours. Raises Unlike."""
    from ivr_engine.dialogue.runner import Caller
    from ivr_engine.records.citizens import caller_of

    caller = caller_of(script.caller)
    lines = {line.name: line for line in (subject.line, *subject.others)}
    hours = LineHours({name: line.hours for name, line in lines.items()})
    played = subject.play(
        script.keys,
        line=lines.get(script.line or "", subject.line),
        at=script.instant,
        from_=Caller(caller.kind, caller.number or ""),
        hours=hours,
    )
    account = Account(
        course_of(played.events),
        " ".join(played.story),
        outcome_of(played.events),
        played.progress.inputs,
        played.progress.facts,
        last_step(played.events),
    )
    verify(script, account)
    return played


def outcome_of(events: Iterable[Event]) -> str:
    """The one outcome of a call."""
    fold = OutcomeFold()
    for event in events:
        fold.apply(event)
    return fold.outcome()


def functions_keep_their_word(subject: Subject, chance: random.Random) -> list[str]:
    """Every function, for inputs a caller may have given: in time, a Result, a label that the tree knows."""
    findings = []
    asks = [(step.into or name, step.input) for name, step in subject.line.tree.steps.items() if isinstance(step, Ask)]
    for name, step in subject.line.tree.steps.items():
        if not isinstance(step, Do):
            continue
        for _ in range(20):
            inputs = {key: value for key, validator in asks if (value := _valid(subject, validator, chance))}
            request = Request(subject.line.name, inputs, rome_date(_NOON), "it", "mobile", {})
            finding = _call(subject, step, request)
            if finding:
                findings.append(f"step {name}: {finding}")
                break
    return findings


def _call(subject: Subject, step: Do, request: Request) -> str:
    answers: list[object] = []

    def call() -> None:
        try:
            answers.append(subject.functions[step.function](request))
        except Exception as error:  # noqa: BLE001 - whatever it raises is the finding
            answers.append(error)

    thread = threading.Thread(target=call, daemon=True)
    began = time.monotonic()
    thread.start()
    thread.join(LIMIT_S)
    about = f"function {step.function} with {dict(request.inputs)}"
    if not answers:
        return f"{about} takes longer than {LIMIT_S:g} s (began {time.monotonic() - began:.1f} s ago)"
    match answers[0]:
        case Result(label=label) if label in step.outcomes:
            return ""
        case Result(label=label):
            return f"{about} answers {label!r}, which is none of {', '.join(step.outcomes)}"
        case Exception() as error:
            return f"{about} raises {type(error).__name__}: {error}"
    return f"{about} answers no Result but {type(answers[0]).__name__}"


def _valid(subject: Subject, name: str, chance: random.Random) -> str:
    validator = {**VALIDATORS, **subject.validators}[name]
    entries = list(_ENTRIES.get(name, ()))
    chance.shuffle(entries)
    low, high = validator.lengths
    entries += ["".join(chance.choices("0123456789", k=chance.randint(low, high))) for _ in range(50)]
    for entry in entries:
        try:
            return validator(entry.rstrip("#"), rome_date(_NOON))
        except Ambiguous as ambiguous:
            return next(iter(ambiguous.choices))
        except Refused:
            continue
    return ""


def every_step_ends_well(subject: Subject) -> list[str]:
    """A call from each step on, its prompts' slots filled, for a caller who is silent and one who presses on."""
    values = {
        name: _VALUES[kind]
        for texts in subject.line.texts().values()
        for text in texts.values()
        for name, kind in _SLOT.findall(text)
        if kind in _VALUES
    }
    findings = []
    for name in subject.line.tree.steps:
        begin = Set.model_validate({"values": values, "then": name})
        tree = replace(subject.line.tree, start=_START, steps={**subject.line.tree.steps, _START: begin})
        line = replace(subject.line, tree=tree)
        for language in subject.line.languages:
            spoken = replace(line, languages=(language, *(other for other in line.languages if other != language)))
            for keys in ("", "1 1 1 1 1"):
                findings += [
                    f"from step {name} on ({language}): {found}" for found in _faults(subject, subject.play(keys, spoken))
                ]
    return list(dict.fromkeys(findings))


def random_callers_end_well(subject: Subject, chance: random.Random, calls: int) -> list[str]:
    """Keys, silence and hang-ups in any order, operators there or not, functions failing now and then."""
    findings = []
    steps = subject.line.tree.steps.values()
    entries = [entry for step in steps if isinstance(step, Ask) for entry in _ENTRIES.get(step.input, ())] or ["1"]
    for number in range(calls):
        keys = " ".join(_group(chance, entries) for _ in range(chance.randint(0, 25)))
        queue = [QueueResult(chance.choice(list(QueueStatus)), chance.randint(0, 300), chance.randint(1, 300))]
        broken = dict.fromkeys(subject.functions, _broken) if chance.random() < 0.1 else {}
        played = subject.play(
            keys,
            queue=queue,
            at=_NOON + chance.randint(-10_000, 1000) * 86_400,
            operators_there=chance.random() < 0.7,
            patience_s=chance.choice([None, 10, 60]),
            functions=broken,
        )
        findings += [f"caller {number} ({keys}): {found}" for found in _faults(subject, played, strict=False)]
    return findings


def _broken(_request: Request) -> Result:
    raise FunctionFailed("failed", "Broken")


def _group(chance: random.Random, entries: list[str]) -> str:
    match chance.random():
        case share if share < 0.5:
            return chance.choice("123456789")
        case share if share < 0.6:
            return chance.choice("0*#")
        case share if share < 0.75:
            return "~"
        case share if share < 0.8:
            return "<" + chance.choice("0123456789*#")
        case share if share < 0.82:
            return "!"
    return chance.choice(entries)


def _faults(subject: Subject, played: Played, *, strict: bool = True) -> list[str]:
    """What is wrong with a call that was played."""
    faults = (
        [f"prompt {event.prompt} cannot be said at step {event.step}" for event in played.of(PromptMissing)] if strict else []
    )
    faults += [f"step {event.step} fails" for event in played.of(Diverted) if event.reason in {"step_failed", "too_long"}]
    if played.cause not in {Cause.CALLER, Cause.GOODBYE, Cause.OPERATOR}:
        faults.append(f"it ends by {played.cause}")
    lines = {line.name: line for line in (subject.line, *subject.others)}
    visit: Counter[str] = Counter()
    where = ("", "")
    for event in played.events:
        if isinstance(event, StepEntered):
            visit.clear()
            where = (event.line, event.step)
        elif isinstance(event, InputTaken) and event.result in {"noinput", "nomatch"}:
            visit[event.result] += 1
            step = lines[where[0]].tree.steps.get(where[1]) if where[0] in lines else None
            if isinstance(step, Conversation) and not isinstance(step, Confirm) and visit[event.result] > step.tries:
                faults.append(
                    f"step {where[1]} takes {visit[event.result]} times {event.result}, more than its {step.tries} tries"
                )
    return faults
