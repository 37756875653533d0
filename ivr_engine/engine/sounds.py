"""The voices a site chose, and its sounds made, laid out and checked with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.errors import Invalid
from ivr_engine.speech.install import install
from ivr_engine.speech.manifest import Manifest, stale
from ivr_engine.speech.units import LANGUAGES
from ivr_engine.speech.voice import Pyttsx3Voice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ivr_engine.config import Settings
    from ivr_engine.errors import Problem
    from ivr_engine.hookspecs import MakeVoice, Voice
    from ivr_engine.speech.catalogue import Catalogue
    from ivr_engine.speech.render import Progress


def voice_names(settings: Settings) -> dict[str, str]:
    """Who reads the prompts of each language."""
    return {language: settings.prompts.voice_of(language) for language in LANGUAGES}


def voices(settings: Settings, known: Mapping[str, MakeVoice]) -> dict[str, Voice]:
    """The voice of each language. Raises Invalid when the setting names one that nobody brings."""
    made = {}
    for language, name in voice_names(settings).items():
        if name not in known:
            problem = settings.problem(
                ("prompts", "voice"), f"there is no voice {name!r}", f"voices are {', '.join(sorted(known))}"
            )
            raise Invalid([problem])
        made[language] = known[name](settings.path(settings.speech.models))
    return made


def render(
    settings: Settings,
    catalogue: Catalogue,
    known: Mapping[str, MakeVoice],
    progress: Progress = lambda _done, _total: None,
    rate: int = 0,
) -> int:
    """Make what is missing or stale; how many sounds. What the chosen voice cannot say, the voice of last resort does.

    `rate`: the setting's when 0. Raises Invalid, Unavailable, OSError.
    """
    from ivr_engine.speech import render as making  # what an engine never does takes a while to import

    folder, rate = settings.path(settings.prompts.folder), rate or settings.prompts.rate
    made = 0
    for language, voice in voices(settings, known).items():
        spare = Pyttsx3Voice()
        made += making.render(catalogue, folder, voice, spare=spare, languages=[language], rate=rate, progress=progress)
    return made


def lay_out(settings: Settings, to: Path) -> int:
    """Copy the sounds where an Asterisk finds them; how many were copied. Raises Unavailable, OSError."""
    folder = settings.path(settings.prompts.folder)
    return sum(install(folder, to, voice, [language]) for language, voice in voice_names(settings).items())


def wanting(settings: Settings, catalogue: Catalogue) -> list[Problem]:
    """Sound files that are missing or no longer say their text, and recordings that are wrong or outdated."""
    folder = settings.path(settings.prompts.folder)
    names = voice_names(settings).items()
    return [
        problem for language, voice in names for problem in stale(catalogue, folder, voice, [language], settings.prompts.rate)
    ]


def spare_count(settings: Settings, catalogue: Catalogue) -> int:
    """How many sounds another voice than the chosen one says, for want of it."""
    manifest = Manifest(settings.path(settings.prompts.folder))
    spoken = [
        (entry.by, voice)
        for language, voice in voice_names(settings).items()
        for name in catalogue.sounds(language)
        if (entry := manifest.entry(language, voice, name))
    ]
    return sum(by == Pyttsx3Voice.name != voice for by, voice in spoken)
