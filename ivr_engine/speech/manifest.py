"""What has been rendered: for every sound file the hash of its text and its length, in `manifest.json` of the audio folder."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.errors import Invalid, Problem, Unavailable
from ivr_engine.speech.normal import spoken
from ivr_engine.speech.sound import RATE, made_here, recording
from ivr_engine.speech.units import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ivr_engine.speech.catalogue import Catalogue, Lengths, Speakers

FILE = "manifest.json"
# Part of every hash: raise it when sounds are made differently, and all are made anew.
_RECIPE = "2"
_NAMED = 3  # how many names a problem quotes before "and N more"


RECORDED = "recorded"
SPARE = "spare/"
"""Before the name of a sound's twin, said by the spare voice: a prompt whose own text only that voice could read has its
numbers and dates from it too."""


class Entry(NamedTuple):
    """A sound: the hash of the text it says, its length in milliseconds, who says it: a voice, or `RECORDED` for a person."""

    text: str
    ms: int
    by: str = ""


def text_hash(language: str, text: str) -> str:
    """The mark of a sound's text; it changes with the text, its pronunciation, and the way sounds are made."""
    return hashlib.sha256(f"{_RECIPE}\n{spoken(language, text)}".encode()).hexdigest()[:16]


def sound_path(folder: Path, language: str, voice: str, name: str) -> Path:
    """Where a sound lies in the audio folder."""
    return folder / language / voice / f"{name}.wav"


class Manifest:
    """The list of what an audio folder holds."""

    def __init__(self, folder: Path) -> None:
        """Read the folder's list, empty when there is none yet. Raises Invalid when it is damaged, Unavailable when it cannot be
        read."""
        self.folder = folder
        self._entries: dict[str, Entry] = {}
        file = folder / FILE
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            self._entries = {str(name): Entry(str(text), int(ms), *map(str, by)) for name, (text, ms, *by) in found.items()}
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unavailable(
                f"{file} cannot be read: {error.strerror}", "check prompts.folder, and the folder's owner"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            hint = "delete it, then: ivr prompts render"
            raise Invalid([Problem(str(file), 0, "", "the list of sounds is damaged", hint, "manifest")]) from error

    def __getitem__(self, key: tuple[str, str, str]) -> Entry:
        """The entry of (language, voice, name). Raises KeyError."""
        return self._entries["/".join(key)]

    def add(self, language: str, voice: str, name: str, entry: Entry) -> None:
        """Note that a sound was rendered; kept once `save` is called."""
        self._entries[f"{language}/{voice}/{name}"] = entry

    def entry(self, language: str, voice: str, name: str) -> Entry | None:
        """What is known of a sound; None when it was never made."""
        return self._entries.get(f"{language}/{voice}/{name}")

    def lengths(self, voices: str | Mapping[str, str]) -> Lengths:
        """How long the sounds of a voice (of one for each language) are, for a Catalogue."""

        def length(language: str, name: str) -> int | None:
            entry = self.entry(language, voices if isinstance(voices, str) else voices[language], name)
            return entry.ms if entry else None

        return length

    def speakers(self, voices: Mapping[str, str]) -> Speakers:
        """Who says each sound, for a Catalogue."""

        def speaker(language: str, name: str) -> str:
            entry = self.entry(language, voices[language], name)
            return entry.by if entry else ""

        return speaker

    def save(self) -> None:
        """Write the list, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f"{FILE}.new"
        fresh.write_text(json.dumps(self._entries, indent=0, sort_keys=True), encoding="utf-8")
        os.replace(fresh, self.folder / FILE)  # noqa: PTH105 - the atomic one, by name

    def wanting(self, catalogue: Catalogue, language: str, voice: str) -> tuple[dict[str, str], dict[str, str]]:
        """Sounds without a file, and sounds whose text has changed since: name -> text of each. Recordings are never wanting."""
        missing: dict[str, str] = {}
        changed: dict[str, str] = {}
        for name, text in catalogue.sounds(language).items():
            entry = self.entry(language, voice, name)
            if not sound_path(self.folder, language, voice, name).is_file():
                missing[name] = text
            elif self.is_recording(language, voice, name):
                continue
            elif entry is None:
                missing[name] = text
            elif entry.text != text_hash(language, text):
                changed[name] = text
        return missing, changed

    def is_recording(self, language: str, voice: str, name: str) -> bool:
        """Whether somebody's recording lies there. What this list names without a speaker is of before sounds were marked."""
        entry = self.entry(language, voice, name)
        path = sound_path(self.folder, language, voice, name)
        return not (entry is not None and entry.by == "") and path.is_file() and not made_here(path)

    def note_recordings(self, catalogue: Catalogue, language: str, voice: str, rate: int = RATE) -> list[Problem]:
        """Note recordings that were dropped in place since, with the words they say now; what is wrong with recordings.

        A recording noted before keeps the words it was made for: when the text has changed since, that is a problem.
        """
        problems = []
        for name, text in catalogue.sounds(language).items():
            if not self.is_recording(language, voice, name):
                continue
            path, entry = sound_path(self.folder, language, voice, name), self.entry(language, voice, name)
            found = recording(path, rate)
            if found.wrong:
                hint = "record it again, or delete it and run: ivr prompts render"
                problems.append(Problem(str(path), 0, "", f"the recording {found.wrong}", hint, "recording-wrong"))
                continue
            known = (
                entry.text if entry is not None and entry.by == RECORDED and entry.ms == found.ms else text_hash(language, text)
            )
            self.add(language, voice, name, Entry(known, found.ms, RECORDED))
            if known != text_hash(language, text):
                problems.append(_outdated(path, text))
        return problems + self._left_behind(catalogue, language, voice)

    def _left_behind(self, catalogue: Catalogue, language: str, voice: str) -> list[Problem]:
        """Recordings of a line's prompt whose words have changed: the new words have a file of another name."""
        names = catalogue.sounds(language)
        recorded = {key.split("/", 2)[2] for key, entry in self._entries.items() if entry.by == RECORDED}
        old = {name.rpartition(".")[0]: name for name in sorted(recorded - names.keys())}
        return [
            _outdated(sound_path(self.folder, language, voice, old[stem]), text)
            for name, text in names.items()
            if (stem := name.rpartition(".")[0]) in old and name not in recorded
        ]


def _outdated(path: Path, text: str) -> Problem:
    message = f"the recording says an older text than {text[:50]!r}"
    return Problem(str(path), 0, "", message, "record the new one, or delete it and run: ivr prompts render", "recording-stale")


def stale(
    catalogue: Catalogue, folder: Path, voice: str, languages: Sequence[str] = LANGUAGES, rate: int = RATE
) -> list[Problem]:
    """What must be done before callers hear everything as written: at most two problems a language, and each bad recording."""
    manifest = Manifest(folder)
    problems = []
    for language in languages:
        problems += manifest.note_recordings(catalogue, language, voice, rate)
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
