"""Which recognisers the settings and what is installed come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from twisted.internet.testing import MemoryReactorClock

from ivr_engine.cli.doctor import doctor
from ivr_engine.config import Settings, load
from ivr_engine.engine.ears import ears, engines, manner
from ivr_engine.errors import Invalid

if TYPE_CHECKING:
    from pathlib import Path


def settings(folder: Path, text: str) -> Settings:
    file = folder / "ivr.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_without_models_callers_have_keys_alone(tmp_path: Path) -> None:
    assert ears(settings(tmp_path, ""), MemoryReactorClock()) is None
    assert ears(settings(tmp_path, "[speech]\nears = {}"), MemoryReactorClock()) is None


def test_languages_share_a_model_and_the_settings_say_how_it_is_used(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper")
    pytest.importorskip("webrtcvad")
    (tmp_path / "models" / "whisper-base").mkdir(parents=True)
    spawned: list[tuple[str, ...]] = []

    class Reactor(MemoryReactorClock):
        def spawnProcess(self, _protocol: object, _executable: str, args: list[str], **_: object) -> None:  # noqa: N802
            spawned.append(tuple(args[-3:]))

    chosen = settings(tmp_path, "[speech]\nworkers = 2\nturns = 3\nlongest = 9.0")
    found = ears(chosen, Reactor())
    assert found is not None
    found.start()
    assert spawned == [(engines()["whisper"], str(tmp_path / "models" / "whisper-base"), "1")] * 2
    used = manner(chosen)
    assert (used.workers, used.turns, used.pauses.longest) == (2, 3, 9000)


def test_a_model_of_no_engine_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no engine there is") as refused:
        ears(settings(tmp_path, '[speech]\nears = { it = "sphinx-it" }'), MemoryReactorClock())
    assert "ivr.toml:2" in str(refused.value)
    assert "vosk, whisper" in str(refused.value)


def test_the_engines_own_recognisers_are_where_the_hook_says() -> None:
    assert set(engines()) >= {"vosk", "whisper"}


def test_the_doctor_says_what_ears_there_are_and_misses_none(tmp_path: Path) -> None:
    pytest.importorskip("vosk")
    (tmp_path / "models" / "vosk-ko").mkdir(parents=True)
    chosen = settings(tmp_path, '[speech]\nears = { ko = "vosk-ko", it = "vosk-it-small" }')
    said = CliRunner().invoke(doctor, obj=chosen).output
    assert "ok       ears (ko): vosk-ko is installed" in said
    assert "ok       ears (it): keys alone: " in said
