"""The browser phone: a keypad, the real prompts, the transcript. For trials on the built-in exchange; off in production."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ivr_engine.console import words
from ivr_engine.console.phone import offered, takes_voice
from ivr_engine.console.visit import Answer, NotFound
from ivr_engine.speech.manifest import sound_path

if TYPE_CHECKING:
    from ivr_engine.console.visit import Visit

MICROPHONE = {"Permissions-Policy": "camera=(), geolocation=(), microphone=(self)"}
"""Of this page alone; see app.py for the others."""


async def show(visit: Visit) -> Answer:
    """GET /phone"""
    if not offered(visit.office):
        raise NotFound
    lines = visit.office.lines()
    numbers = [(number, words.title(lines, line, visit.language)) for number, line in sorted(lines.numbers().items())]
    voice = takes_voice(visit.office)
    page = visit.page("phone/phone.html", numbers=numbers, voice=voice)
    return replace(page, headers=MICROPHONE) if voice else page


async def sound(visit: Visit, language: str, file: str) -> Answer:
    """GET /phone/sounds/LANGUAGE/FILE: a prompt that some call may be played; only names of the catalogue are looked up."""
    office = visit.office
    if not offered(office) or office.lines().catalogue.length(language, file) is None:
        raise NotFound
    settings, prompts = office.settings, office.settings.prompts
    path = sound_path(settings.path(prompts.folder), language, prompts.voice_of(language), file.removeprefix("ivr/"))
    try:
        content = await office.in_thread(path.read_bytes)
    except OSError as error:
        raise NotFound from error
    return Answer(200, content, "audio/wav")
