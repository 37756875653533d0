"""`ivr models` and `ivr prompts`, as an administrator meets them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .site import Site


def test_models_are_listed_and_none_is_installed_unasked(site: Site) -> None:
    listed = site.run("models", "list").stdout
    assert [line.split()[0] for line in listed.splitlines()[1:-1]] == [
        "vosk-it-small",
        "vosk-it-large",
        "vosk-ko",
        "whisper-base",
        "kokoro",
        "piper-it-paola",
    ]
    assert listed.count("not installed") == 6
    assert site.run("models", "verify").stdout.startswith("no model is installed")
    assert not (site.folder / "models").exists()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("install", "kokoro", "nope"), "there is no model 'nope'"),
        (("install", "vosk-it-large"), "the sum of the model vosk-it-large is not known here"),
        (("install", "piper-it-paola"), "the model piper-it-paola is in no package registry"),
        (("verify", "kokoro"), "the model kokoro is not installed"),
    ],
)
def test_refusals_about_models(site: Site, command: tuple[str, ...], sentence: str) -> None:
    assert sentence in site.refused("models", *command)


def test_a_voice_that_nobody_brings_is_refused(site: Site) -> None:
    site.write("ivr.toml", '[prompts]\nvoice = "kokorro"\n')
    assert "ivr.toml:2: prompts.voice: there is no voice 'kokorro' (voices are espeak, kokoro, " in site.refused(
        "prompts", "render"
    )


def test_check_names_what_is_missing(site: Site) -> None:
    checked = site.run("prompts", "check")
    assert checked.returncode == 1
    assert "sounds have no sound file: units/" in checked.stdout
    assert "run: ivr prompts render" in checked.stdout


def test_the_script_has_every_text_once(site: Site) -> None:
    rows = list(csv.DictReader(site.run("prompts", "export-script", "--language", "en").stdout.splitlines()))
    assert len({row["file"] for row in rows}) == len(rows) > 800
    assert {"file": "en/espeak/units/digits/7.wav", "text": "seven", "recorded": ""} in rows
    assert all(row["text"] and row["file"].startswith("en/espeak/") for row in rows)


def test_an_engine_without_sounds_says_so(site: Site) -> None:
    assert "ivr prompts render" in site.serve().wait_for("sounds are wanting")
