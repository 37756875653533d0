"""All lines there are, loaded and checked as one: what `serve` answers with and what `ivr lines check` judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ivr_engine.dialogue import validators as core_validators
from ivr_engine.dialogue.hours import week
from ivr_engine.dialogue.loader import check, read_line
from ivr_engine.errors import Invalid, Problem
from ivr_engine.plugins.find import find
from ivr_engine.speech.catalogue import Catalogue, core_texts
from ivr_engine.speech.manifest import Manifest, stale
from ivr_engine.speech.voice import Pyttsx3Voice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ivr_engine.config import Settings
    from ivr_engine.dialogue.model import Line
    from ivr_engine.hookspecs import Function, Validator


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines by name, with what their plugins bring and the catalogue of all they say."""

    lines: Mapping[str, Line]
    functions: Mapping[str, Mapping[str, Function]]
    validators: Mapping[str, Validator]
    catalogue: Catalogue

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


def load_lines(settings: Settings) -> Lines:
    """Every line, as the site's settings have them. Raises Invalid with all mistakes of all lines."""
    found = find([settings.path(folder) for folder in settings.plugins.folders], core_validators)
    lines: dict[str, Line] = {}
    problems: list[Problem] = []
    for name, place in found.lines.items():
        line, its_problems = read_line(place.folder, name)
        problems += its_problems
        if line is not None:
            lines[name] = line
    problems += _apply_site(settings, lines)
    functions = {name: place.functions for name, place in found.lines.items()}
    if len(lines) == len(found.lines):
        problems += check(lines, functions, found.validators, core_texts().keys())
    if problems:
        raise Invalid(problems)
    manifest = Manifest(settings.path(settings.prompts.folder))
    catalogue = Catalogue({name: line.texts() for name, line in lines.items()}, manifest.lengths(Pyttsx3Voice.name))
    return Lines(lines, functions, found.validators, catalogue)


def sounds_wanting(settings: Settings, lines: Lines) -> list[Problem]:
    """Sound files that are missing or no longer say their text."""
    return stale(lines.catalogue, settings.path(settings.prompts.folder), Pyttsx3Voice.name)


def _apply_site(settings: Settings, lines: dict[str, Line]) -> list[Problem]:
    """Put the site's numbers, queues and hours in place of the plugins' own."""
    problems = []
    for name, site in settings.lines.items():
        if name not in lines:
            hint = f"lines are {', '.join(sorted(lines))}"
            problems.append(Problem("ivr.toml", 0, f"lines.{name}", "there is no such line", hint, "unknown-line"))
            continue
        if site.hours is not None:
            try:
                week(site.hours)
            except ValueError as error:
                problems.append(Problem("ivr.toml", 0, f"lines.{name}.hours", str(error), rule="bad-hours"))
                continue
        lines[name] = replace(lines[name], **{key: value for key, value in site if value is not None})
    return problems
