"""What a caller would get, now and then: `ivr hours`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .site import SETTINGS

if TYPE_CHECKING:
    from .site import Site

HOURS = """
[lines.prova.hours]
week = { mon-fri = ["09:00-13:00", "14:00-18:00"], sat = ["22:00-06:00"] }
patron = "RM"
exceptions = [{ from = 2026-12-24, until = 2026-12-24, periods = ["09:00-13:00"], reason = "Vigilia" }]
"""


@pytest.fixture
def hours(site: Site) -> Site:
    """A site with hours of its own, where no engine has ever run."""
    site.write("ivr.toml", SETTINGS + HOURS)
    return site


@pytest.mark.parametrize(
    ("at", "when", "told"),
    [
        ("2026-12-23 17:30", "mer 23/12/2026 17:30", ["aperto", "mer 23/12/2026 18:00"]),
        ("2026-12-24 17:30", "gio 24/12/2026 17:30", ["chiuso: orario straordinario", "Vigilia", "lun 28/12/2026 09:00"]),
        ("2026-06-29", "lun 29/06/2026 00:00", ["chiuso: festa", "Santi Pietro e Paolo", "mar 30/06/2026 09:00"]),
        ("2026-12-23T12:30+00:00", "mer 23/12/2026 13:30", ["chiuso: fuori orario", "mer 23/12/2026 14:00"]),
    ],
)
def test_a_moment(hours: Site, at: str, when: str, told: list[str]) -> None:
    done = hours.run("hours", "prova", "--at", at)
    assert (done.returncode, done.stderr) == (0, "")
    first, _, _, row = done.stdout.splitlines()
    assert first == f"{when}, ora di Roma"
    assert row.split() == " ".join(["prova", *told]).split()


def test_a_week_with_its_nights_and_its_change_of_the_clocks(hours: Site) -> None:
    week = hours.run("hours", "prova", "--week", "--at", "2026-12-21").stdout
    assert [line.rstrip() for line in week.splitlines()] == [
        "prova",
        "day             operators                 why",
        "--------------  ------------------------  -----------------------------",
        "lun 21/12/2026  09:00-13:00, 14:00-18:00",
        "mar 22/12/2026  09:00-13:00, 14:00-18:00",
        "mer 23/12/2026  09:00-13:00, 14:00-18:00",
        "gio 24/12/2026  09:00-13:00               orario straordinario: Vigilia",
        "ven 25/12/2026  chiuso                    festa: Natale",
        "sab 26/12/2026  chiuso                    festa: Santo Stefano",
        "dom 27/12/2026  chiuso",
    ]
    rows = hours.run("hours", "prova", "--week", "--at", "2026-10-24").stdout.splitlines()[3:]
    assert [row.split()[2] for row in rows[:2]] == ["22:00-24:00", "00:00-06:00"]


def test_every_line(hours: Site) -> None:
    rows = hours.run("hours", "--at", "2026-12-24 17:30").stdout.splitlines()[3:]
    assert {row.split()[0] for row in rows} > {"prova", "lavoro", "sociale"}
    weeks = hours.run("hours", "--week").stdout.split("\n\n")
    assert len(weeks) == len(rows)
    assert all(len(week.strip().splitlines()) == 10 for week in weeks)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["nessuna"], "there is no line 'nessuna' (lines are "),
        (["prova", "--at", "24/12/2026"], "--at: '24/12/2026' is no moment (write it as 2026-12-24 or as 2026-12-24 17:30)"),
        (["prova", "--at", "2026-02-30"], "--at: '2026-02-30' is no moment"),
        (["prova", "--at", "9999-12-31"], "--at: '9999-12-31' is no moment"),
    ],
)
def test_what_cannot_be_told(hours: Site, command: list[str], sentence: str) -> None:
    assert hours.refused("hours", *command).startswith(sentence)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('patrono = "RM"', "ivr.toml:2: lines.prova.hours.patrono: no such key (did you mean patron?)"),
        ('week = { mon = "09:00-18:00" }', "ivr.toml:2: lines.prova.hours.week.mon: must be a list"),
        ("exceptions = [{ from = 2026-12-24 }]", "ivr.toml:2: lines.prova.hours.exceptions.0.until: is missing"),
    ],
)
def test_a_mistake_in_the_sites_hours(hours: Site, written: str, sentence: str) -> None:
    folders = SETTINGS[SETTINGS.index("[plugins]") :]
    hours.write("ivr.toml", f"[lines.prova.hours]\n{written}\n{folders}")
    assert sentence in hours.refused("hours", "prova")
