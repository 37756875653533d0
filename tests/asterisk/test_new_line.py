"""A line made by `ivr lines new`, in a folder outside the repository, answers a real call; the engine is not touched."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import Outcome

from .engine import IVR, LINES, Engine
from .server import wait_for
from .sipp import Sipp

if TYPE_CHECKING:
    from pathlib import Path

    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk


@pytest.mark.timeout(240)
def test_a_line_of_ones_own_on_a_real_asterisk(asterisk: RealAsterisk, audio: Path, tmp_path: Path) -> None:
    engine = Engine(tmp_path, asterisk, audio)
    text = engine.settings.read_text().replace(f'"{LINES}"', '"lines"')
    engine.settings.write_text(text.replace(f'folder = "{audio}"', f'folder = "{audio}"\ninstall = "{asterisk.sounds}"'))
    (tmp_path / "lines").mkdir()
    for command in (
        ("lines", "new", "prova", "--number", "800196009"),  # the number that the tests' dialplan sends to a line of this name
        ("lines", "test", "prova"),
        ("prompts", "render"),
        ("prompts", "install", "--to", str(asterisk.sounds)),
    ):
        argv = [str(IVR), "--settings", str(engine.settings), *command]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    engine.start()
    try:
        served = Sipp(asterisk, "800196009", "2 20112026", delay=4, gap=0.4, patience=60).wait()
        assert (served.successful, served.failed) == (1, 0), served.output
        wait_for(lambda: [row for row in engine.contacts() if row.ended_at], 20, lambda: engine.log()[-3000:])
    finally:
        engine.stop()
    (row,) = engine.contacts()
    assert (row.line, row.outcome) == ("prova", Outcome.SERVED_BY_IVR)
    journal = engine.file(row.id).journal
    assert [entry.data["outcome"] for entry in journal if entry.kind == "FunctionCalled"] in (["open"], ["passed"])
    assert [entry.data["file"] for entry in journal if entry.kind == "PromptMissing"] == []
