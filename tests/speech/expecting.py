"""What the step that listens to an utterance of the corpus expects, and what it makes of what was heard."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from ivr_engine.config import load
from ivr_engine.dialogue import understanding
from ivr_engine.dialogue.understanding import Band
from ivr_engine.engine.lines import load_lines
from ivr_engine.hearing import Expectation

if TYPE_CHECKING:
    from ivr_engine.dialogue.understanding import Understood
    from ivr_engine.hearing import Guess

REASONS = Path(__file__).parents[2] / "benchmarks" / "reasons.yaml"
TODAY = date(2026, 11, 25)
Menus: TypeAlias = dict[str, dict[str, tuple[str, ...]]]
"""Phrases by menu ("line/step") and key."""
_LENGTHS = {"cap": (5, 5), "code": (16, 16)}
_KINDS = {"menu": "phrases", "cap": "digits", "code": "digits", "date": "date", "open": "open"}


def menus(language: str) -> Menus:
    """Of all lines."""
    return {
        f"{line.name}/{name}": {key: option.phrases.get(language, ()) for key, option in step.options.items()}
        for line in load_lines(load()).lines.values()
        for name, step in line.tree.steps.items()
        if step.kind == "menu"
    }


def examples() -> dict[str, list[str]]:
    """The ways to say why one calls that a topic is known by."""
    table = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    return {topic: ways[:3] for topic, ways in table.items() if topic}


class Step:
    """The step for an utterance, a line of corpus.jsonl; of a phrase in several menus the first: elsewhere it sounds the same."""

    def __init__(self, said: dict[str, Any], menus: Menus, examples: dict[str, list[str]]) -> None:
        self.group, self.value, self._language, self._examples = said["group"], said["value"], said["language"], examples
        self._menu: dict[str, tuple[str, ...]] = {}
        self.menu = ""
        if said["menus"]:
            self.menu, self.value = said["menus"][0].rsplit("=", 1)
            self._menu = menus[self.menu]
        kind: Any = _KINDS[self.group]
        phrases = tuple(phrase for own in self._menu.values() for phrase in own)
        self.expectation = Expectation(self._language, kind, understanding.expected(kind, self._language, phrases))

    def understand(self, guesses: tuple[Guess, ...]) -> Understood:
        """As the dialogue does."""
        match self.group:
            case "menu":
                return understanding.choice(guesses, self._menu, self._language)
            case "date":
                return understanding.day(guesses, TODAY, self._language)
            case "open":
                return understanding.topic(guesses, self._examples, self._language)
        return understanding.digits(guesses, _LENGTHS[self.group], self._language)

    def chose(self, understood: Understood) -> bool:
        """Was it understood as what was meant, in whatever band?"""
        return understood.command is None and understood.value == self.value

    def acted(self, understood: Understood) -> bool:
        """Does the right thing follow: taken and right, or asked about with it named; of what means nothing here, not taken?"""
        if not self.value:
            return understood.band is not Band.TAKE
        named = self.value in {understood.value, understood.runner_up} and understood.command is None
        return (understood.band is Band.TAKE and self.chose(understood)) or (understood.band is Band.CONFIRM and named)
