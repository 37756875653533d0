"""Every prompt of the engine and its lines: from a key to the sounds that say it.

Sounds are named as they lie in the audio folder, without extension: `<line>/<key>.<mark>`, `core/<key>`, `units/<kind>/<value>`.
A line's mark is a hash of the words, so that two versions of a prompt lie side by side while calls hear the older one; core
prompts come with the engine (`.2`, `.3` for the later texts of one with slots) and the dialplan names them. A call plays them
as `ivr/<name>`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import yaml

from ivr_engine.errors import Invalid, Problem
from ivr_engine.sounds import ARTICLE, MESSAGE, Sound
from ivr_engine.speech.manifest import RECORDED, SPARE
from ivr_engine.speech.template import Slot, parse
from ivr_engine.speech.units import (
    LANGUAGES,
    PAUSE,
    amount_units,
    date_units,
    digit_units,
    number_units,
    phone_units,
    time_units,
    unit_texts,
)

CORE = "core"
PLAYED_UNDER = "ivr"
# A sound not rendered yet has a length all the same, so that a call without audio is paced like one with it.
_MS_PER_CHARACTER = 65
_ALONE = (ARTICLE, MESSAGE)
_SAFE_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Texts: TypeAlias = Mapping[str, Mapping[str, str]]
"""Of one line: prompt key -> language -> text. Articles are in it as `article.<id>`."""
Lengths: TypeAlias = Callable[[str, str], int | None]
"""Milliseconds of a rendered sound, by language and name; None when it is not rendered."""
Speakers: TypeAlias = Callable[[str, str], str]
"""Who says a sound, by language and name; "" when nobody is known."""
Value: TypeAlias = date | int | str


class _Fragment(NamedTuple):
    name: str


_Parts: TypeAlias = tuple[_Fragment | Slot, ...]


@cache
def core_texts() -> Texts:
    """The engine's own prompts, which every line may use: key -> language -> text."""
    texts: Texts = yaml.load(Path(__file__).with_name("core.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return texts


def not_rendered(language: str, name: str) -> int | None:  # noqa: ARG001 - a Lengths
    """The Lengths of a house without sound files: nothing is rendered, all lengths are estimated."""
    return None


class Catalogue:
    """All prompts of core and lines. Raises Invalid, with every mistake found, when one cannot be spoken."""

    def __init__(
        self, lines: Mapping[str, Texts], lengths: Lengths = not_rendered, speakers: Speakers = lambda _language, _name: ""
    ) -> None:
        self._lengths = lengths
        self._speakers = speakers
        self._parts: dict[tuple[str, str, str], _Parts] = {}
        self._sounds: dict[str, dict[str, str]] = {language: dict(unit_texts(language)) for language in LANGUAGES}
        problems: list[Problem] = []
        for line, texts in {**lines, CORE: core_texts()}.items():
            for key, by_language in texts.items():
                for language, text in by_language.items():
                    try:
                        self._add(line, key, language, text)
                    except ValueError as error:
                        problems.append(Problem(f"{line}/prompts.yaml", 0, f"{key}.{language}", str(error), rule="prompt"))
        if problems:
            raise Invalid(problems)

    def _add(self, line: str, key: str, language: str, text: str) -> None:
        if language not in self._sounds:
            raise ValueError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
        if not _SAFE_KEY.fullmatch(key):
            raise ValueError("a prompt key has only letters, digits, dots, dashes and underscores")
        parts: list[_Fragment | Slot] = []
        spoken = 0
        for part in parse(text):
            if isinstance(part, str):
                spoken += 1
                name = f"{line}/{key}{_mark(part) if line != CORE else f'.{spoken}' if spoken > 1 else ''}"
                if self._sounds[language].get(name, part) != part:
                    raise ValueError(f"its sound file {name} is also that of another prompt")
                self._sounds[language][name] = part
                parts.append(_Fragment(name))
            else:
                parts.append(part)
        if not parts:
            raise ValueError("there is nothing to be heard in it")
        self._parts[line, key, language] = tuple(parts)

    def sounds(self, language: str) -> Mapping[str, str]:
        """Every sound of a language: its name and its text, units first. Raises LookupError for an unknown language."""
        return self._sounds[language]

    def together(self, language: str) -> set[str]:
        """Sounds that may be said in one prompt with others: units, prompts with slots and in pieces, and what may fill a slot.
        Not what is always said alone: an article or a message without slots."""
        names = set(unit_texts(language))
        for (_line, key, spoken), parts in self._parts.items():
            if spoken == language and (len(parts) > 1 or not key.startswith(_ALONE)):
                names.update(part.name for part in parts if isinstance(part, _Fragment))
        return names

    def length(self, language: str, file: str) -> int | None:
        """Milliseconds of a sound by the name it is played under; None when no such sound belongs to the catalogue."""
        name = file.removeprefix(f"{PLAYED_UNDER}/")
        return self._sound(language, name).ms if name.removeprefix(SPARE) in self._sounds.get(language, ()) else None

    def text(self, language: str, file: str) -> str:
        """What a sound says, by the name it is played under; the name itself when it is none of the catalogue's."""
        return self._sounds.get(language, {}).get(file.removeprefix(f"{PLAYED_UNDER}/").removeprefix(SPARE), file)

    def fixed_ms(self, line: str, key: str, language: str) -> int:
        """Milliseconds of a prompt (the line's own, else core's) without what fills its slots; 0 when it is unknown."""
        parts = self._parts.get((line, key, language)) or self._parts.get((CORE, key, language)) or ()
        return sum(self._sound(language, part.name).ms for part in parts if isinstance(part, _Fragment))

    def utterance(self, line: str, key: str, language: str, values: Mapping[str, Value]) -> tuple[Sound, ...]:
        """The sounds of a prompt (the line's own, else core's), slots filled in. Raises LookupError: unknown key or value."""
        names = self._names(line, key, language, values, nested=False)
        if len(names) > 1 and len({self._speakers(language, name) for name in names if name != PAUSE} - {RECORDED, ""}) > 1:
            # Voices would change in mid-sentence: where there is a twin by the spare voice, it speaks all of it.
            names = tuple(f"{SPARE}{name}" if self._lengths(language, f"{SPARE}{name}") is not None else name for name in names)
        return tuple(self._sound(language, name) for name in names)

    def _names(self, line: str, key: str, language: str, values: Mapping[str, Value], *, nested: bool) -> tuple[str, ...]:
        parts = self._parts.get((line, key, language)) or self._parts.get((CORE, key, language))
        if parts is None:
            raise LookupError(f"line {line} has no prompt {key!r} in {language!r}")
        names: list[str] = []
        for part in parts:
            if isinstance(part, _Fragment):
                names.append(part.name)
            elif part.kind != "prompt":
                names += _value_units(part, values)
            elif nested:
                # One level is what lines need; deeper, a value could name the very prompt it stands in.
                raise LookupError(f"prompt {key!r} is a value itself and cannot hold another prompt")
            else:
                names += self._names(line, str(_value(part, values)), language, values, nested=True)
        return tuple(names)

    def _sound(self, language: str, name: str) -> Sound:
        ms = self._lengths(language, name)
        if ms is None:
            ms = _MS_PER_CHARACTER * len(self._sounds[language][name.removeprefix(SPARE)])
        return Sound(f"{PLAYED_UNDER}/{name}", ms)


def _mark(text: str) -> str:
    return "." + hashlib.sha256(text.encode()).hexdigest()[:8]


def _value(slot: Slot, values: Mapping[str, Value]) -> Value:
    if slot.name not in values:
        raise LookupError(f"no value for {{{slot.name}:{slot.kind}}}")
    return values[slot.name]


_SPELLED = {"digits": digit_units, "phone": phone_units, "amount": amount_units, "time": time_units}


def _value_units(slot: Slot, values: Mapping[str, Value]) -> tuple[str, ...]:
    value = _value(slot, values)
    try:
        if slot.kind == "date":
            return date_units(value if isinstance(value, date) else date.fromisoformat(str(value)))
        if slot.kind == "number":
            return number_units(int(str(value)))
        return _SPELLED[slot.kind](str(value))
    except ValueError as error:
        raise LookupError(f"the value of {{{slot.name}:{slot.kind}}} cannot be spoken so") from error
