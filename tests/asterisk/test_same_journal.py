"""The same calls on a real Asterisk and on the built-in exchange leave the same journal, times aside."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.records.store import StoreReader

if TYPE_CHECKING:
    from pathlib import Path

    from ivr_engine.records.contacts import ContactFile

    from .engine import Engine
    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk

TRIAL = "800196009"
# What differs by nature: times, ids, who happened to be rung, and what the exchange is called.
TIMES_AND_NAMES = {
    "length_ms", "heard_ms", "took_ms", "wait_s", "talk_s", "channel", "caller_key", "operator", "exchange",
}  # fmt: skip
CALLS = {
    "an answer": "1",
    "a checked input": "2 00187",
    "an input with too few digits": "2 001 00187",
    "an operator": "0",
    "an input for the operator": "7 00187",
    "wrong keys": "9 9",
    "no keys": "",
    "a function that fails": "3",
    "a function that is late": "4",
}
PLAY = """
import sys
from pathlib import Path
from ivr_engine import config
from ivr_engine.engine.commands import Call
from ivr_engine.engine.own import call_all
call_all(config.load(Path(sys.argv[1])), Path(sys.argv[2]), [Call(sys.argv[3], keys, "+390612345678") for keys in sys.argv[4:]])
"""


def story(file: ContactFile) -> list[tuple[str, dict[str, Any]]]:
    return [
        (entry.kind, {key: value for key, value in entry.data.items() if key not in TIMES_AND_NAMES}) for entry in file.journal
    ]


def test_the_same_calls_leave_the_same_journal(asterisk: RealAsterisk, engine: Engine, tmp_path: Path) -> None:
    # On Asterisk keys come at fixed times: after the menu's prompt, and between the two waits of a menu with wrong keys.
    citizens = {
        what: asterisk.call(TRIAL, keys, delay=3.5, gap=2.5 if keys == "9 9" else 5.0, caller="+390612345678")
        for what, keys in CALLS.items()
    }
    real = {}
    for what, citizen in citizens.items():
        real[what] = story(engine.file(engine.wait_end(citizen, 60).id))

    virtual_store = tmp_path / "virtual"
    command = [sys.executable, "-c", PLAY, str(engine.settings), str(virtual_store), TRIAL, *CALLS.values()]
    subprocess.run(command, check=True, timeout=60)
    reader = StoreReader(virtual_store)
    rows = reversed(reader.contacts.list())
    virtual = {what: story(reader.contacts.show(row.id)) for what, row in zip(CALLS, rows, strict=True)}  # type: ignore[arg-type]
    for what in CALLS:
        assert real[what] == virtual[what], what
