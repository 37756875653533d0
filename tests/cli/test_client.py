"""The command line waits for an engine, but not for ever."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from ivr_engine.cli.client import Client
from ivr_engine.config import EngineSection, Settings
from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[socket.socket]:
    """Whoever listens where the engine should."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "control.sock"))
        listening.listen()
        yield listening


def settings(folder: Path) -> Settings:
    return Settings(folder=folder, engine=EngineSection(data="."))


def test_a_silent_engine_is_one_sentence(engine: socket.socket, tmp_path: Path) -> None:
    with Client(settings(tmp_path)) as client, pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
        list(client.answers(0.2))


def test_an_engine_that_goes_away_is_one_sentence(engine: socket.socket, tmp_path: Path) -> None:
    with Client(settings(tmp_path)) as client:
        accepted, _ = engine.accept()
        accepted.sendall(b'{"type": "key"}\n')
        accepted.close()
        answers = client.answers()
        assert next(answers) == {"type": "key"}
        with pytest.raises(Unavailable, match="went away"):
            next(answers)


def test_without_an_engine_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no engine runs"):
        Client(settings(tmp_path))
