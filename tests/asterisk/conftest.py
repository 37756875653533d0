"""The real Asterisk of these tests: one per session, each test finding it idle."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from .. import sounds
from .engine import IVR, LINES, Engine
from .root import find_root, missing
from .server import RealAsterisk, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def real_asterisk() -> Iterator[RealAsterisk]:
    """It runs as long as the session; without Asterisk tests are skipped, or fail when IVR_REQUIRE_ASTERISK=1."""
    lacking = missing()
    if lacking:
        (pytest.fail if os.environ.get("IVR_REQUIRE_ASTERISK") == "1" else pytest.skip)(lacking)
    root = find_root()
    assert root is not None
    with running(root) as asterisk:
        yield asterisk


@pytest.fixture
def asterisk(real_asterisk: RealAsterisk) -> RealAsterisk:
    """The session's Asterisk, with no call on it, operators as by default."""
    real_asterisk.reset()
    return real_asterisk


@pytest.fixture(scope="session")
def audio(real_asterisk: RealAsterisk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every line's prompts, laid where this Asterisk finds them by the command a site uses."""
    folder = tmp_path_factory.mktemp("audio")
    sounds.lay(folder / "sounds")
    settings = folder / "ivr.toml"
    settings.write_text(f'[prompts]\nfolder = "sounds"\nvoice = "espeak"\n[plugins]\nfolders = ["{LINES}"]\n')
    argv = [str(IVR), "--settings", str(settings), "prompts", "install", "--to", str(real_asterisk.sounds)]
    subprocess.run(argv, check=True, timeout=180)
    return folder / "sounds"


@pytest.fixture
def engine(asterisk: RealAsterisk, audio: Path, tmp_path: Path) -> Iterator[Engine]:
    """An engine that serves this Asterisk's calls."""
    engine = Engine(tmp_path, asterisk, audio)
    engine.start()
    yield engine
    engine.stop()
