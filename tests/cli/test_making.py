"""A line of one's own: made, tried, and what the kit says when it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .site import Site

SETTINGS = '[plugins]\nfolders = ["lines"]\n'


@pytest.fixture
def made(site: Site) -> Site:
    site.write("ivr.toml", SETTINGS)
    (site.folder / "lines").mkdir()
    assert "the line's number is 800196010" in site.run("lines", "new", "casa").stdout
    return site


def found(made: Site) -> str:
    done = made.run("lines", "test", "casa", "--calls", "0")
    assert done.returncode == 2, done
    return done.stdout


def test_a_new_line_is_in_order_and_answers_at_once(made: Site) -> None:
    conforms = made.run("lines", "test", "casa", "--calls", "50")
    assert conforms.stdout.strip() == "line casa conforms: 2 recorded calls, every step, 50 random callers"
    told = made.run("call", "800196010", "--own", "--as-of", "2026-11-23 10:00", "--keys", "2 20112026").stdout
    assert "dicembre" in told
    assert "served_by_ivr" in told
    script = ("call", "800196010", "--own", "--script", "lines/casa/calls/deadline.yaml")
    assert made.run(*script).stderr == "as scripted: When the term ends\n"


def test_a_call_that_goes_not_as_scripted_is_told(made: Site) -> None:
    script = made.folder / "lines/casa/calls/deadline.yaml"
    text = script.read_text(encoding="utf-8")
    for old, new, says in (
        ("hear: menu", "hear: rules", "step 1: rules should be heard, and was not (heard there: welcome, menu)"),
        ("served_by_ivr", "answered", "the outcome should be answered and is served_by_ivr"),
        ('{day: "2026-11-20"}', '{day: "2026-11-21"}', "the input day should be 2026-11-21 and is 2026-11-20"),
        ("says: dicembre", "says: gennaio", "nobody says 'gennaio'"),
    ):
        script.write_text(text.replace(old, new), encoding="utf-8")
        done = made.run("call", "800196010", "--own", "--script", str(script))
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    script.write_text(text.replace('press: "2"', "press: 2").replace("hear: more", "heer: more"), encoding="utf-8")
    refused = made.run("call", "800196010", "--own", "--script", str(script))
    assert refused.returncode == 2
    assert "calls/deadline.yaml:5" in refused.stderr


def test_the_kit_finds_what_is_wrong(made: Site) -> None:
    line = made.folder / "lines" / "casa"
    functions = (line / "functions.py").read_text(encoding="utf-8")
    (line / "functions.py").write_text(functions.replace('"passed" if', '"over" if'), encoding="utf-8")
    assert "answers 'over', which is none of open, passed" in found(made)

    (line / "functions.py").write_text(functions.replace("    last =", "    raise KeyError\n    last ="), encoding="utf-8")
    assert "raises KeyError" in found(made)

    slow = functions.replace("    last =", "    import time\n    time.sleep(5)\n    last =", 1)
    (line / "functions.py").write_text(slow, encoding="utf-8")
    assert "takes longer than 2 s" in found(made)

    (line / "functions.py").write_text(functions, encoding="utf-8")
    script = line / "calls" / "deadline.yaml"
    script.write_text(script.read_text(encoding="utf-8").replace("deadline.open", "deadline.passed"), encoding="utf-8")
    said = found(made)
    assert "calls/deadline.yaml: When the term ends, step 5: deadline.passed should be heard, and was not" in said
    assert "heard there: deadline.open" in said


def test_refusals(made: Site) -> None:
    assert "there is a line casa already" in made.refused("lines", "new", "casa")
    assert "is no name for a line" in made.refused("lines", "new", "Casa")
    assert "800196001 is already a number of line lavoro" in made.refused("lines", "new", "altro", "--number", "800196001")
    assert "there is no line 'nessuna'" in made.refused("lines", "test", "nessuna")


def test_a_folder_can_be_tested_wherever_it_is(made: Site) -> None:
    assert "line casa conforms" in made.run("lines", "test", "lines/casa", "--calls", "5").stdout
