"""Sixty utterances of the corpus, made by `benchmarks/speech_corpus.py`: how many are understood, and that no wrong one is taken.

Whisper in Italian, through the processes and rules that serve calls. The bounds are a little below what was measured, since
processors differ in the last digits; `benchmarks/speech.py` has the figures, on the whole corpus.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import soundfile
import yaml

from ivr_engine.config import load
from ivr_engine.dialogue import understanding
from ivr_engine.dialogue.understanding import Band
from ivr_engine.engine.lines import load_lines
from ivr_engine.hearing import Expectation, Final
from ivr_engine.speech.ears.pool import Manner, Model, ProcessEars

from .listening import Listener, model, reactor, run

if TYPE_CHECKING:
    from ivr_engine.dialogue.understanding import Understood
    from ivr_engine.hearing import Guess

SAMPLE = Path(__file__).with_name("sample")
REASONS = Path(__file__).parents[2] / "benchmarks" / "reasons.yaml"
WHISPER = "ivr_engine.speech.ears.by_whisper:Whisper"
TODAY = date(2026, 11, 25)
Menus: TypeAlias = dict[str, dict[str, tuple[str, ...]]]
"""Phrases by menu ("line/step") and key."""
LENGTHS = {"cap": (5, 5), "code": (16, 16)}
KINDS = {"menu": "phrases", "cap": "digits", "code": "digits", "date": "date", "open": "open"}


class Step:
    """What the step that listens to an utterance expects, and what it makes of what was heard."""

    def __init__(
        self, said: dict[str, Any], menus: dict[str, dict[str, tuple[str, ...]]], examples: dict[str, list[str]]
    ) -> None:
        self.group, self.value, self._examples = said["group"], said["value"], examples
        self._menu: dict[str, tuple[str, ...]] = {}
        if said["menus"]:
            where, self.value = said["menus"][0].rsplit("=", 1)
            self._menu = menus[where]
        phrases = tuple(phrase for own in self._menu.values() for phrase in own)
        self.expectation = Expectation("it", KINDS[self.group], understanding.expected(KINDS[self.group], "it", phrases))  # type: ignore[arg-type]

    def understand(self, guesses: tuple[Guess, ...]) -> Understood:
        match self.group:
            case "menu":
                return understanding.choice(guesses, self._menu, "it")
            case "date":
                return understanding.day(guesses, TODAY, "it")
            case "open":
                return understanding.topic(guesses, self._examples, "it")
        return understanding.digits(guesses, LENGTHS[self.group], "it")


@pytest.mark.timeout(300)
def test_sixty_utterances_are_understood_and_no_wrong_one_is_taken() -> None:
    menus = {
        f"{line.name}/{name}": {key: option.phrases.get("it", ()) for key, option in step.options.items()}
        for line in load_lines(load()).lines.values()
        for name, step in line.tree.steps.items()
        if step.kind == "menu"
    }
    examples = {topic: ways[:3] for topic, ways in yaml.safe_load(REASONS.read_text(encoding="utf-8")).items() if topic}
    corpus = [json.loads(line) for line in (SAMPLE / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter(said["group"] in {"menu", "open"} for said in corpus) == {True: 40, False: 20}
    ears = ProcessEars(reactor, {"it": Model(WHISPER, model("whisper-base"))}, Manner(deadline=60))
    count: Counter[tuple[str, str]] = Counter()
    wrong = []

    async def heard() -> None:
        ears.start()
        await ears.ready()
        for said in corpus:
            step = Step(said, menus, examples)
            audio, _rate = soundfile.read(SAMPLE / said["file"], dtype="int16")
            listener = Listener(ears, step.expectation)
            listener.feed(audio.tobytes() + bytes(16_000 * 2))
            final = await listener.over()
            assert isinstance(final, Final), final
            found = step.understand(final.guesses)
            right = found.command is None and found.value == step.value
            kind = said["group"] if said["group"] in {"menu", "open"} else "digits"
            count[kind, "right"] += right or (not step.value and found.band is not Band.TAKE)
            if found.band is Band.TAKE and not right:
                wrong.append((said["text"], found.command or found.value, final.guesses[:2]))
        await ears.stop()

    run(heard(), 280)
    assert wrong == []
    assert count["menu", "right"] >= 18, count
    assert count["open", "right"] >= 14, count
    assert count["digits", "right"] >= 12, count
