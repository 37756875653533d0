"""What can be proved of a tree before a citizen hears it: that it ends well, that answers are near, that prompts say their keys.

`checks` tells what cannot be served at all; what is found here would be served, and should not be.
"""

from __future__ import annotations

import heapq
import re
from itertools import combinations
from typing import TYPE_CHECKING, Protocol

from ivr_engine.dialogue.model import ToLine, ToStep
from ivr_engine.dialogue.steps.answer import Answer
from ivr_engine.dialogue.steps.ask import Ask
from ivr_engine.dialogue.steps.callback import Callback
from ivr_engine.dialogue.steps.confirm import Confirm
from ivr_engine.dialogue.steps.do import Do
from ivr_engine.dialogue.steps.goodbye import Goodbye
from ivr_engine.dialogue.steps.goto import Goto
from ivr_engine.dialogue.steps.language import Language
from ivr_engine.dialogue.steps.menu import Menu
from ivr_engine.dialogue.steps.open import Open
from ivr_engine.dialogue.steps.queue import Queue
from ivr_engine.dialogue.steps.set_ import Set
from ivr_engine.dialogue.steps.transfer import Transfer
from ivr_engine.dialogue.understanding import sound_alike
from ivr_engine.dialogue.ways import edges, operator_keys, reached
from ivr_engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from ivr_engine.dialogue.model import Line, Step
    from ivr_engine.dialogue.ways import Edge

OPTIONS = 5
OPERATOR_KEYS, OPERATOR_S = 2, 30
ANSWER_KEYS = 3
MENU_S = 20
ALIKE = 0.75
"""From here on what is said for one option is taken for the other when the line is poor."""

_SERVES = (Answer, Queue, Callback, Transfer, Goodbye)
_LISTENS = (Menu, Open, Ask, Confirm, Queue, Callback, Goodbye)
_SLOT = re.compile(r"\{([A-Za-z][A-Za-z0-9_.]*):")
_DIGIT = re.compile(r"(?<![\d.,])\d(?![\d])")
_ENGINE_FILLS = ("choice.", "queue.", "callback_number", "said")


class Ears(Protocol):
    """How long prompts are, and what they say."""

    def ms(self, line: str, prompt: str, language: str) -> int:
        """Milliseconds of a prompt without its slots; 0 when it is unknown."""

    def text(self, line: str, prompt: str, language: str) -> str:
        """Its words as written; "" when it is unknown."""


def prove(line: Line, ears: Ears, day: date, *, strict: bool = False) -> list[Problem]:
    """Every rule that the line breaks on that day; with `strict` also what is only advised."""
    proof = _Proof(line, ears, day)
    rules = (*_RULES, *(_STRICT if strict else ()))
    found = [problem for rule in rules for problem in rule(proof)]
    return sorted(found, key=lambda problem: (problem.file, problem.line))


class _Proof:
    def __init__(self, line: Line, ears: Ears, day: date) -> None:
        self.line, self.ears, self.day = line, ears, day
        self.steps = line.tree.steps
        self.ways = edges(line)
        self.today = edges(line, day)
        self.alive = reached(self.ways, line.tree.start, line.tree.operator)
        self.alive_today = reached(self.today, line.tree.start, line.tree.operator)

    def problem(self, step: str, message: str, hint: str, rule: str, *path: str) -> Problem:
        where = ("steps", step, self.steps[step].kind, *path)
        file, number = self.line.places.at(*where)
        return Problem(file, number, ".".join(where), message, hint, rule)

    def seconds(self, prompt: str) -> float:
        """In the language in which it takes longest."""
        return max(self.ears.ms(self.line.name, prompt, language) for language in self.line.languages) / 1000


def _dead_ends(proof: _Proof) -> Iterator[Problem]:
    good = {name for name, step in proof.steps.items() if isinstance(step, _SERVES) or _leaves(step)}
    grown = True
    while grown:
        more = {name for name in proof.steps if name not in good and any(edge.to in good for edge in proof.ways[name])}
        good |= more
        grown = bool(more)
    for name in sorted(proof.alive - good):
        hint = "lead to an answer, a queue, a callback, a transfer or a goodbye"
        yield proof.problem(name, "leads to no proper end", hint, "dead-end")


def _leaves(step: Step) -> bool:
    return any(isinstance(target, ToLine) for _, target in step.targets())


def _loops(proof: _Proof) -> Iterator[Problem]:
    silent = {name for name in proof.alive if not isinstance(proof.steps[name], _LISTENS) and not _leaves(proof.steps[name])}
    told: set[str] = set()
    for name in sorted(silent):
        if name in told:
            continue
        within = reached({here: [edge for edge in proof.ways[here] if edge.to in silent] for here in silent}, name)
        circle = {other for other in within if name in _after(proof.ways, other, silent)}
        if name in _after(proof.ways, name, silent) and not any(
            edge.to not in circle for here in circle for edge in proof.ways[here]
        ):
            told |= circle
            names = ", ".join(sorted(circle))
            yield proof.problem(
                name, f"goes round and round without asking the caller: {names}", "lead out of it", "endless-loop"
            )


def _after(ways: Mapping[str, list[Edge]], name: str, within: set[str]) -> set[str]:
    inner = {here: [edge for edge in ways[here] if edge.to in within] for here in within}
    return reached(inner, *(edge.to for edge in inner[name]))


def _articles(proof: _Proof) -> Iterator[Problem]:
    for name in sorted(proof.alive_today):
        step = proof.steps[name]
        ids = [article for _, article in step.articles()]
        if ids and not any(proof.line.articles[article].valid(proof.day) for article in ids if article in proof.line.articles):
            message = f"no article of {', '.join(ids)} is valid on {proof.day:%d/%m/%Y}"
            hint = "add the one in force, or lead elsewhere by an if with from and until"
            yield proof.problem(name, message, hint, "expired-article", "article")


def _operator(proof: _Proof) -> Iterator[Problem]:
    """The way to the operator that is quickest to hear, among those of few enough keys."""
    waiting: list[tuple[float, int, str]] = [(0.0, 0, proof.line.tree.start)]
    best: dict[tuple[str, int], float] = {}
    offers = bool(operator_keys(proof.line))
    while waiting:
        seconds, keys, name = heapq.heappop(waiting)
        if best.get((name, keys), float("inf")) <= seconds or name not in proof.steps:
            continue
        best[name, keys] = seconds
        step = proof.steps[name]
        if isinstance(step, Queue):
            break
        heard = seconds + sum(proof.seconds(prompt) for prompt in _heard(step))
        if isinstance(step, Menu) and offers and keys < OPERATOR_KEYS:
            seconds = heard
            break
        for edge in proof.ways[name]:
            if keys + bool(edge.key) <= OPERATOR_KEYS:
                heapq.heappush(waiting, (heard, keys + bool(edge.key), edge.to))
    else:
        message = f"the operator cannot be chosen within {OPERATOR_KEYS} keys of the start"
        yield proof.problem(proof.line.tree.start, message, "offer 0 in the first menu", "operator-too-far")
        return
    if seconds > OPERATOR_S:
        message = f"the operator can be chosen after {seconds:.0f} s of audio only, more than {OPERATOR_S}"
        yield proof.problem(proof.line.tree.start, message, "shorten what is said before", "operator-too-far")


def _heard(step: Step) -> list[str]:
    """What a caller who is new here hears of a step before they can go on."""
    prompts = [key for field, key in step.prompts() if field == "prompt"]
    return prompts[:1] if isinstance(step, Menu | Ask | Confirm) else prompts


def _options(proof: _Proof) -> Iterator[Problem]:
    for name, step in _menus(proof):
        counted = [key for key, option in step.options.items() if not _is_language(proof, option.target)]
        if len(counted) > OPTIONS:
            message = f"has {len(counted)} options, more than {OPTIONS}"
            yield proof.problem(name, message, "part it into two menus", "too-many-options", "options")


def _is_language(proof: _Proof, target: object) -> bool:
    return isinstance(target, ToStep) and isinstance(proof.steps.get(target.step), Language)


def _menus(proof: _Proof) -> Iterator[tuple[str, Menu]]:
    for name, step in proof.steps.items():
        if isinstance(step, Menu) and name in proof.alive:
            yield name, step


def _spoken_keys(proof: _Proof) -> Iterator[Problem]:
    for name, step in _menus(proof):
        for prompt in dict.fromkeys(step.prompt):
            for language in proof.line.languages:
                said = set(_DIGIT.findall(proof.ears.text(proof.line.name, prompt, language)))
                if not said and prompt != step.prompt[0]:
                    continue  # a short prompt may trust in the long one before it
                silent = [
                    key
                    for key, option in step.options.items()
                    if key not in said | {"*", "#"} and not _is_language(proof, option.target)
                ]
                if silent:
                    message = f"prompt {prompt} does not say the key {', '.join(silent)} in {language!r}"
                    yield proof.problem(name, message, "say each option before its key", "option-not-said", "prompt")
                strange = sorted(said - {*step.options, *proof.line.keys})
                if strange:
                    message = f"prompt {prompt} says the key {', '.join(strange)} in {language!r}, which is no option"
                    yield proof.problem(name, message, "write other numbers in words", "key-not-offered", "prompt")


def _phrases_alike(proof: _Proof) -> Iterator[Problem]:
    for name, step in _menus(proof):
        for language in proof.line.languages:
            said = [(key, phrase) for key, option in step.options.items() for phrase in option.phrases.get(language, ())]
            for (key, phrase), (other, another) in combinations(said, 2):
                if key != other and (near := sound_alike(phrase, another, language)) >= ALIKE:
                    message = f"{phrase!r} for {key} and {another!r} for {other} sound alike ({near:.0%}) in {language!r}"
                    yield proof.problem(name, message, "say one of them otherwise", "phrases-alike", "options", other, "phrases")


def _depth(proof: _Proof) -> Iterator[Problem]:
    keys = {proof.line.tree.start: 0}
    waiting = [(0, proof.line.tree.start)]
    while waiting:
        so_far, name = heapq.heappop(waiting)
        if so_far > keys[name]:
            continue
        for edge in proof.ways[name]:
            cost = so_far + (isinstance(proof.steps[name], Menu) and bool(edge.key))
            if cost < keys.get(edge.to, len(proof.steps) + 1):
                keys[edge.to] = cost
                heapq.heappush(waiting, (cost, edge.to))
    for name, count in keys.items():
        if count > ANSWER_KEYS and isinstance(proof.steps[name], Answer | Transfer):
            message = f"takes {count} keys to be heard, more than {ANSWER_KEYS}"
            yield proof.problem(name, message, "bring it nearer to the first menu", "answer-too-deep")


def _slots(proof: _Proof) -> Iterator[Problem]:
    if any(isinstance(step, Do) for step in proof.steps.values()):
        return  # a function may fill whatever it likes
    filled = {step.into or name for name, step in proof.steps.items() if isinstance(step, Ask)}
    filled |= {value for step in proof.steps.values() if isinstance(step, Set) for value in step.values}
    for name in sorted(proof.alive):
        for field, prompt in proof.steps[name].prompts():
            for language in proof.line.languages:
                text = proof.ears.text(proof.line.name, prompt, language)
                empty = [slot for slot in _SLOT.findall(text) if slot not in filled and not slot.startswith(_ENGINE_FILLS)]
                if empty and field:
                    message = f"prompt {prompt} has a slot {empty[0]} that nothing fills in {language!r}"
                    yield proof.problem(name, message, "ask for it, or set it, before", "slot-never-filled", field)


def _long_menus(proof: _Proof) -> Iterator[Problem]:
    for name, step in _menus(proof):
        seconds = proof.seconds(step.prompt[0])
        if seconds > MENU_S:
            message = f"prompt {step.prompt[0]} takes {seconds:.0f} s, more than {MENU_S}"
            yield proof.problem(name, message, "nobody remembers so much", "menu-too-long", "prompt")


def _complaint(proof: _Proof) -> Iterator[Problem]:
    topics = {step.topic for step in proof.steps.values() if isinstance(step, Set | Answer | Callback)}
    if "reclamo" not in topics and not any(isinstance(step, Goto | Menu) and _leaves(step) for step in proof.steps.values()):
        hint = "a set step with topic: reclamo before the operator"
        yield proof.problem(proof.line.tree.start, "no way leads to a complaint", hint, "no-complaint")


def _unconfirmed(proof: _Proof) -> Iterator[Problem]:
    for name in sorted(proof.alive_today):
        for field, article in proof.steps[name].articles():
            if article in proof.line.articles and proof.line.articles[article].certainty == "C":
                message = f"article {article} is of certainty C: to be confirmed"
                yield proof.problem(name, message, "have somebody who knows confirm it", "to-be-confirmed", field)


def _unused(proof: _Proof) -> Iterator[Problem]:
    read = {article for step in proof.steps.values() for _, article in step.articles()}
    for article in sorted(proof.line.articles.keys() - read):
        file, number = proof.line.places.at("steps")
        message = f"article {article} is read by no step"
        yield Problem(file, number, article, message, "read it, or keep it for operators knowingly", "unused-article")


_RULES = (_dead_ends, _loops, _articles, _operator, _options, _spoken_keys, _phrases_alike, _depth, _slots)
_STRICT = (_long_menus, _complaint, _unconfirmed, _unused)
RULES = (
    *("dead-end", "endless-loop", "expired-article", "operator-too-far", "too-many-options", "option-not-said"),
    *("key-not-offered", "phrases-alike", "answer-too-deep", "slot-never-filled"),
)
STRICT_RULES = ("menu-too-long", "no-complaint", "to-be-confirmed", "unused-article")
