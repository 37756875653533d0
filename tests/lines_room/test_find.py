"""Lines are found by entry point and by folder, each once."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from ivr_engine.errors import Invalid
from ivr_engine.plugins.find import find

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CORE = ModuleType("core")


def line(folder: Path, name: str, python: str | None = None) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / "line.yaml").write_text("title: {it: Prova, en: Trial}\n")
    if python is not None:
        (place / "__init__.py").write_text(python)
    return place


FUNCTION = """
from ivr_engine import Result, hookimpl
from .rules import label

@hookimpl
def ivr_functions():
    return {"decide": lambda request: Result(label)}
"""


def test_a_folder_line_needs_no_python(tmp_path: Path) -> None:
    place = line(tmp_path, "prova")
    found = find([tmp_path], CORE).lines["prova"]
    assert (found.folder, dict(found.functions)) == (place, {})


def test_functions_of_two_lines_never_meet(tmp_path: Path) -> None:
    for name in ("uno", "due"):
        place = line(tmp_path, name, FUNCTION)
        (place / "rules.py").write_text(f"label = {name!r}\n")
    lines = find([tmp_path], CORE).lines
    assert {name: lines[name].functions["decide"](None).label for name in ("uno", "due")} == {"uno": "uno", "due": "due"}  # type: ignore[arg-type]


def test_the_shipped_lines_come_by_entry_point() -> None:
    assert {"centralino", "lavoro", "sociale", "comunicazioni_obbligatorie", "tfr_cliclavoro"} <= set(find([], CORE).lines)


def test_a_line_found_twice_is_loaded_once_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line(tmp_path, "lavoro", "raise RuntimeError('never imported')")
    found = find([tmp_path], CORE).lines["lavoro"]
    assert found.folder.parent != tmp_path
    assert "found twice" in capsys.readouterr().out


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes entry points of lines, as an installed distribution has them; beside the shipped ones."""

    def install(**points: str) -> None:
        information = tmp_path / "site" / "others-1.dist-info"
        information.mkdir(parents=True)
        lines = "".join(f"{name} = {package}\n" for name, package in points.items())
        (information / "entry_points.txt").write_text(f"[ivr_engine.lines]\n{lines}")
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1\n")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))

    return install


def test_an_installed_line_needs_no_python_either(tmp_path: Path, installed: Callable[..., None]) -> None:
    place = line(tmp_path / "site", "linea_senza_python")
    installed(senza="linea_senza_python")
    assert find([], CORE).lines["senza"].folder == place


def test_one_package_is_not_two_lines(tmp_path: Path, installed: Callable[..., None]) -> None:
    line(tmp_path / "site", "linea_doppia", "")
    installed(uno="linea_doppia", due="linea_doppia")
    with pytest.raises(Invalid, match="lines due and uno are the same folder"):
        find([], CORE)


def test_an_entry_point_that_is_no_package_is_named(installed: Callable[..., None]) -> None:
    installed(rotta="ivr_engine.config:Settings")
    with pytest.raises(Invalid, match="line rotta is no package"):
        find([], CORE)


def test_the_bare_name_plugins_is_never_imported() -> None:
    code = "from types import ModuleType; import sys; from ivr_engine.plugins.find import find; find([], ModuleType('c')); "
    code += "print([name for name in sys.modules if name == 'plugins' or name.startswith('plugins.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip().endswith("[]")


def test_a_misspelled_hook_fails_at_start(tmp_path: Path) -> None:
    line(tmp_path, "prova", "from ivr_engine import hookimpl\n\n@hookimpl\ndef ivr_funtions():\n    return {}\n")
    with pytest.raises(Invalid, match="ivr_funtions"):
        find([tmp_path], CORE)


def test_a_plugin_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    place = line(tmp_path, "prova", "import nowhere_to_be_found")
    with pytest.raises(Invalid, match="nowhere_to_be_found") as caught:
        find([tmp_path], CORE)
    assert caught.value.problems[0].file == str(place / "__init__.py")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no such folder"):
        find([tmp_path / "none"], CORE)
