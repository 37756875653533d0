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
        ("it was 3331234567.", "it was ••••••••67."),
        ("tel_3331234567", "tel_••••••••67"),
        ("+39 333 123-4567", "••••••••••••••67"),
        ("06 1234 5678, called twice", "••••••••••78, called twice"),
        ("12345678901234567890", "••••••••••••••••••90"),
        ("rssmra80a01h501u", "••••••••••••••1u"),
        ("RSSMRAU0ALMH5L1U, an omocode", "••••••••••••••1U, an omocode"),
        ("of IT01234567890", "of •••••••••••90"),
        ("from 2026-11-24 10:00:05 until 2026-11-25", "from 2026-11-24 10:00:05 until 2026-11-25"),
        ("on 2026-11-24 3331234567", "on 2026-11-24 ••••••••67"),
        ("call 339.123.45.67 or 06.1234.5678.", "call •••••••••••67 or ••••••••••78."),
        ("+39.339.1234567 and 06.12345678", "•••••••••••••67 and •••••••••78"),
        ("on 01.02.2026 at 09.30, 00:00:05.123456", "on 01.02.2026 at 09.30, 00:00:05.123456"),
        ("339.5 ms, 339.123456789, 0.123456, 37.12.34.56", "339.5 ms, 339.123456789, 0.123456, 37.12.34.56"),
        ("10.0.0.12:4573, 3.11.2, contact 01J0000000ABCDE", "10.0.0.12:4573, 3.11.2, contact 01J0000000ABCDE"),
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


def test_what_is_no_text_is_masked_too() -> None:
    code = """
from ivr_engine import logs; import structlog
logs.configure("info", "json")
structlog.get_logger().info("x", number=3331234567, seen=["0612345678"], error=ValueError("bad 3331234567"), count=12, ok=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    line = json.loads(done.stderr)
    assert line["number"] == "••••••••67"
    assert line["seen"] == "['••••••••78']"
    assert line["error"] == "ValueError('bad ••••••••67')"
    assert (line["count"], line["ok"]) == (12, True)


def test_what_twisted_has_to_say_goes_the_same_way() -> None:
    code = """
import gc
from twisted.internet.defer import fail
from twisted.python import log
from ivr_engine import logs
log.msg("said before the log was begun")
logs.configure("info", "json")
logs.configure("info", "json")
log.msg("merely noted")
fail(ValueError("bad number 3331234567"))
gc.collect()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["error", "error"]
    assert "ValueError: bad number ••••••••67" in lines[1]["exception"]
    assert "3331234567" not in done.stderr + done.stdout
