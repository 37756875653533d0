"""All lines as one whole: found, read, checked against each other, with the prompts they speak."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ivr_engine.dialogue import validators as core_validators
from ivr_engine.dialogue.hours import HoursData
from ivr_engine.dialogue.loader import LineFiles, check, read_line
from ivr_engine.dialogue.proofs import prove
from ivr_engine.dialogue.source import Source
from ivr_engine.engine.sounds import voice_names, wanting
from ivr_engine.errors import Invalid, Problem
from ivr_engine.plugins.find import find
from ivr_engine.sounds import MESSAGE
from ivr_engine.speech import voices as core_voices
from ivr_engine.speech.catalogue import Catalogue, core_texts
from ivr_engine.speech.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from ivr_engine.config import Settings
    from ivr_engine.dialogue.model import Line
    from ivr_engine.hookspecs import Function, MakeVoice, Validator
    from ivr_engine.plugins.find import Found
    from ivr_engine.records.notices import FrontMessage


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines by name, with what their plugins bring and the catalogue of all they say. It never changes: a new publication
    is a new one, and calls keep the one they began with. `versions`: which of each line's, where the store keeps them."""

    lines: Mapping[str, Line]
    functions: Mapping[str, Mapping[str, Function]]
    validators: Mapping[str, Validator]
    catalogue: Catalogue
    versions: Mapping[str, int] = field(default_factory=dict)
    voices: Mapping[str, MakeVoice] = field(default_factory=dict)

    def numbers(self) -> dict[str, str]:
        """Dialled number → line."""
        return {number: line.name for line in self.lines.values() for number in line.numbers}

    def queues(self) -> dict[str, str]:
        """Queue → the line it belongs to: the one of that name, else the first that uses it."""
        owners: dict[str, str] = {}
        for line in self.lines.values():
            if line.queue not in owners or line.queue == line.name:
                owners[line.queue] = line.name
        return owners


def find_lines(settings: Settings) -> Found:
    """Where the lines are, and what their plugins bring. Raises Invalid."""
    return find([settings.path(folder) for folder in settings.plugins.folders], core_validators, core_voices)


def files_of(found: Found) -> dict[str, LineFiles]:
    """What the lines' folders hold now."""
    return {name: LineFiles.of_folder(place.folder, found.parts) for name, place in found.lines.items()}


def load_lines(settings: Settings) -> Lines:
    """Every line as its folder has it. Raises Invalid with all mistakes of all lines."""
    found = find_lines(settings)
    return build_lines(settings, found, files_of(found))


def build_lines(
    settings: Settings,
    found: Found,
    files: Mapping[str, LineFiles],
    *,
    versions: Mapping[str, int] | None = None,
    messages: Iterable[FrontMessage] = (),
) -> Lines:
    """The lines that these files make, as the site's settings have them. Raises Invalid with all mistakes of all lines."""
    lines: dict[str, Line] = {}
    problems: list[Problem] = []
    for name, its_files in files.items():
        line, its_problems = read_line(its_files, name)
        problems += its_problems
        if line is not None:
            lines[name] = line
    problems += _apply_site(settings, lines)
    functions = {name: place.functions for name, place in found.lines.items()}
    if len(lines) == len(files):
        problems += check(lines, functions, found.validators, core_texts().keys())
    if problems:
        raise Invalid(dict.fromkeys(problems))  # what is wrong in a shared part is wrong once
    manifest = Manifest(settings.path(settings.prompts.folder))
    texts = {name: {**line.texts(), **_messages(name, messages)} for name, line in lines.items()}
    names = voice_names(settings)
    catalogue = Catalogue(texts, manifest.lengths(names), manifest.speakers(names))
    return Lines(lines, functions, found.validators, catalogue, versions or {}, found.voices)


class _Ears:
    """Satisfies dialogue.proofs.Ears."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def ms(self, line: str, prompt: str, language: str) -> int:
        return self._lines.catalogue.fixed_ms(line, prompt, language)

    def text(self, line: str, prompt: str, language: str) -> str:
        own = self._lines.lines[line].texts()
        return (own.get(prompt) or core_texts().get(prompt) or {}).get(language, "")


def proved(lines: Lines, day: date, only: str | None = None, *, strict: bool = False) -> list[Problem]:
    """What callers of the lines (or of one) would suffer on that day; with `strict` also what is only advised."""
    ears = _Ears(lines)
    chosen = [line for name, line in lines.lines.items() if only in {None, name}]
    return [problem for line in chosen for problem in prove(line, ears, day, strict=strict)]


def sounds_wanting(settings: Settings, lines: Lines) -> list[Problem]:
    """Sound files that are missing or no longer say their text."""
    return wanting(settings, lines.catalogue)


def _messages(line: str, messages: Iterable[FrontMessage]) -> dict[str, Mapping[str, str]]:
    return {f"{MESSAGE}{message.id}": message.texts for message in messages if message.line in {"", line}}


def _apply_site(settings: Settings, lines: dict[str, Line]) -> list[Problem]:
    """Put the site's numbers, queues and hours in place of the plugins' own."""
    problems = []
    for name, site in settings.lines.items():
        if name not in lines:
            hint = f"lines are {', '.join(sorted(lines))}"
            problems.append(settings.problem(("lines", name), "there is no such line", hint, "unknown-line"))
            continue
        changed = {key: value for key, value in site if value is not None}
        if site.hours is not None:
            reading = Source("", None)
            hours = reading.read(HoursData, site.hours, "lines", name, "hours")
            if hours is None:
                problems += [settings.problem(tuple(p.field.split(".")), p.message, p.hint, p.rule) for p in reading.problems]
                continue
            changed["hours"] = hours
        lines[name] = replace(lines[name], **changed)
    return problems
