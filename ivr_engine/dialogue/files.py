"""The texts a line is made of, wherever they come from: its folder, or a version kept in the store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Self

from ivr_engine.dialogue.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LINE, PROMPTS, ARTICLES, PART = "line.yaml", "prompts.yaml", "articles.yaml", "part.yaml"


@dataclass(frozen=True, slots=True)
class LineFiles:
    """Texts by file name: a line's own, and those of its parts as `<part>/part.yaml`. `shown` is what problems call each file."""

    texts: Mapping[str, str]
    shown: Mapping[str, str] = field(default_factory=dict, compare=False)
    broken: Mapping[str, Source] = field(default_factory=dict, compare=False)
    """Files that could not be read, with the problem of each."""

    @classmethod
    def of_folder(cls, folder: Path, parts: Mapping[str, Path]) -> Self:
        """What lies in a line's folder, and in those of the parts it lists; `parts` are all there are, by name."""
        texts: dict[str, str] = {}
        shown: dict[str, str] = {}
        broken: dict[str, Source] = {}

        def read(name: str, path: Path, *, required: bool) -> None:
            if not (required or path.exists()):
                return
            shown[name] = str(path)
            try:
                texts[name] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                broken[name] = Source.of_file(path)

        for name in (LINE, PROMPTS, ARTICLES):
            read(name, folder / name, required=name != ARTICLES)
        listed = Source(LINE, texts.get(LINE)).group().get("parts", ())
        for part in listed if isinstance(listed, tuple) else ():
            if part in parts:
                for name in (PART, PROMPTS, ARTICLES):
                    read(f"{part}/{name}", parts[part] / name, required=name != ARTICLES)
        return cls(texts, shown, broken)

    @classmethod
    def of_version(cls, line: str, version: int, texts: Mapping[str, str]) -> Self:
        """A version as the store keeps it."""
        return cls(texts, {name: f"{line} version {version}: {name}" for name in texts})

    @property
    def digest(self) -> str:
        """A short hash of all that the texts say; comments and layout say nothing."""
        said = ", ".join(f"{json.dumps(name)}: {_said(text)}" for name, text in sorted(self.texts.items()))
        return hashlib.sha256(f"{{{said}}}".encode()).hexdigest()[:12]

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self.texts or name in self.broken

    def source(self, name: str) -> Source:
        """A file, ready to be read."""
        return self.broken.get(name) or Source(self.shown.get(name, name), self.texts.get(name))


@lru_cache(maxsize=128)  # asked for several times at every start and publication
def _said(text: str) -> str:
    return json.dumps(Source("", text).data or text, sort_keys=True, default=str)
