"""What trees and classifications say, in words people read: titles of lines, the path a caller walked, subjects of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.dialogue.model import Action
from ivr_engine.dialogue.steps.open import Open

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ivr_engine.dialogue.model import Line, Option, Step
    from ivr_engine.engine.lines import Lines
    from ivr_engine.records.journal import JournalEntry

OTHER_SUBJECTS = ("reclamo", "privacy", "ufficio-del-ministero", "altro")
_ACROSS = "trasversale"
_MEANT = {"match", "operator", "back", "help"}
_GLOBAL = {
    Action.OPERATOR: {"it": "operatore", "en": "operator"},
    Action.REPEAT: {"it": "ripeti", "en": "repeat"},
    Action.BACK: {"it": "indietro", "en": "back"},
    Action.HELP: {"it": "aiuto", "en": "help"},
}


class Walked(NamedTuple):
    """One step of a caller's way: the line, the key pressed there ("" for none), what it meant."""

    line: str
    key: str
    text: str


def title(lines: Lines, name: str, language: str) -> str:
    """A line's title; its name when there is no such line any more."""
    line = lines.lines.get(name)
    return line.title.get(language, name) if line else name


def walked(lines: Lines, path: Iterable[tuple[str, str, str]], language: str) -> list[Walked]:
    """Choices and answers on the way; steps that only lead on are left out."""
    found = []
    for name, step, key in path:
        line = lines.lines.get(name)
        node = line.tree.steps.get(step) if line else None
        if line is None or node is None:
            continue
        if key:
            found.append(Walked(name, key, _choice(line, node, key, language)))
        else:
            found += [Walked(name, "", line.articles[article].title.get(language, article)) for article in _articles(line, node)]
    return found


def _articles(line: Line, step: Step) -> list[str]:
    return [article for _field, article in step.articles() if article in line.articles]


def path_of(entries: Iterable[JournalEntry]) -> list[tuple[str, str, str]]:
    """A contact's way as `walked` takes it: line, step, the key pressed there."""
    path: list[tuple[str, str, str]] = []
    for entry in entries:
        if entry.kind == "StepEntered":
            path.append((entry.data["line"], entry.data["step"], ""))
        elif entry.kind == "InputTaken" and path and path[-1][1] == entry.data["step"] and entry.data["result"] in _MEANT:
            path[-1] = (*path[-1][:2], entry.data["value"])
    return path


def heard(lines: Lines, path: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """(line, article) of the answers on the way, the last one first, each once."""
    found: dict[tuple[str, str], None] = {}
    for name, step, _key in path:
        line = lines.lines.get(name)
        node = line.tree.steps.get(step) if line else None
        if line is not None and node is not None:
            found.update(dict.fromkeys((name, article) for article in _articles(line, node)))
    return list(reversed(found))


def _choice(line: Line, step: Step, key: str, language: str) -> str:
    if key in line.keys:
        return _GLOBAL[line.keys[key]][language]
    if isinstance(step, Open):
        return step.topics[key].name.get(language, key) if key in step.topics else ""
    options: dict[str, Option] = getattr(step, "options", {})
    option = options.get(key)
    phrases = getattr(option, "phrases", {}).get(language) if option is not None else None
    if phrases:
        return str(phrases[0])
    target = getattr(getattr(option, "target", option), "step", "") or getattr(getattr(option, "target", option), "line", "")
    return str(target).replace("_", " ").replace("-", " ")


def subjects(lines: Lines, name: str) -> list[tuple[str, str]]:
    """(category, topic) of a line's classification: those of its articles, and what may come up on every line."""
    line = lines.lines.get(name)
    own = {(article.category, article.topic) for article in line.articles.values()} if line else set()
    return sorted(own) + [across for topic in OTHER_SUBJECTS if (across := (_ACROSS, topic)) not in own]
