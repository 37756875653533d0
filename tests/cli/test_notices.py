"""Closures and front messages by hand: each signed, each with its expiry, heard at once by callers of a running engine."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ivr_engine.clock import ROME

from .site import SETTINGS, TRIAL, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

ALWAYS = """
[lines.prova.hours]
week = { mon-sun = ["00:00-24:00"] }
holidays = "none"
"""
TEXT = ("--it", "Il portale non è disponibile.", "--en", "The portal is down.")
SIGNED = ("--reason", "guasto", "--as", "ada")


def soon(**ahead: float) -> str:
    """A moment from now, as it is typed."""
    return f"{datetime.now(ROME) + timedelta(**ahead):%Y-%m-%d %H:%M}"


def shown(moment: str) -> str:
    """The same as it is shown."""
    return f"{datetime.fromisoformat(moment):%d/%m/%Y %H:%M}"


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running engine whose trial line is open day and night, and two people."""
    fast = SETTINGS.replace("[virtual]\n", '[virtual]\ntime = "fast"\n')
    site = Site(tmp_path_factory.mktemp("site"), fast + ALWAYS)
    for name, role in (("ada", "administrator"), ("ugo", "operator")):
        assert site.run("users", "add", name, "--role", role).returncode == 0
    site.serve()
    yield site
    site.close()


def did(site: Site, *command: str) -> str:
    done = site.run(*command)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def operators(site: Site, at: str = "") -> str:
    return did(site, "hours", "prova", *(("--at", at) if at else ())).splitlines()[3]


def asks_for_an_operator(site: Site) -> str:
    """What happens to a caller who does."""
    return did(site, "call", TRIAL, "--keys", "0")


def test_an_emergency_closes_at_once_and_opens_by_itself(staffed: Site) -> None:
    assert "answered" in asks_for_an_operator(staffed)
    until = soon(hours=3)
    added = did(staffed, "closures", "add", "prova", "--emergency", "--until", until, *SIGNED)
    number = added.split()[1]
    assert added == f"closure {number} holds until {shown(until)}; the engine serves it to new calls\n"
    assert "chiuso: emergenza" in operators(staffed)
    assert f"{shown(until)}" in operators(staffed)
    assert "aperto" in operators(staffed, soon(hours=4))
    assert ": closed_hours (" in asks_for_an_operator(staffed)

    assert "emergenza" in did(staffed, "closures", "list")
    assert did(staffed, "closures", "end", number, "--as", "ada").startswith(f"closure {number} is ended; the engine serves")
    assert "emergenza" not in did(staffed, "closures", "list")
    assert "aperto" in operators(staffed)
    assert "answered" in asks_for_an_operator(staffed)
    assert "there is none with number" in staffed.refused("closures", "end", number, "--as", "ada")


def test_other_hours_for_some_days_of_every_line(staffed: Site) -> None:
    first, last = soon(days=30)[:10], soon(days=31)[:10]
    command = ("closures", "add", "--every-line", "--from", first, "--until", last, "--periods", "10:00-12:00 15:00-16:00")
    number = did(staffed, *command, *SIGNED).split()[1]
    assert "every line" in did(staffed, "closures", "list")
    assert "10:00-12:00, 15:00-16:00" in did(staffed, "closures", "list")
    week = did(staffed, "hours", "prova", "--week", "--at", soon(days=29)[:10]).splitlines()[3:]
    assert ["00:00-24:00" in day for day in week] == [True, False, False, True, True, True, True]  # the last day included
    for day in week[1:3]:
        assert "10:00-12:00, 15:00-16:00  orario straordinario: guasto" in day
    assert "aperto" in operators(staffed)
    did(staffed, "closures", "end", number, "--as", "ada")


def test_a_message_of_every_line_is_kept_only_when_it_can_be_heard(staffed: Site) -> None:
    assert did(staffed, "messages", "list").count("\n") == 2
    staffed.write("mute.toml", f"{SETTINGS}{ALWAYS}\n".replace("[prompts]", '[prompts]\nfolder = "mute.toml"'))
    add = ("messages", "add", "--every-line", "--until", soon(days=1), *TEXT, "--as", "ada")
    assert "mute.toml" in staffed.refused("--settings", "mute.toml", *add)
    assert did(staffed, "messages", "list").count("\n") == 2

    number = did(staffed, *add, "--from", soon(hours=-1)).split()[1]  # the engine's fast time stands still between calls
    assert "Il portale non è disponibile." in asks_for_an_operator(staffed)
    assert "every line" in did(staffed, "messages", "list")
    assert did(staffed, "messages", "end", number, "--as", "ada").startswith(f"message {number} is ended; the engine serves")
    assert "Il portale" not in asks_for_an_operator(staffed)


REFUSED = [
    (["closures", "add", "nessuna", "--until", "+1", *SIGNED], "there is no line 'nessuna'"),
    (["closures", "add", "--until", "+1", *SIGNED], "say for which line it is, or --every-line"),
    (["closures", "add", "prova", "--every-line", "--until", "+1", *SIGNED], "say for which line it is, or --every-line"),
    (["closures", "add", "prova", "--until", "domani", *SIGNED], "--until: 'domani' is no moment"),
    (["closures", "add", "prova", "--until", "-1", *SIGNED], "is not later than"),
    (["closures", "add", "prova", "--from", "+2", "--until", "+1", *SIGNED], "is not later than its beginning"),
    (["closures", "add", "prova", "--until", "+402", *SIGNED], "more than 400 days away"),
    (["closures", "add", "prova", "--until", "+1", "--periods", "9-13", *SIGNED], "--periods: '9-13' is no period"),
    (["closures", "add", "prova", "--until", "+1", "--emergency", "--periods", "09:00-13:00", *SIGNED], "has no periods"),
    (["closures", "add", "prova", "--until", "+1", "--reason", "x", "--as", "eva"], "there is no user 'eva'"),
    (["closures", "add", "prova", "--until", "+1", "--reason", "x", "--as", "ugo"], "ugo is operator and may not"),
    (["messages", "add", "prova", "--until", "-1", *TEXT, "--as", "ada"], "is not later than"),
    (["messages", "add", "prova", "--until", "+1", "--it", "Sono le {ora}.", "--en", "x", "--as", "ada"], "--it must say"),
    (["messages", "add", "prova", "--until", "+1", "--it", "x", "--en", " ", "--as", "ada"], "--en must say"),
]


@pytest.mark.timeout(180)
def test_what_is_refused_leaves_no_trace(staffed: Site) -> None:
    before = did(staffed, "audit", "--last", "1")
    for command, sentence in REFUSED:
        dated = [soon(days=int(word)) if word[0] in "+-" and word[1:].isdigit() else word for word in command]
        assert sentence in staffed.refused(*dated)
    assert did(staffed, "audit", "--last", "1") == before


@pytest.mark.parametrize("noun", ["closures", "messages"])
def test_nothing_is_switched_by_hand_for_ever(staffed: Site, noun: str) -> None:
    rest = SIGNED if noun == "closures" else (*TEXT, "--as", "ada")
    done = staffed.run(noun, "add", "prova", *rest)
    assert done.returncode == 2
    assert "Missing option '--until'" in done.stderr
