"""The settings file: defaults that work, and every mistake named with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine import config
from ivr_engine.engine.lines import load_lines
from ivr_engine.errors import Invalid

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_file_the_defaults_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = config.load()
    assert settings.exchange.kind == "virtual"
    assert settings.path(settings.engine.data) == tmp_path / "data"


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "ivr.toml").write_text('[engine]\ndata = "store"\n')
    assert config.load(tmp_path / "ivr.toml").path("store") == tmp_path / "store"


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "ivr.toml"
    file.write_text('[agi]\nprot = 1\nport = "x"\n\n[engine]\nwatchdog = -1\n\n[lines.lavoro]\nnumbers = ["abc"]\n[virtul]\n')
    with pytest.raises(Invalid) as caught:
        config.load(file)
    assert [(p.line, p.field, p.rule) for p in caught.value.problems] == [
        (2, "agi.prot", "unknown-key"),
        (3, "agi.port", "wrong-value"),
        (6, "engine.watchdog", "wrong-value"),
        (9, "lines.lavoro.numbers.0", "wrong-value"),
        (10, "virtul", "unknown-key"),
    ]
    assert "did you mean port?" in str(caught.value)
    assert "did you mean virtual?" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[agi\nport = 1", 1, "is not TOML"),
        ('[agi]\nallow = ["everyone"]', 2, "everyone"),
        ('folder = "x"', 1, "no such setting"),
        ("[agi]\nport = 70000", 2, "65535"),
        ('[exchange]\nkind = "avaya"', 2, "virtual"),
        ("[asterisk]\nsecret = 12345678", 2, "string"),
        ("[engine]\nwatchdog = 1.5", 2, "greater than or equal to 2"),
        ('[engine]\ndata = ""', 2, "at least 1 character"),
        ("[agi]\nreply_timeout = 29", 2, "greater than or equal to 30"),
        ("[agi]\nallow = []", 2, "at least one is needed"),
        ('[virtual.operators]\nlavoro = ["op1"]\nco = ["op2", "op2"]', 3, "op2 is named twice"),
    ],
)
def test_one_mistake_one_sentence(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / "ivr.toml"
    file.write_text(text)
    with pytest.raises(Invalid) as caught:
        config.load(file)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert words in str(problem)
    assert "12345678" not in str(problem), "a secret is never repeated"


def test_a_missing_file_that_was_named_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read: No such file"):
        config.load(tmp_path / "none.toml")


def test_a_secret_never_shows(tmp_path: Path) -> None:
    file = tmp_path / "ivr.toml"
    file.write_text('[asterisk]\nsecret = "hunter2"\n')
    assert "hunter2" not in repr(config.load(file))


def test_a_mistake_found_later_names_the_real_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "sito.toml"
    file.write_text('[engine]\ndata = "x"\n\n[lines.lavoro]\nhours = {lun = []}\n[lines.nessuna]\nqueue = "q"\n')
    with pytest.raises(Invalid) as caught:
        load_lines(config.load(file))
    assert [(p.file, p.line, p.field) for p in caught.value.problems] == [
        (str(file), 5, "lines.lavoro.hours.week.lun"),
        (str(file), 6, "lines.nessuna"),
    ]


def test_an_emergency_number_cannot_be_dialled_for_a_caller(tmp_path: Path) -> None:
    file = tmp_path / "ivr.toml"
    file.write_text('[transfers.inps]\nnumber = "803164"\n[transfers.emergenze]\nnumber = "112"\n', encoding="utf-8")
    with pytest.raises(Invalid, match=r"transfers\.emergenze\.number: emergency numbers are spoken, never dialled"):
        config.load(file)
