"""What `make run` shows first: a morning's calls, people of every role, cases at every level."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from ivr_engine.records.cases import Level
from ivr_engine.records.store import StoreReader

DOCS = Path(__file__).parents[2] / "docs"


def test_the_example_database_is_filled(tmp_path: Path) -> None:
    shutil.copy(DOCS / "demo.toml", tmp_path / "ivr.toml")
    command = [sys.executable, str(DOCS / "demo_calls.py"), str(tmp_path / "ivr.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 10
    cases = StoreReader(tmp_path / "data").cases.list()
    assert Counter(case.level for case in cases) == {Level.FRONT_LINE: 4, Level.BACK_OFFICE: 1, Level.MINISTRY: 1}
    assert "call_back" in {case.disposition for case in cases}
