"""The console's own files: style, scripts, fonts. Read once; their address changes with their content, so browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
    "png": "image/png",
}


class StaticFile(NamedTuple):
    """One file, plain and packed (None: packing does not pay)."""

    content_type: str
    content: bytes
    packed: bytes | None


class StaticFiles:
    """All of them, by path below static/."""

    def __init__(self) -> None:
        self._files = dict(_walk(files("ivr_engine.console") / "static", ""))
        together = b"".join(path.encode() + file.content for path, file in sorted(self._files.items()))
        self.version = hashlib.sha256(together).hexdigest()[:12]

    def address(self, path: str) -> str:
        """Where browsers find a file. Raises KeyError when there is none."""
        self._files[path]
        return f"/static/{self.version}/{path}"

    def get(self, path: str) -> StaticFile | None:
        """The file of a path."""
        return self._files.get(path)


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, StaticFile]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif kind := _TYPES.get(entry.name.rpartition(".")[2]):
            content = entry.read_bytes()
            packed = gzip.compress(content, 9, mtime=0) if "woff" not in kind and "png" not in kind else None
            yield f"{prefix}{entry.name}", StaticFile(kind, content, packed)
