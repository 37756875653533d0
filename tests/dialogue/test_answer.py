"""`answer` reads the law of the day; languages of a call, of a prompt."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ivr_engine.clock import ROME
from ivr_engine.dialogue.diversion import Limits
from ivr_engine.dialogue.runner import Runner
from ivr_engine.dialogue.services import Sound
from ivr_engine.events import Diverted
from ivr_engine.testing import FakeCall, ManualClock, play_line
from ivr_engine.testing.rehearsal import house_of, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line

ARTICLE = """{id}:
  title: {{it: "{id}", en: "{id}"}}
  text: {{it: "{id}", en: "{id}"}}
  source: S1
  certainty: A
  topic: {topic}
  category: x
  valid_from: {start}
  valid_to: {end}
  verified: 2026-01-01
"""
ARTICLES = ARTICLE.format(id="L06", topic="old", start="2007-01-01", end="2012-07-17") + ARTICLE.format(
    id="L07", topic="new", start="2016-03-12", end="null"
)
LAW = (
    "law: {answer: {article: [L06, L07], then: bye, otherwise: none}}\nbye: {goodbye: {}}\nnone: {say: {prompt: none, then: bye}}"
)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ROME).timestamp()


@pytest.mark.parametrize(
    ("when", "heard", "topic"),
    [
        ("2012-03-01 10:00", "article.L06", "old"),
        ("2012-07-17 23:59", "article.L06", "old"),  # the day is Rome's
        ("2016-03-12 00:00", "article.L07", "new"),
        ("2026-11-23 10:00", "article.L07", "new"),
    ],
)
def test_the_article_valid_on_the_day_of_the_call_is_read(
    line_of: Callable[..., Line], when: str, heard: str, topic: str
) -> None:
    played = play_line(line_of(LAW, articles=ARTICLES), at=at(when))
    assert played.heard[0] == heard
    assert played.progress.topic == topic
    assert played.of(Diverted) == []


def test_a_day_without_law_leads_on(line_of: Callable[..., Line]) -> None:
    played = play_line(line_of(LAW, articles=ARTICLES), at=at("2014-01-01 10:00"))
    assert played.steps == ["law", "none", "bye"]
    assert [event.reason for event in played.of(Diverted)] == ["article_not_valid"]
    bare = "law: {answer: {article: [L06, L07], then: bye}}\nbye: {goodbye: {}}"
    assert play_line(line_of(bare, articles=ARTICLES), at=at("2014-01-01 10:00")).steps == ["law", "operator"]


# --- languages

ENGLISH = """
hint: {say: {prompt: hint, language: en, then: menu}}
menu: {menu: {prompt: menu, options: {"8": english, "1": said}}}
english: {language: {to: en, then: menu}}
said: {say: {prompt: said, then: bye}}
bye: {goodbye: {prompt: bye}}
"""


def test_one_prompt_in_another_language(line_of: Callable[..., Line]) -> None:
    line = line_of(ENGLISH)
    told = {key: {"it": f"{key} in italiano", "en": f"{key} in English"} for key in line.prompts}
    played = play_line(replace(line, prompts=told), "1")
    assert [text for text in played.story if ": " in text] == [
        *("hint: hint in English", "menu: menu in italiano", "said: said in italiano", "bye: bye in italiano")
    ]
    assert played.call.language == "it"
    english = play_line(replace(line, prompts=told), "8 1")
    assert english.story[-1] == "bye: bye in English"
    assert english.call.language == "en"
    cut = play_line(replace(line, prompts=told), "<8 1")
    assert cut.steps == ["hint", "menu", "english", "menu", "said", "bye"]


class SlowToSwitch(FakeCall):
    """A language takes a minute to be switched on."""

    async def set_language(self, language: str) -> None:
        self.clock.advance(60)
        await super().set_language(language)


def test_a_call_diverted_from_a_prompt_in_another_language_keeps_its_own(line_of: Callable[..., Line]) -> None:
    line, clock, events = line_of("hint: {say: {prompt: hint, language: en, then: hint}}"), ManualClock(), list[object]()
    prompts = SimpleNamespace(utterance=lambda line, key, language, values: (Sound(f"{language}/{key}", 1000),))
    house = replace(house_of(prompts, clock), limits=Limits(self_service_s=90))
    call = SlowToSwitch(clock=clock)
    journal = SimpleNamespace(record=events.append)
    run(Runner(call=call, contact="C", journal=journal, line=line, lines={}, house=house).run())
    assert [event.reason for event in events if isinstance(event, Diverted)] == ["self_service_limit"]
    assert call.language == "it"
    assert call.heard[0] == "it/operator"
