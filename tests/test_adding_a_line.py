"""The page "Add a line", done word for word in an empty folder: files written, commands run, what they print compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PAGE = Path(__file__).parents[1] / "docs/adding-a-line.md"
_BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)


_NOISE = ("rendering prompts", "Fontconfig warning")  # progress, and a library about this machine's fonts


class Block(NamedTuple):
    """A block of the page: a file to be written, or a console."""

    file: str
    kind: str
    text: str


def blocks() -> list[Block]:
    page = PAGE.read_text(encoding="utf-8")
    return [Block(match["file"] or "", match["kind"], match["text"]) for match in _BLOCK.finditer(page)]


def commands(console: str) -> list[tuple[str, list[str]]]:
    """Each command with the lines it must print; "…" stands for anything."""
    found: list[tuple[str, list[str]]] = []
    for line in console.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            found[-1][1].append(line)
    return found


def pattern(lines: list[str]) -> str:
    whole = "\n".join(lines)
    return r".*?".join(map(re.escape, whole.split("…")))


@pytest.mark.timeout(180)
def test_the_page_word_for_word(tmp_path: Path) -> None:
    ivr = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{ivr}{os.pathsep}{os.environ['PATH']}"}
    ran = 0
    for block in blocks():
        if block.file:
            file = tmp_path / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
            continue
        assert block.kind == "console"
        for command, printed in commands(block.text):
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            said = done.stdout + "".join(line for line in done.stderr.splitlines(True) if not line.startswith(_NOISE))
            assert done.returncode == (2 if "[option-not-said]" in "".join(printed) else 0), (command, said)
            assert re.fullmatch(pattern(printed), said.strip("\n"), re.S), (command, said)
            ran += 1
    assert ran >= 9


def test_a_wrong_word_on_the_page_would_be_found() -> None:
    assert re.fullmatch(pattern(["… in order", "…"]), "line x is in order\nand so on", re.S)
    assert not re.fullmatch(pattern(["… in order"]), "line x is out of order", re.S)
