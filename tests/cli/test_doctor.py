"""`ivr doctor` on what an integrator may have got wrong; on a real Asterisk in tests/asterisk/test_doctor.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from ivr_engine.cli.doctor import doctor
from ivr_engine.config import load
from ivr_engine.records.store import DATABASE, Store

if TYPE_CHECKING:
    import pytest


def test_a_database_of_another_user_is_not_taken_for_a_damaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a first user was added by root. Tests may run as root, whom no file refuses: the system is made to say it."""
    (tmp_path / "ivr.toml").write_text('[engine]\ndata = "data"\n[agi]\nport = 0\n')
    Store(tmp_path / "data").close()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda file, mode: Path(file).name != DATABASE and allowed(file, mode))
    said = CliRunner().invoke(doctor, obj=load(tmp_path / "ivr.toml"))
    assert said.exit_code == 2
    assert f"missing  store: {tmp_path / 'data' / DATABASE} is another user's: the engine cannot read and write it" in said.output
    assert "damaged" not in said.output
