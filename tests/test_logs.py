"""Identifiers never reach the log."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ivr_engine.logs import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from +393331234567", "from •••••••••••67"),
        ("codice 1300112000000123", "codice ••••••••••••••23"),
        ("RSSMRA80A01H501U here", "••••••••••••••1U here"),
        ("1764000000.87 and 4573 and 2026", "1764000000.87 and 4573 and 2026"),
    ],
)
def test_identifiers_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_the_written_line_is_masked_and_secrets_are_not_in_it() -> None:
    code = """
from ivr_engine import logs; import structlog
logs.configure("info", "json")
structlog.get_logger().info("call from 3331234567", secret="hunter2", contact="01J0000000AB", number="+390612345678")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    line = json.loads(done.stderr)
    assert line["event"] == "call from ••••••••67"
    assert line["contact"] == "01J0000000AB"
    assert line["secret"] == "•••"
    assert line["number"].endswith("78")
    assert "12345" not in done.stderr
