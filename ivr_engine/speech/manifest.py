"""What has been rendered: for every sound file the hash of its text and its length, in `manifest.json` of the audio folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from ivr_engine.errors import Invalid, Problem
from ivr_engine.speech.units import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.speech.catalogue import Catalogue, Lengths

FILE = "manifest.json"
# Part of every hash: raise it when sounds are made differently, and all are made anew.
_RECIPE = "1"
_NAMED = 3  # how many names a problem quotes before "and N more"


class Entry(NamedTuple):
    """A rendered sound: the hash of the text it says, and its length in milliseconds."""

    text: str
    ms: int


@cache
def _pronunciations(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    words = yaml.load(Path(__file__).with_name("pronunciation.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return tuple((re.compile(rf"\b{re.escape(written)}\b"), said) for written, said in words.get(language, {}).items())


def said(language: str, text: str) -> str:
    """The text as a voice is given it: acronyms spelled the way they are spoken."""
    for written, spoken in _pronunciations(language):
        text = written.sub(spoken, text)
    return text


def text_hash(language: str, text: str) -> str:
    """The mark of a sound's text; it changes with the text, its pronunciation, and the way sounds are made."""
    return hashlib.sha256(f"{_RECIPE}\n{said(language, text)}".encode()).hexdigest()[:16]


def sound_path(folder: Path, language: str, voice: str, name: str) -> Path:
    """Where a sound lies in the audio folder."""
    return folder / language / voice / f"{name}.wav"


class Manifest:
    """The list of what an audio folder holds."""

    def __init__(self, folder: Path) -> None:
        """Read the folder's list, empty when there is none yet. Raises Invalid when it is damaged."""
        self.folder = folder
        self._entries: dict[str, Entry] = {}
        file = folder / FILE
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            self._entries = {str(name): Entry(str(text), int(ms)) for name, (text, ms) in found.items()}
        except FileNotFoundError:
            return
        except (ValueError, TypeError, AttributeError) as error:
            hint = "delete it, then: ivr prompts render"
            raise Invalid([Problem(str(file), 0, "", "the list of sounds is damaged", hint, "manifest")]) from error

    def __getitem__(self, key: tuple[str, str, str]) -> Entry:
        """The entry of (language, voice, name). Raises KeyError."""
        return self._entries["/".join(key)]

    def add(self, language: str, voice: str, name: str, entry: Entry) -> None:
        """Note that a sound was rendered; kept once `save` is called."""
        self._entries[f"{language}/{voice}/{name}"] = entry

    def lengths(self, voice: str) -> Lengths:
        """How long this voice's sounds are, for a Catalogue."""

        def length(language: str, name: str) -> int | None:
            entry = self._entries.get(f"{language}/{voice}/{name}")
            return entry.ms if entry else None

        return length

    def save(self) -> None:
        """Write the list, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f"{FILE}.new"
        fresh.write_text(json.dumps(self._entries, indent=0, sort_keys=True), encoding="utf-8")
        os.replace(fresh, self.folder / FILE)  # noqa: PTH105 - the atomic one, by name

    def wanting(self, catalogue: Catalogue, language: str, voice: str) -> tuple[dict[str, str], dict[str, str]]:
        """Sounds without a file, and sounds whose text has changed since: name -> text of each."""
        missing: dict[str, str] = {}
        changed: dict[str, str] = {}
        for name, text in catalogue.sounds(language).items():
            entry = self._entries.get(f"{language}/{voice}/{name}")
            if entry is None or not sound_path(self.folder, language, voice, name).is_file():
                missing[name] = text
            elif entry.text != text_hash(language, text):
                changed[name] = text
        return missing, changed


def stale(catalogue: Catalogue, folder: Path, voice: str, languages: Sequence[str] = LANGUAGES) -> list[Problem]:
    """What must be rendered before callers hear everything as written: at most two problems a language."""
    manifest = Manifest(folder)
    problems = []
    for language in languages:
        missing, changed = manifest.wanting(catalogue, language, voice)
        for names, what, rule in (
            (missing, "have no sound file", "sound_missing"),
            (changed, "have an outdated one", "sound_stale"),
        ):
            if names:
                where = str(folder / language / voice)
                message = f"{len(names)} sounds {what}: {_quoted(list(names))}"
                problems.append(Problem(where, 0, "", message, "run: ivr prompts render", rule))
    return problems


def _quoted(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
