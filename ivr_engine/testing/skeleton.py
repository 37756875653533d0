"""A working line to begin with: the files of `new_line/`, with a name and a number filled in."""

from __future__ import annotations

import re
from pathlib import Path

from ivr_engine.errors import IvrError

FILES = Path(__file__).with_name("new_line")


def make_line(folder: Path, name: str, number: str) -> list[Path]:
    """Write the line `name` into `folder`; the files made. Raises IvrError: a name that is none, or a folder that is there."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise IvrError(f"{name!r} is no name for a line", "small letters, digits and underscores, a letter first")
    if not re.fullmatch(r"\+?[0-9]{2,15}", number):
        raise IvrError(f"{number!r} is no telephone number", "2 to 15 digits")
    target = folder / name
    if target.exists():
        raise IvrError(f"{target} is there already", "choose another name, or another --folder")
    made = []
    for source in sorted(FILES.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            file = target / str(source.relative_to(FILES)).removesuffix(".txt")
            file.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text(encoding="utf-8").replace("@NAME@", name).replace("@NUMBER@", number)
            file.write_text(text, encoding="utf-8")
            made.append(file)
    return made
