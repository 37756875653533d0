"""Whatever is wrong is said in one clear sentence, with exit code 2."""

from __future__ import annotations

import json
import re
import shlex
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .site import ROOT, SETTINGS

if TYPE_CHECKING:
    from .site import Site


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("[agi]\nprot = 1\n", "ivr.toml:2: agi.prot: no such setting (did you mean port?)"),
        ('[agi]\nport = "x"\n', "ivr.toml:2: agi.port: input should be a valid integer"),
        ("[agi\n", "ivr.toml:1: is not TOML"),
        ('[lines.lavor]\nqueue = "x"\n', "lines.lavor: there is no such line"),
        ('[lines.lavoro]\nhours = { lun = ["09:00-18:00"] }\n', "lines.lavoro.hours.week.lun: 'lun' is no day"),
        ('[plugins]\nfolders = ["none"]\n', "plugins.folders: no such folder"),
        ('[lines.sociale]\nnumbers = ["800196001"]\n', "800196001 is already a number of line lavoro"),
    ],
)
def test_bad_settings(site: Site, settings: str, sentence: str) -> None:
    site.write("ivr.toml", settings)
    assert sentence in site.refused("serve")


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        ({"P01, then: saluti": "P01, then: salut"}, "line.yaml:16: steps.risposta.answer.then", "there is no step 'salut'"),
        ({"article: P01": "article: P02"}, "line.yaml:16: steps.risposta.answer.article", "there is no article 'P02'"),
        ({"prompt: menu": "prompt: men"}, "line.yaml:12: steps.menu.menu.prompt", "there is no prompt 'men'"),
        ({"prompt: cap, input: cap, into: cap, timeout: 6, b": "prompt: cap, input: kap, b"}, "cap.ask.input", "validator 'kap'"),
        ({"800196009": "800196001"}, "numbers", "800196001 is already a number of line lavoro"),
    ],
)  # fmt: skip
def test_a_bad_line(site: Site, change: dict[str, str], place: str, sentence: str) -> None:
    site.write("ivr.toml", '[plugins]\nfolders = ["lines"]\n')
    site.line("prova", change)
    refused = site.refused("serve")
    assert place in refused
    assert sentence in refused
    checked = site.run("lines", "check", "--json")
    assert checked.returncode == 2
    assert sentence in json.loads(checked.stdout)[0]["message"]


def test_sounds_that_are_missing_are_named_by_check(site: Site) -> None:
    checked = site.run("lines", "check")
    assert checked.returncode == 2
    assert "sounds have no sound file" in checked.stdout
    assert "ivr prompts render" in checked.stdout


def test_a_port_in_use(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        site.write("ivr.toml", SETTINGS.replace("port = 0", f"port = {port}"))
        assert site.refused("serve").startswith(f"port {port} on 127.0.0.1 is in use")
    site.write("ivr.toml", SETTINGS)
    site.serve()  # what was opened before the refusal was let go


def test_a_store_that_cannot_be_written(site: Site) -> None:
    site.write("data", "a file where the folder should be")
    assert "cannot be written" in site.refused("serve")


def test_a_store_that_is_no_database(site: Site) -> None:
    site.write("data/ivr.db", "this is no database\n" * 500)
    assert "ivr.db" in site.refused("serve")


@pytest.mark.parametrize("command", [["watch"], ["phone", "800196001"], ["call", "800196001"]])
def test_no_engine_runs(site: Site, command: list[str]) -> None:
    assert site.refused(*command).startswith("no engine runs on ")


def test_no_store_yet(site: Site) -> None:
    assert site.refused("contacts", "list").startswith("there is no store in ")


def test_the_examples_of_the_readme_work(site: Site) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", readme, re.S)
    commands = [shlex.split(line[2:]) for block in blocks for line in block.splitlines() if line.startswith("$ ivr ")]
    assert len(commands) >= 4
    site.write("ivr.toml", Path(ROOT / "docs/demo.toml").read_text(encoding="utf-8").replace("../audio", "audio"))
    assert site.run("prompts", "render").returncode == 0
    assert "up to date" in site.run("prompts", "render").stdout
    engine = site.serve()
    for command in commands:
        done = site.run(*command[1:])
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert done.stdout.strip()
    engine.signal()
    assert engine.wait() == 0
