"""Every outcome on the built-in exchange, in fast time; and what the journal does not hold."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ivr_engine.records.store import StoreReader

if TYPE_CHECKING:
    from ivr_engine.records.contacts import ContactFile

LINES = Path(__file__).resolve().parents[1] / "lines"
TRIAL, CLOSED = "800196009", "800196002"
NUMBER = "+390612345678"
SETTINGS = f"""
[agi]
port = 0
[plugins]
folders = ["{LINES}"]
limit = 3
threads = 1
[virtual]
operators = {{ lavoro = ["op1"] }}
[lines.sociale]
hours = {{}}
[lines.tfr_cliclavoro]
hours = {{ mon-sun = ["00:00-24:00"] }}
"""
PLAY = """
import json, sys
from pathlib import Path
from ivr_engine import config
from ivr_engine.engine.commands import Call
from ivr_engine.engine.own import call_all
calls = [Call(*call) for call in json.loads(sys.argv[2])]
call_all(config.load(Path(sys.argv[1])), Path(sys.argv[1]).parent / "data", calls)
"""
# number, keys, caller, step to hang up after; outcome, cause
CALLS = {
    "an answer": ((TRIAL, "1", NUMBER, ""), "served_by_ivr", "goodbye"),
    "a result": ((TRIAL, "2 00187", NUMBER, ""), "served_by_ivr", "goodbye"),
    "an answer, then gone": ((TRIAL, "1", NUMBER, "risposta"), "served_by_ivr", "caller_hung_up"),
    "gone in the menu": ((TRIAL, "", NUMBER, "menu"), "abandoned_ivr", "caller_hung_up"),
    "an operator": ((TRIAL, "0", NUMBER, ""), "answered", "operator_hung_up"),
    "gone while waiting": ((TRIAL, "0", NUMBER, "operatore"), "abandoned_queue", "caller_hung_up"),
    "no keys": ((TRIAL, "~ ~", NUMBER, ""), "answered", "operator_hung_up"),
    "wrong keys": ((TRIAL, "9 9", NUMBER, ""), "answered", "operator_hung_up"),
    "an empty entry": ((TRIAL, "2 #", NUMBER, ""), "answered", "operator_hung_up"),
    "an entry dropped, then again": ((TRIAL, "2 001* 1 00187", NUMBER, ""), "served_by_ivr", "goodbye"),
    "a function that fails": ((TRIAL, "3", NUMBER, ""), "answered", "operator_hung_up"),
    "closed": ((CLOSED, "0", NUMBER, ""), "closed_hours", "goodbye"),
    "no operators": (("800196004", "0", "", ""), "no_operators", "goodbye"),
    "a function that never returns": ((TRIAL, "4", NUMBER, ""), "answered", "operator_hung_up"),
    "no thread left": ((TRIAL, "2 00187", NUMBER, ""), "answered", "operator_hung_up"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which all these calls were recorded."""
    import json

    place = tmp_path_factory.mktemp("calls")
    (place / "ivr.toml").write_text(SETTINGS)
    calls = json.dumps([call for call, _, _ in CALLS.values()])
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", PLAY, str(place / "ivr.toml"), calls], check=True, timeout=100)
    assert time.monotonic() - began < 60, "fast time is not fast"
    return place / "data"


@pytest.fixture(scope="module")
def files(folder: Path) -> dict[str, ContactFile]:
    """Each call's contact, by what it is."""
    reader = StoreReader(folder)
    rows = list(reversed(reader.contacts.list()))
    return {what: reader.contacts.show(row.id) for what, row in zip(CALLS, rows, strict=True)}  # type: ignore[misc]


@pytest.mark.parametrize("what", CALLS)
def test_each_way_to_end_has_its_outcome(files: dict[str, ContactFile], what: str) -> None:
    _, outcome, cause = CALLS[what]
    contact = files[what].contact
    assert (contact.outcome, contact.cause) == (outcome, cause), files[what].journal
    kinds = [entry.kind for entry in files[what].journal]
    assert kinds.index("ContactStarted") < kinds.index("PromptHeard")
    assert kinds.count("ContactEnded") == 1
    assert bool(files[what].cases) is (outcome == "answered")


@pytest.mark.parametrize(
    ("what", "outcome", "reason"),
    [
        ("a function that fails", "failed", "function_failed"),
        ("a function that never returns", "late", "function_late"),
        ("no thread left", "unavailable", "function_unavailable"),
    ],
)
def test_what_becomes_of_a_function_is_journaled(files: dict[str, ContactFile], what: str, outcome: str, reason: str) -> None:
    journal = files[what].journal
    assert [entry.data["outcome"] for entry in journal if entry.kind == "FunctionCalled"] == [outcome]
    assert [entry.data["reason"] for entry in journal if entry.kind == "Diverted"] == [reason]


def test_the_citizens_calls_continue_one_case(files: dict[str, ContactFile]) -> None:
    answered = [file for file in files.values() if file.contact.outcome == "answered"]
    assert len({file.cases for file in answered}) == 1


def test_the_journal_holds_no_number_and_no_input(folder: Path) -> None:
    database = sqlite3.connect(folder / "ivr.db")
    (journal,) = database.execute("SELECT group_concat(data, ' ') FROM journal").fetchone()
    private = {row[0] for row in database.execute("SELECT value FROM private")}
    database.close()
    assert {NUMBER, "00187"} <= private, "where they do belong"
    assert "612345678" not in journal
    assert "00187" not in journal
