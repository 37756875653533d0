"""A new version of a line, and the old one again, while fifty citizens are on the telephone: nobody is dropped, each finishes
on the version they began with."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import Outcome

from .engine import IVR, LINES, Engine
from .server import wait_for
from .sipp import Sipp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk

NUMBER = "800196009"
LINE = """\
title: {{it: Prova, en: Trial}}
numbers: ["800196009"]
queue: lavoro
languages: [it, en]
hours: {{mon-sun: ["00:00-24:00"]}}
start: menu
operator: operatore
steps:
  menu: {{menu: {{prompt: menu, timeout: 40, options: {{"1": {answer}}}}}}}
  {answer}: {{answer: {{prompt: {answer}, then: saluti}}}}
  operatore: {{queue: {{timeout: 60}}}}
  saluti: {{goodbye: {{}}}}
"""
PROMPTS = """\
menu: {{it: "Risposta, 1.", en: "Answer, 1."}}
{answer}: {{it: "Questa è la {answer} risposta.", en: "This is the {answer} answer."}}
"""


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    folder = tmp_path / "lines"
    write(folder, "prima")
    return folder


def write(folder: Path, answer: str) -> None:
    place = folder / "prova"
    place.mkdir(parents=True, exist_ok=True)
    (place / "line.yaml").write_text(LINE.format(answer=answer), encoding="utf-8")
    (place / "prompts.yaml").write_text(PROMPTS.format(answer=answer), encoding="utf-8")


@pytest.fixture
def publishing(asterisk: RealAsterisk, audio: Path, tmp_path: Path, lines: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path, asterisk, audio)
    text = engine.settings.read_text()
    text = text.replace(f'"{LINES}"', f'"{lines}"').replace("[engine]\n", "[engine]\napproval = false\n", 1)
    text = text.replace("[prompts]\n", f'[prompts]\ninstall = "{asterisk.sounds}"\n', 1)
    engine.settings.write_text(text)
    ivr(engine, "prompts", "render")
    ivr(engine, "prompts", "install", "--to", str(asterisk.sounds))
    engine.start()
    yield engine
    engine.stop()


def ivr(engine: Engine, *command: str) -> str:
    done = subprocess.run(
        [str(IVR), "--settings", str(engine.settings), *command], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def heard(engine: Engine) -> Counter[str]:
    """Which answer the contacts that are over have heard, whole."""
    answers: Counter[str] = Counter()
    for row in engine.contacts():
        for entry in engine.file(row.id).journal:
            if entry.kind == "PromptHeard" and entry.data["counts"] and row.outcome is Outcome.SERVED_BY_IVR:
                answers[entry.data["prompt"]] += 1
    return answers


def under_way(engine: Engine, calls: int) -> None:
    """Wait until so many citizens are in the menu."""

    def listening() -> bool:
        rows = [row for row in engine.contacts() if row.ended_at is None]
        return sum(any(entry.kind == "PromptHeard" for entry in engine.file(row.id).journal) for row in rows) >= calls

    wait_for(listening, 30, lambda: engine.log()[-3000:])


def over(engine: Engine, calls: int) -> None:
    wait_for(lambda: sum(row.ended_at is not None for row in engine.contacts()) >= calls, 30, lambda: engine.log()[-3000:])


@pytest.mark.timeout(300)
def test_publishing_and_rolling_back_under_fifty_calls(publishing: Engine, asterisk: RealAsterisk, lines: Path) -> None:
    engine = publishing
    first = Sipp(asterisk, NUMBER, "1", calls=50, rate=25, delay=25, patience=40)
    under_way(engine, 50)
    write(lines, "seconda")
    assert "prova version 2 is published" in (said := ivr(engine, "lines", "publish", "prova"))
    assert said.endswith("the engine serves it to new calls\n")

    second = Sipp(asterisk, NUMBER, "1", calls=5, rate=25, delay=12, patience=40)
    under_way(engine, 55)
    assert "prova version 1 is published again" in ivr(engine, "lines", "rollback", "prova")
    third = Sipp(asterisk, NUMBER, "1", calls=5, rate=25, delay=1, patience=40)

    served = [sipp.wait() for sipp in (first, second, third)]
    assert [(sipp.successful, sipp.failed) for sipp in served] == [(50, 0), (5, 0), (5, 0)], [sipp.output for sipp in served]
    over(engine, 60)
    assert Counter(row.outcome for row in engine.contacts()) == {Outcome.SERVED_BY_IVR: 60}
    assert heard(engine) == {"prima": 55, "seconda": 5}
    states = [row.split()[1] for row in ivr(engine, "lines", "versions", "prova").splitlines()[2:]]
    assert states == ["published", "retired"]
