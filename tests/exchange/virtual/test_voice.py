"""A scripted caller who speaks, over the real media wire, in fast time: as `ivr call --own` does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

IVR = Path(sys.executable).with_name("ivr")


def call(tmp_path: Path, number: str, keys: str) -> dict[str, Any]:
    argv = [str(IVR), "call", number, "--own", "--as-of", "2026-11-24 12:00", "--json", "--keys", keys]
    run = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout[run.stdout.index("{") :]))


def said(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(moment["what"], moment["text"]) for moment in record["transcript"]]


def test_what_is_said_is_heard_over_the_wire_and_keys_and_talk_go_on(tmp_path: Path) -> None:
    record = call(tmp_path, "800196196", '"vorrei la carta acquisti" <"un operatore"')
    assert record["outcome"] == "answered"
    assert ("says", "vorrei la carta acquisti") in said(record)
    assert ("says", "un operatore") in said(record)
    heard = [text for what, text in said(record) if what == "heard"]
    assert any(text.startswith("Linea politiche sociali") for text in heard)


def test_keys_reach_the_engine_over_the_wire(tmp_path: Path) -> None:
    record = call(tmp_path, "800196196", '<2 "vorrei un operatore"')
    assert ("pressed", "2") in said(record)
    assert record["outcome"] == "answered"


@pytest.mark.parametrize("keys", ['"vorrei', '"a" x'])
def test_a_script_that_is_none_is_refused(tmp_path: Path, keys: str) -> None:
    with pytest.raises(AssertionError, match="is not an input"):
        call(tmp_path, "800196196", keys)
