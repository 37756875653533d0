"""An engine of one's own for scripted calls ends in time, or says so."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PLAY = """
import sys
from pathlib import Path
from ivr_engine import config
from ivr_engine.engine import own
from ivr_engine.engine.commands import Call
from ivr_engine.errors import Unavailable
own._LIMIT_S = 0.0
folder = Path(sys.argv[1])
try:
    own.call_all(config.Settings(folder=folder), folder / "data", [Call("800196001")])
except Unavailable as error:
    print(error.message)
"""


def test_calls_that_take_too_long_are_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _PLAY, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "the calls did not end within 0 s"
