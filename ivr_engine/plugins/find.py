"""Find the lines: entry points of installed packages, then folders named in the settings. One name, one line."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy
import structlog

from ivr_engine import hookspecs
from ivr_engine.errors import Invalid, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from ivr_engine.hookspecs import Function, MakeVoice, Validator

ENTRY_POINTS = "ivr_engine.lines"
PARTS = "ivr_engine.parts"
TREE_FILE, PART_FILE = "line.yaml", "part.yaml"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line's name, the folder of its data files, and the functions its plugin brings."""

    name: str
    folder: Path
    functions: Mapping[str, Function] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """All lines and shared parts, by name, and the validators all lines have."""

    lines: Mapping[str, FoundLine]
    validators: Mapping[str, Validator]
    voices: Mapping[str, MakeVoice] = field(default_factory=dict)
    parts: Mapping[str, Path] = field(default_factory=dict)


def find(folders: Iterable[Path], *core: ModuleType) -> Found:
    """Every line there is. The modules of `core` bring the engine's own validators and voices, by the same hooks. Raises Invalid.

    A line found twice (entry point and folder, or two folders) is loaded once, from where it was found first; the log says so.
    """
    folders = tuple(folders)
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for own in core:
        manager.register(own)
    places: dict[str, Path] = {}
    for name, folder, package in _candidates(folders):
        if name in places:
            if places[name].resolve() != folder.resolve():
                log.warning("line found twice, loaded once", line=name, loaded=str(places[name]), ignored=str(folder))
            continue
        if not (folder / TREE_FILE).is_file():
            raise Invalid([Problem(str(folder), 0, "", f"line {name} has no {TREE_FILE}", "add it, or remove the entry point")])
        if other := next((line for line, place in places.items() if place == folder), ""):
            raise Invalid([Problem(str(folder), 0, "", f"lines {other} and {name} are the same folder", "remove one")])
        places[name] = folder
        module = package or _module(folder)
        if module is not None:
            manager.register(module, name)
    _check_hooks(manager)
    lines = {name: FoundLine(name, folder, _functions(manager, name)) for name, folder in sorted(places.items())}
    return Found(lines, _shared(manager, "validator"), _shared(manager, "voice"), _parts(folders))


def _parts(folders: Iterable[Path]) -> dict[str, Path]:
    """The folders of shared parts: those installed, and those beside the lines of the site's own folders."""
    found: dict[str, Path] = {}
    for point in entry_points(group=PARTS):
        spec = importlib.util.find_spec(point.value)
        for place in spec.submodule_search_locations or () if spec else ():
            found.setdefault(point.name, Path(place))
    for parent in folders:
        for file in sorted(parent.glob(f"*/{PART_FILE}")):
            found.setdefault(file.parent.name, file.parent)
    return found


def _candidates(folders: Iterable[Path]) -> Iterator[tuple[str, Path, ModuleType | None]]:
    """Name, folder, and the package where it is imported already."""
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        try:
            package = point.load()
        except Exception as error:
            raise Invalid([_broken(point.value, error)]) from error
        paths = getattr(package, "__path__", None)
        if not paths:
            raise Invalid([Problem(point.value, 0, "", f"line {point.name} is no package", "name its package there")])
        yield point.name, Path(next(iter(paths))), package
    for parent in folders:
        if not parent.is_dir():
            raise Invalid([Problem(str(parent), 0, "plugins.folders", "no such folder", "create it or correct the setting")])
        for folder in sorted(path.parent for path in parent.glob(f"*/{TREE_FILE}")):
            yield folder.name, folder, None


def _module(folder: Path) -> ModuleType | None:
    """The plugin's package, when the folder has Python at all; imported under a name no installed package uses."""
    init = folder / "__init__.py"
    if not init.is_file():
        return None
    name = f"ivr_folder_lines_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Invalid([_broken(str(init), error)]) from error
    return module


def _broken(where: str, error: Exception) -> Problem:
    return Problem(where, 0, "", f"cannot be imported: {type(error).__name__}: {error}", "mend the plugin", "plugin-import")


def _check_hooks(manager: pluggy.PluginManager) -> None:
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        where = str(getattr(error.plugin, "__file__", error.plugin))
        raise Invalid([Problem(where, 0, "", str(error), "hooks are listed in hookspecs.py")]) from error


def _functions(manager: pluggy.PluginManager, name: str) -> Mapping[str, Function]:
    others = [plugin for other, plugin in manager.list_name_plugin() if other != name]
    answers: list[Mapping[str, Function]] = manager.subset_hook_caller("ivr_functions", others)()
    return answers[0] if answers else {}


def _shared(manager: pluggy.PluginManager, what: str) -> Mapping[str, Any]:
    """What all lines have in common, by name: validators, voices."""
    shared: dict[str, Any] = {}
    for answer in reversed(getattr(manager.hook, f"ivr_{what}s")()):
        if twice := shared.keys() & answer.keys():
            raise Invalid([Problem("plugins", 0, ", ".join(sorted(twice)), f"{what} given twice", "rename one of them")])
        shared.update(answer)
    return shared
