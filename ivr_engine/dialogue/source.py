"""A YAML file as plain data that remembers on which line everything stands, and the mistakes found in it."""

from __future__ import annotations

import difflib
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import Composer, ComposerError
from yaml.constructor import SafeConstructor
from yaml.cyaml import CParser  # type: ignore[attr-defined] # the stubs do not list it
from yaml.resolver import Resolver

from ivr_engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)

_WORDS = {
    "bool_type": "must be true or false",
    "date_type": "must be a date such as 2012-07-18",
    "dict_type": "must be a group of keys and values",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
}


class _Loader(Composer, CParser, SafeConstructor, Resolver):
    """libyaml reads, twenty times faster; nodes are composed in Python, where deep nesting is an exception and not a crash.

    What a reader of the file would have to look up elsewhere in it is refused.
    """

    def __init__(self, text: str) -> None:
        Composer.__init__(self)
        CParser.__init__(self, text)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            alias: Any = self.peek_event()
            raise ComposerError(None, None, "aliases (*name) are not used here, write it out", alias.start_mark)
        return super().compose_node(parent, index)


def closest(word: str, known: Iterable[str]) -> str:
    """A hint with the name that was probably meant, or with all there are."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, 1, 0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(names)}" if names else ""


class _Reading:
    """What one text holds, and its mistakes, whatever file it stands in."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.data: Any = None
        self.lines: dict[tuple[str, ...], int] = {}
        self.unreadable: set[tuple[str, ...]] = set()

    def _whole(self, message: str, rule: str) -> None:
        self.problems.append(Problem("", 0, "", message, rule=rule))

    def take(self, text: str) -> None:
        try:
            loader = _Loader(text)
            node = loader.get_single_node()
            if node is None:
                self._whole("is empty", "empty")
            elif isinstance(node, yaml.MappingNode):
                self.data = self._plain(loader, node, ())
            else:
                self._whole("must be a group of keys and values", "wrong-value")
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            message = getattr(error, "problem", None) or str(error).splitlines()[0]
            line = mark.line + 1 if mark else 0
            hint = "a text that holds any of : , { } [ ] # needs quotes"
            self.problems.append(Problem("", line, "", f"is not YAML: {message}", hint, "syntax"))
        except RecursionError:
            self._whole("is nested too deep", "syntax")

    def _plain(self, loader: _Loader, node: yaml.Node, path: tuple[str, ...]) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, path)
        if isinstance(node, yaml.SequenceNode):
            return tuple(self._plain(loader, item, (*path, str(index))) for index, item in enumerate(node.value))
        try:
            return loader.construct_object(node)
        except ValueError as error:  # a date such as 2012-02-31
            line, field = node.start_mark.line + 1, ".".join(path)
            self.problems.append(Problem("", line, field, f"{node.value!r} cannot be: {error}", rule="wrong-value"))
            self.unreadable.add(path)
            return None

    def _mapping(self, loader: _Loader, node: yaml.MappingNode, path: tuple[str, ...]) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem("", line, ".".join(path), "a key must be a plain word", rule="wrong-value"))
                continue
            key = key_node.value
            inner = (*path, key)
            if key in plain:
                first = f"it is already on line {self.lines[inner]}"
                self.problems.append(Problem("", line, ".".join(inner), "is written twice", first, "duplicate-key"))
                continue
            self.lines[inner] = line
            plain[key] = self._plain(loader, value_node, inner)
        return plain


@lru_cache(maxsize=128)  # at every start and publication each text is read for its digest, for its parts, and as a line
def _read(text: str) -> _Reading:
    reading = _Reading()
    reading.take(text)
    return reading


def _copy(data: Any) -> Any:
    """Of plain data; `copy.deepcopy` takes five times as long."""
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return tuple(map(_copy, data)) if isinstance(data, tuple) else data


class Source:
    """One file's text. `data` is its plain content, keys as written, lists as tuples; None when there is nothing to work with.

    `file` is what problems call it.
    """

    def __init__(self, file: str, text: str | None) -> None:
        reading = _Reading() if text is None else _read(text)
        self.file = file
        self.problems = [replace(problem, file=file) for problem in reading.problems]
        self.data = _copy(reading.data)  # whoever works on it must not spoil what others read
        self._lines, self._unreadable = reading.lines, reading.unreadable

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """A file on disk, the mistake noted when it cannot be read."""
        try:
            return cls(str(path), path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            reason = "there is no such file"
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
        except UnicodeDecodeError:
            reason = "cannot be read: it is not UTF-8 text"
        source = cls(str(path), None)
        source._whole(reason, "unreadable")
        return source

    def _whole(self, message: str, rule: str) -> None:
        self.problems.append(Problem(self.file, 0, "", message, rule=rule))

    def __contains__(self, path: object) -> bool:
        """Whether something is written at that place."""
        return path in self._lines

    def at(self, *path: str) -> tuple[str, int]:
        """File and line of a key, or of the nearest one above it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self.file, self._lines.get(path, 0)

    def group(self, *path: str) -> dict[str, Any]:
        """The keys and values at that place, none when there is no such group."""
        found = self.data
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def problem(self, path: Iterable[str], message: str, hint: str = "", rule: str = "wrong-value") -> None:
        """A mistake at a key."""
        where = tuple(path)
        file, line = self.at(*where)
        self.problems.append(Problem(file, line, ".".join(where), message, hint, rule))

    def read(self, model: type[M], data: object, *path: str) -> M | None:
        """The model of what stands at `path`; None, with its mistakes noted, when it is not that."""
        try:
            return model.model_validate(data)
        except ValidationError as failure:
            for error in failure.errors():
                self._mistake(model, path, error)
            return None

    def _mistake(self, model: type[BaseModel], path: tuple[str, ...], error: ErrorDetails) -> None:
        kind, context = error["type"], error.get("ctx", {})
        where = (*path, *(str(part) for part in error["loc"] if part != "[key]"))
        if where in self._unreadable:
            return  # it was named when it was read
        if kind == "extra_forbidden":
            known = model.model_fields if len(error["loc"]) == 1 else ()
            self.problem(where, "no such key", closest(where[-1], known), "unknown-key")
        elif kind == "missing":
            self.problem(where, "is missing", rule="missing-key")
        elif kind in {"too_short", "model_type"}:
            self.problem(where, "must not be empty" if kind == "too_short" else "must be a group of keys and values")
        elif "-" in kind:  # a rule of ours, by its name
            self.problem(where, error["msg"], context.get("hint", ""), kind)
        else:
            self.problem(where, _words(error), _quotes(error))


def _words(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return message
    given = error["input"]
    shown = "nothing" if given is None else "a group of keys" if isinstance(given, dict) else f"{given!r:.60}"
    return f"{_WORDS.get(error['type'], message[0].lower() + message[1:])}, not {shown}"


def _quotes(error: ErrorDetails) -> str:
    return "put it in quotes" if error["type"] == "string_type" and isinstance(error["input"], bool | int | float) else ""
