"""From a changed file to what callers hear, and back, while an engine runs; lines and functions off and on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.clock import ROME

from .site import LINES, SETTINGS, TRIAL, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

ALWAYS = """
[lines.prova.hours]
week = { mon-sun = ["00:00-24:00"] }
holidays = "none"
"""
OLD, NEW = "entro trenta giorni", "entro quaranta giorni"


@pytest.fixture
def site(tmp_path: Any) -> Iterator[Site]:
    """A running engine that asks for approval, and three people."""
    site = Site(tmp_path)
    text = (
        SETTINGS.replace("[engine]\n", "[engine]\napproval = true\n", 1)
        .replace(str(LINES), "lines")
        .replace("[virtual]\n", '[virtual]\ntime = "fast"\n')
    )
    site.write("ivr.toml", text + ALWAYS)
    (tmp_path / "lines").mkdir()
    assert site.run("lines", "new", "prova", "--number", TRIAL).returncode == 0
    for name, role in (("ada", "administrator"), ("bea", "back_office"), ("ivo", "knowledge_manager")):
        assert site.run("users", "add", name, "--role", role).returncode == 0
    site.serve()
    yield site
    site.close()


def heard(site: Site, keys: str = "1 !") -> str:
    """What a caller hears who keys these and hangs up at the next menu."""
    done = site.run("call", TRIAL, "--keys", keys)
    assert done.returncode == 0, done.stderr
    return done.stdout


def change(site: Site, old: str, new: str, file: str = "articles.yaml") -> None:
    path = site.folder / "lines/prova" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def states(site: Site) -> list[str]:
    return [row.split()[1] for row in site.run("lines", "versions", "prova").stdout.splitlines()[2:]]


@pytest.mark.timeout(180)
def test_a_change_is_heard_once_two_people_have_agreed(site: Site) -> None:
    assert OLD in heard(site)
    change(site, OLD, NEW)
    assert states(site) == ["published", "draft"]
    assert "there is no user 'eva'" in site.refused("lines", "submit", "prova", "--as", "eva")
    submit = ("lines", "submit", "prova", "--as", "bea")
    assert site.run(*submit).returncode == 0
    assert site.run("lines", "withdraw", "prova", "--as", "ivo").stdout == "prova version 2 is withdrawn and now draft\n"
    assert site.run(*submit).returncode == 0
    assert "bea is back_office" in site.refused("lines", "approve", "prova", "--as", "bea")
    assert "is submitted, not approved" in site.refused("lines", "publish", "prova", "--as", "ada")
    assert site.run("lines", "approve", "prova", "--as", "ivo").returncode == 0
    assert OLD in heard(site)  # agreed upon is not yet published
    published = site.run("lines", "publish", "prova", "--as", "ada")
    assert published.stdout.endswith("the engine serves it to new calls\n"), published
    assert NEW in heard(site)
    assert "published again; the engine serves it to new calls" in site.run("lines", "rollback", "prova", "--as", "ada").stdout
    assert OLD in heard(site)
    assert states(site) == ["published", "retired"]
    audit = site.run("audit", "--object", "line prova").stdout
    deeds = ("rolled back", "published", "approved", "withdrawn", "submitted", "proposed")
    assert [word for word in deeds if word not in audit] == []


@pytest.mark.timeout(120)
def test_what_callers_would_suffer_is_not_submitted(site: Site) -> None:
    change(site, "La scadenza, 2.", "La scadenza.", "prompts.yaml")
    assert "option-not-said" in site.run("lines", "check", "prova").stdout
    assert "does not say the key" in site.refused("lines", "submit", "prova", "--as", "bea").replace("\n", " ")


@pytest.mark.timeout(120)
def test_a_line_and_a_function_are_switched_off_and_on_live(site: Site) -> None:
    assert "Il termine" in heard(site, "2 24112026 !")
    off = ("lines", "off", "prova", "--as", "ada", "--reason", "lenta")
    assert "prova's function deadline is off; the engine serves" in site.run(*off, "--function", "deadline").stdout
    assert "Le passo un operatore" in (said := heard(site, "2 24112026 !"))
    assert "Il termine" not in said
    assert "prova is off" in site.run(*off).stdout
    assert "non è al momento disponibile" in heard(site)
    for command in (("lines", "on", "prova", "--as", "ada"), ("lines", "on", "prova", "--function", "deadline", "--as", "ada")):
        assert site.run(*command).returncode == 0
    assert "Il termine" in heard(site, "2 24112026 !")
    assert "has no function 'nessuna'" in site.refused(*off, "--function", "nessuna")


@pytest.mark.timeout(120)
def test_a_front_message_is_heard_until_it_is_ended(site: Site) -> None:
    text = ("--it", "Il portale non è disponibile.", "--en", "The portal is down.")
    added = site.run("messages", "add", "prova", "--until", "2099-01-01", *text, "--as", "ada")
    assert "more than 400 days away" in added.stderr
    # From an hour ago: this engine's time is fast, and stands still while nobody calls.
    ago, soon = (
        (datetime.now(ROME) + timedelta(hours=hours)).replace(tzinfo=None).isoformat(" ", "minutes") for hours in (-1, 48)
    )
    added = site.run("messages", "add", "prova", "--from", ago, "--until", soon, *text, "--as", "ada")
    assert added.returncode == 0, added.stderr
    assert "Il portale non è disponibile." in heard(site)
    assert site.run("messages", "end", "1", "--as", "ada").returncode == 0
    assert "portale" not in heard(site)


def test_an_operator_gets_a_desk_while_a_lines_draft_is_broken(site: Site) -> None:
    assert site.run("users", "add", "olga", "--role", "operator").returncode == 0
    change(site, "prova", "prova: [", file="line.yaml")
    assert site.run("lines", "check").returncode == 2
    given = site.run("users", "desk", "olga", "--queue", "prova")
    assert (given.returncode, given.stdout) == (0, "olga serves prova\n"), given.stderr
    unknown = site.run("users", "desk", "olga", "--queue", "prva")
    assert unknown.returncode == 2
    assert "prva" in unknown.stderr
