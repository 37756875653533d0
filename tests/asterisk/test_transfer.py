"""Another body on a real Asterisk: dialled by the dialplan's context where the site allows it, spoken where that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import Cause, Outcome

from .engine import LINES, Engine
from .server import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ivr_engine.records.contacts import ContactRow

    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk

LINE = """\
title: {it: Prova, en: Trial}
numbers: ["800196009"]
queue: lavoro
languages: [it, en]
hours: {mon-sun: ["00:00-24:00"]}
start: inps
operator: operatore
steps:
  inps: {transfer: {to: inps, prompt: numero, then: saluti}}
  operatore: {queue: {timeout: 60}}
  saluti: {goodbye: {}}
"""
PROMPTS = 'numero: {it: "Otto zero tre.", en: "Eight zero three."}\n'


@pytest.fixture
def engine(asterisk: RealAsterisk, audio: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine that puts callers through to the number of the test."""
    place = tmp_path / "lines" / "prova"
    place.mkdir(parents=True)
    (place / "line.yaml").write_text(LINE + "  # menus: none, the caller is put through at once\n", encoding="utf-8")
    (place / "prompts.yaml").write_text(PROMPTS, encoding="utf-8")
    engine = Engine(tmp_path, asterisk, audio)
    text = engine.settings.read_text().replace(f'"{LINES}"', f'"{place.parent}"')
    engine.settings.write_text(f'{text}\n[transfers.inps]\nnumber = "{request.param}"\n')
    engine.start()
    yield engine
    engine.stop()


def journal(engine: Engine, row: ContactRow) -> list[tuple[str, dict[str, object]]]:
    kinds = ("TransferEntered", "TransferLeft", "PromptHeard", "PromptMissing")
    return [(entry.kind, dict(entry.data)) for entry in engine.file(row.id).journal if entry.kind in kinds]


def ended(engine: Engine) -> ContactRow:
    wait_for(lambda: [row for row in engine.contacts() if row.ended_at], 40, lambda: engine.log()[-3000:])
    return engine.contacts()[0]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("engine", ["803001"], indirect=True)
def test_a_body_that_the_site_allows_is_talked_to(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.call("800196009")
    row = ended(engine)
    assert (row.outcome, row.cause) == (Outcome.TRANSFERRED, Cause.GOODBYE)
    (left,) = [data for kind, data in journal(engine, row) if kind == "TransferLeft"]
    assert (left["to"], left["status"]) == ("inps", "answered")
    assert 2 <= int(left["talk_s"]) <= 10  # three, and what a busy machine adds


@pytest.mark.timeout(120)
@pytest.mark.parametrize("engine", ["803164"], indirect=True)
def test_as_shipped_nothing_is_dialled_and_the_number_is_said_twice(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.call("800196009")
    row = ended(engine)
    found = journal(engine, row)
    (left,) = [data for kind, data in found if kind == "TransferLeft"]
    assert left["status"] in ("busy", "failed", "no_answer")
    said = [data["prompt"] for kind, data in found if kind in ("PromptHeard", "PromptMissing")]
    assert said[:3] == ["transfer", "numero", "numero"] or said[:2] == ["transfer", "numero"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("engine", ["+390646831"], indirect=True)
def test_a_caller_who_hangs_up_there_has_talked_there(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.call("800196009", hangup_after=8)
    row = ended(engine)
    assert (row.outcome, row.cause) == (Outcome.TRANSFERRED, Cause.CALLER)
