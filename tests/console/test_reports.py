"""Reports in a real browser: nobody is hindered, figures lead to their contacts, files come, a month is closed."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ivr_engine.clock import rome
from ivr_engine.events import Cause, ContactEnded, ContactStarted, Outcome
from ivr_engine.records import projection
from ivr_engine.records.store import StoreReader

from .site import SERVED

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from playwright.sync_api import Page

    from .site import Console

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def last_month(console: Console) -> datetime:
    """A call in it, and one today."""
    when = rome(time.time()).replace(day=1, hour=12) - timedelta(days=2)
    with StoreReader(console.data).administration.change() as connection:
        started = ContactStarted("LASTMONTH", when.timestamp(), "lavoro", "", "virtual", "old", "", "", "it")
        projection.apply(connection, started)
        projection.apply(connection, ContactEnded("LASTMONTH", when.timestamp() + 9, Cause.CALLER, Outcome.SERVED_BY_IVR))
    done = console.run("call", SERVED, "--keys", "0", "--from", "3331234567")
    assert "answered" in done.stdout, done.stdout + done.stderr
    return when


@pytest.mark.parametrize("locale", ["it-IT", "en-GB"])
def test_reports_stand_in_nobodys_way(sign_in: Callable[..., Page], last_month: datetime, locale: str) -> None:
    page = sign_in("supervisor", "/reports", locale)
    year, month = last_month.year, last_month.month
    for path in (
        "/reports",
        f"/reports/ministry?year={year}",
        f"/reports/service?year={year}&month={month}",
        f"/reports/cases?year={rome(time.time()).year}",
        f"/reports/contacts?year={year}",
        "/reports/service?year=2026&month=13",
    ):
        page.goto(path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


def test_a_figure_leads_to_its_contacts_and_a_month_is_closed(sign_in: Callable[..., Page], last_month: datetime) -> None:
    page = sign_in("ministry", f"/reports/service?year={last_month.year}&month={last_month.month}&line=lavoro")
    page.locator("#table-outcomes ~ div").get_by_role("link", name="1", exact=True).first.click()
    expect(page.locator("caption")).to_have_text("Contatti: 1")
    page.get_by_role("link", name="LASTMONTH").click()
    expect(page.locator("h1")).to_be_visible()
    page.goto(f"/reports/ministry?year={last_month.year}&month={last_month.month}")
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    page.goto("/reports")
    page.locator("#close-year").select_option(str(last_month.year))
    page.locator("#close-month").select_option(str(last_month.month))
    page.get_by_role("button", name="Chiudi il mese").click()
    expect(page.get_by_role("table")).to_contain_text(str(last_month.year))
    page.get_by_role("button", name="Chiudi il mese").click()
    expect(page.locator(".console-mistake")).to_be_visible()


def test_what_there_is_not_gets_a_sentence(console: Console, last_month: datetime) -> None:
    cookie = console.session("supervisor")
    for path, status in (
        ("/reports/service?year=1999", 422),
        ("/reports/service?year=2026&month=13", 422),
        (f"/reports/service?year={last_month.year}&line=nessuna", 422),
        ("/reports/contacts?year=2026&month=2&day=30", 422),
        ("/reports/nessuno?year=2026", 404),
        ("/reports/service/download?year=2026&format=exe", 404),
        ("/cases?year=2026&month=13", 404),
    ):
        assert console.ask("GET", path, cookie=cookie).status == status, path


def test_who_may_not_see_cases_gets_the_numbers_without_links(console: Console) -> None:
    path = f"/reports/cases?year={rome(time.time()).year}"
    pages = {role: console.ask("GET", path, cookie=console.session(role)).text for role in ("supervisor", "administrator")}
    assert {role: '<a href="/cases?year=' in page for role, page in pages.items()} == {"supervisor": True, "administrator": False}


def test_a_line_that_is_gone_can_still_be_chosen(console: Console, last_month: datetime) -> None:
    at = last_month.timestamp()
    with StoreReader(console.data).administration.change() as connection:
        projection.apply(connection, ContactStarted("GONE", at, "vecchia", "", "virtual", "gone", "", "", "it"))
        projection.apply(connection, ContactEnded("GONE", at + 9, Cause.CALLER, Outcome.ABANDONED_IVR))
    cookie = console.session("supervisor")
    assert '<option value="vecchia">' in console.ask("GET", "/reports", cookie=cookie).text
    asked = f"/reports/service?year={last_month.year}&month={last_month.month}&line=vecchia"
    assert console.ask("GET", asked, cookie=cookie).status == 200
