"""The recognisers that the settings ask for and that are installed here."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pluggy
import structlog

from ivr_engine import hookspecs
from ivr_engine.errors import Invalid, Problem, Unavailable
from ivr_engine.speech.ears import builtin
from ivr_engine.speech.ears.pool import Manner, Model, ProcessEars
from ivr_engine.speech.ears.turn import Pauses

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ivr_engine.config import Settings
    from ivr_engine.dialogue.model import Line

log = structlog.get_logger()

ENTRY_POINTS = "ivr_engine.ears"
_PACKAGES = {"vosk": ("vosk", "speech"), "whisper": ("faster_whisper", "whisper")}


def ears(settings: Settings, reactor: Any) -> ProcessEars | None:
    """The recognisers, not started yet; None when nothing is installed or configured: callers have keys alone.

    Raises Invalid when a model's engine is none, or two plugins bring the same one.
    """
    known = engines()
    models: dict[str, Model] = {}
    for language, name in settings.speech.ears.items():
        try:
            models[language] = model(settings, language, name, known)
        except Unavailable as error:
            log.info("callers of this language have keys alone", language=language, reason=str(error))
    return ProcessEars(reactor, models, manner(settings)) if models else None


def engines() -> Mapping[str, str]:
    """Every recogniser's class by engine name, ours and those of installed packages. Raises Invalid when one is there twice."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(builtin)
    manager.load_setuptools_entrypoints(ENTRY_POINTS)
    found: dict[str, str] = {}
    for more in manager.hook.ivr_ears():
        for name, where in more.items():
            if found.setdefault(name, where) != where:
                message = f"{found[name]} and {where} both call themselves {name!r}"
                raise Invalid([Problem("", 0, "ivr_ears", message, "uninstall one of them", "engine-twice")])
    return found


def model(settings: Settings, language: str, name: str, known: Mapping[str, str]) -> Model:
    """What a language is heard with. Raises Unavailable when a package or file is missing, Invalid when its engine is none."""
    engine = name.split("-", maxsplit=1)[0]
    if engine not in known:
        message = f"{name!r} is of no engine there is"
        hint = f"a model's name begins with its engine: {', '.join(sorted(known))}"
        raise Invalid([settings.problem(("speech", "ears", language), message, hint)])
    package, extra = _PACKAGES.get(engine, ("", ""))
    for needed in (package, "webrtcvad") if package else ():
        if importlib.util.find_spec(needed) is None:
            raise Unavailable(f"the package {needed} is not installed", f"pip install 'ivr-engine[{extra}]'")
    return Model(known[engine], _installed(name, settings.path(settings.speech.models)))


def _installed(name: str, models: Path) -> Path:
    folder = models / name
    if not folder.is_dir():
        raise Unavailable(f"the model {name} is not in {models}", f"ivr models install {name}")
    return folder


def manner(settings: Settings) -> Manner:
    """How the settings want models used."""
    speech = settings.speech
    pauses = Pauses(speech.silence_ms, speech.long_silence_ms, speech.settled_ms, round(speech.longest * 1000))
    return Manner(speech.workers, speech.turns, speech.threads, speech.deadline, pauses)


async def await_models(hearing: ProcessEars, lines: Iterable[Line]) -> None:
    """Until callers can be heard; then log the words of menus' phrases that a line's recogniser can never hear."""
    await hearing.ready()
    log.info("callers are heard", languages=sorted(hearing.languages))
    for line in lines:
        for language in line.languages:
            phrases = [phrase for step in line.tree.steps.values() for phrase in step.phrases(language)]
            if missing := await hearing.unknown(language, phrases):
                log.warning(
                    "words of phrases that the recogniser does not know", line=line.name, language=language, words=missing
                )
