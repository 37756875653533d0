"""Lay the rendered sounds where an Asterisk finds them."""

from __future__ import annotations

import filecmp
import os
import shutil
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable
from ivr_engine.speech.catalogue import PLAYED_UNDER
from ivr_engine.speech.units import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def install(folder: Path, to: Path, voice: str, languages: Sequence[str] = LANGUAGES) -> int:
    """Copy a voice's sounds as `<language>/ivr/<name>.wav` under `to` (Asterisk's sounds folder); returns how many were copied.

    Files that are already there and the same are left alone; others are replaced whole, so that a call in progress
    never hears half a file. Raises Unavailable when nothing has been rendered, OSError when `to` cannot be written.
    """
    copied = 0
    for language in languages:
        source = folder / language / voice
        if not source.is_dir():
            raise Unavailable(f"there are no sounds of the voice {voice} in {language!r} in {folder}", "run: ivr prompts render")
        for file in sorted(source.rglob("*.wav")):
            copied += _copy(file, to / language / PLAYED_UNDER / file.relative_to(source))
    return copied


def _copy(file: Path, target: Path) -> bool:
    if target.is_file() and filecmp.cmp(file, target, shallow=False):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.new")
    shutil.copyfile(file, fresh)
    os.replace(fresh, target)  # noqa: PTH105 - the atomic one, by name
    return True
