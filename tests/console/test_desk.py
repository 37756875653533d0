"""The desk in a real browser: the pop, the call, the case; two operators; a connection that breaks; hostile names."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ivr_engine.console.templating import Templates
from ivr_engine.records import sessions
from ivr_engine.records.cases import Level
from ivr_engine.records.store import StoreReader

from .site import PASSWORD

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from playwright.sync_api import Page, WebSocketRoute

    from .site import Console

    SignIn = Callable[..., Page]
    Citizen = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.timeout(180)


def shifts(page: Page) -> None:
    """Count layout shifts that nobody's input caused, from now on."""
    page.evaluate(
        "window.shifted = 0; new PerformanceObserver(list => { for (const e of list.getEntries())"
        " if (!e.hadRecentInput) window.shifted += e.value; }).observe({type: 'layout-shift', buffered: false})"
    )


def ready(page: Page) -> None:
    page.keyboard.press("Alt+r")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "ready")


def answered(page: Page) -> None:
    """The call that comes is taken."""
    expect(page.locator(".desk-card")).to_have_attribute("data-state", "ringing")
    page.keyboard.press("Alt+a")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "busy")
    expect(page.locator(".desk-form h3 a")).to_be_visible()  # its case was opened behind it: the card comes no more by itself


def ended(page: Page) -> None:
    """Whatever the test left in hand is filed, and the pause is a chosen one: one for a call not answered ends with that call."""
    page.reload()
    chosen = False
    for _ in range(10):
        state = page.locator("#desk-state").get_attribute("data-state") or ""
        if state == "pause" and chosen:
            return
        key = {"ringing": "Alt+h", "busy": "Alt+h", "ready": "Alt+p"}.get(state, "Alt+r")
        page.keyboard.press(key)
        expect(page.locator("#desk-state")).not_to_have_attribute("data-state", state)
        chosen = key == "Alt+p"
    raise AssertionError("calls come again and again")


def test_a_call_from_ring_to_filed_case_by_keyboard_alone(console: Console, sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    ready(page)
    shifts(page)
    title = page.title()
    page.keyboard.press("Alt+s")
    page.keyboard.type("ri")
    call = citizen("0")
    card = page.locator(".desk-card")
    expect(card).to_have_attribute("data-state", "ringing")
    expect(page).to_have_title(re.compile("☎ Chiamata da"))
    assert page.evaluate("document.activeElement.id") == "q", "a pop took the focus from whoever was typing"
    assert page.evaluate("window.shifted") == 0
    expect(card).to_contain_text("+393331234567")
    expect(card).to_contain_text("operatore")
    page.keyboard.press("Alt+a")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "busy")
    note = card.locator("textarea")
    note.focus()
    page.keyboard.type("Chiede del preavviso")
    page.keyboard.press("Alt+h")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "wrap_up")
    assert note.input_value() == "Chiede del preavviso", "what was typed is lost when the call ends"
    card.locator("[name=subject]").select_option(index=1)
    page.keyboard.press("Alt+1")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "ready")
    expect(page).to_have_title(title)
    ended(page)
    assert "answered" in call.communicate(timeout=30)[0]
    case = StoreReader(console.data).cases.list()[0]
    assert (case.state, case.disposition) == ("resolved", "solved")
    file = StoreReader(console.data).cases.show(case.number)
    assert file is not None
    assert [change.detail for change in file.history if change.what == "note"] == ["Chiede del preavviso"]
    with closing(sqlite3.connect(console.data / "ivr.db")) as database:
        (shown,) = database.execute("SELECT count(*) FROM journal WHERE kind = 'ScreenPopShown'").fetchone()
    assert shown >= 1, "the browser did not acknowledge the pop"


def test_the_case_that_a_call_continues_is_shown_with_its_subject(sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    case, subject = page.locator(".desk-form h3 a"), page.locator("[name=subject]")
    ready(page)
    citizen("0", "3330000041")
    answered(page)
    expect(case).to_be_visible()  # opened behind her; nothing was reloaded
    number = case.inner_text()
    with page.expect_response("**/desk/draft"):
        subject.select_option(index=2)
    chosen = subject.input_value()
    with page.expect_response("**/desk/draft"):
        page.locator("textarea").fill("Da approfondire")
    page.keyboard.press("Alt+h")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "wrap_up")
    page.keyboard.press("Alt+2")  # to the back office: it stays open
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "ready")
    citizen("0", "3330000041")
    answered(page)
    expect(case).to_have_text(number)
    expect(subject).to_have_value(chosen)
    ended(page)


def test_only_the_rung_operator_sees_the_pop(sign_in: SignIn, citizen: Citizen) -> None:
    anna, bruno = sign_in("anna", "/desk"), sign_in("bruno", "/desk")
    ready(anna)
    ready(bruno)
    citizen("0")
    first, second = (anna, bruno) if _has_card(anna, bruno) else (bruno, anna)
    expect(first.locator(".desk-card")).to_have_attribute("data-state", "ringing")
    second.reload()
    assert second.locator(".desk-card").count() == 0
    assert "3331234567" not in second.content()
    second.keyboard.press("Alt+p")
    ended(first)
    ended(second)


def _has_card(anna: Page, bruno: Page) -> bool:
    """Wait until one of them has it; is it Anna?"""
    for _ in range(100):
        if anna.locator(".desk-card").count():
            return True
        if bruno.locator(".desk-card").count():
            return False
        anna.wait_for_timeout(100)
    raise AssertionError("nobody was rung")


def test_after_a_lost_connection_the_call_is_shown_again(sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    ready(page)
    page.context.set_offline(True)
    expect(page.locator("#live-state")).to_have_class(re.compile("off"))
    citizen("0", "3339876543")
    page.wait_for_timeout(3000)
    assert page.locator(".desk-card").count() == 0
    page.context.set_offline(False)
    expect(page.locator(".desk-card")).to_contain_text("+393339876543")
    page.reload()
    expect(page.locator(".desk-card")).to_contain_text("+393339876543")
    ended(page)


def test_who_is_ready_without_filing_keeps_the_note(console: Console, sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    ready(page)
    citizen("0", "3330000021")
    answered(page)
    with page.expect_response("**/desk/draft"):
        page.locator("textarea").fill("Ha il PIN scaduto")
    page.keyboard.press("Alt+h")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "wrap_up")
    ready(page)
    (case,) = StoreReader(console.data).cases.open_cases("3330000021")
    page.goto(f"/cases/{case.number}")
    note = page.locator(".case-history").get_by_text("Ha il PIN scaduto")
    while not note.count():  # it is written behind her; the test's own time-out ends this
        page.reload()
    expect(note).to_have_count(1)
    page.goto("/desk")
    ended(page)


def test_a_call_about_a_case_that_is_with_others_is_filed(console: Console, sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    for key, note in (("Alt+2", "Serve una verifica"), ("Alt+1", "Chiede a che punto è")):
        ready(page)
        citizen("0", "3330000022")
        answered(page)
        page.keyboard.press("Alt+h")
        expect(page.locator("#desk-state")).to_have_attribute("data-state", "wrap_up")
        page.locator("[name=subject]").select_option(index=1)
        page.locator("textarea").fill(note)
        page.keyboard.press(key)
        expect(page.locator("#desk-state")).to_have_attribute("data-state", "ready")
    (case,) = StoreReader(console.data).cases.open_cases("3330000022")
    found = StoreReader(console.data).cases.show(case.number)
    assert found is not None
    assert (case.level, case.disposition) == (Level.BACK_OFFICE, "second_level")
    assert [it.detail for it in found.history if it.what == "note"] == ["Serve una verifica", "Chiede a che punto è"]
    ended(page)


def test_filing_without_a_subject_says_so_and_loses_nothing(sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    ready(page)
    citizen("0", "3330000001")
    answered(page)
    page.locator("textarea").fill("<script>alert(1)</script> 😀 \u202egnol")
    page.keyboard.press("Alt+2")
    expect(page.get_by_role("alert").filter(has_text="Scegli l'argomento")).to_be_visible()
    subject, note = page.locator("[name=subject]"), page.locator("textarea")
    expect(subject).to_be_focused()
    expect(subject).to_have_attribute("aria-invalid", "true")
    expect(subject).to_have_accessible_description("Scegli l'argomento.")
    expect(note).to_have_attribute("aria-invalid", "false")
    assert page.locator("textarea").input_value().startswith("<script>")
    subject.select_option(index=1)
    note.fill("")
    page.keyboard.press("Alt+2")
    expect(note).to_be_focused()
    expect(note).to_have_attribute("aria-invalid", "true")
    expect(subject).to_have_attribute("aria-invalid", "false")
    note.fill("Serve una verifica")
    page.keyboard.press("Alt+2")
    expect(page.locator(".console-notice")).to_be_visible()
    page.keyboard.press("Alt+h")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "ready")
    ended(page)


@pytest.mark.parametrize(
    ("locale", "failed", "lost"),
    [
        ("it-IT", "L'archivio non risponde. Ora l'archivio non si può scrivere.", "Il server non ha risposto"),
        ("en-GB", "The store does not answer. The store cannot be written now.", "The server has not answered"),
    ],
)
def test_a_request_that_fails_is_told(sign_in: SignIn, locale: str, failed: str, lost: str) -> None:
    page = sign_in("anna", "/desk", locale)
    ended(page)
    said = page.get_by_role("alert")
    state = page.locator("#desk-state").get_attribute("data-state")
    heading, detail = failed.split(". ", 1)
    body = Templates(lambda _visit: [], str).render_alone("alone.html", locale[:2], heading=heading, detail=detail)
    page.route("**/desk/state", lambda route: route.fulfill(status=503, body=body, content_type="text/html"))
    page.keyboard.press("Alt+r")
    expect(said).to_have_text(failed)
    assert Axe().run(page).violations_count == 0
    page.route("**/desk/state", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    page.keyboard.press("Alt+r")
    expect(said).to_have_text(re.compile("Qualcosa è andato storto|Something went wrong"))
    page.route("**/desk/state", lambda route: route.abort())
    page.keyboard.press("Alt+r")
    expect(said).to_contain_text(lost)
    assert page.locator("#desk-state").get_attribute("data-state") == state
    page.unroute("**/desk/state")
    ready(page)
    expect(said).to_be_empty()
    ended(page)


def test_what_is_typed_while_the_engine_is_away_comes_back_with_the_call(sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    ended(page)
    ready(page)
    citizen("0")
    answered(page)
    card, note, subject = page.locator(".desk-card"), page.locator("textarea"), page.locator("[name=subject]")
    page.route("**/desk/draft", lambda route: route.abort())
    page.route("**/desk/call", lambda route: route.fulfill(body="<p>Nessuna chiamata.</p>", content_type="text/html"))
    note.fill("Serve il CUD")
    subject.select_option(index=1)
    chosen = subject.input_value()
    page.evaluate("document.body.dispatchEvent(new Event('live-desk'))")
    expect(card).to_have_count(0)
    page.unroute("**/desk/call")
    page.unroute("**/desk/draft")
    with page.expect_response(lambda response: "/desk/draft" in response.url and "CUD" in (response.request.post_data or "")):
        page.evaluate("document.body.dispatchEvent(new Event('live-desk'))")
    expect(note).to_have_value("Serve il CUD")
    expect(subject).to_have_value(chosen)
    page.reload()
    expect(note).to_have_value("Serve il CUD")
    expect(subject).to_have_value(chosen)
    ended(page)


def test_what_cannot_be_done_at_the_desk_is_told_and_the_desk_stays(sign_in: SignIn) -> None:
    page = sign_in("anna", "/desk")
    ended(page)
    heading, detail = "Non si può fare", "La pratica non è ancora nell'archivio; riprova."
    body = f'<div id="problem"><h1>{heading}</h1><p>{detail}</p></div>'
    page.route("**/desk/state", lambda route: route.fulfill(status=422, body=body, content_type="text/html"))
    page.keyboard.press("Alt+r")
    expect(page.get_by_role("alert")).to_have_text(f"{heading}. {detail}")
    expect(page.locator("#desk-state")).to_be_visible()


def test_a_search_that_fails_is_told_until_it_goes_well(sign_in: SignIn) -> None:
    page = sign_in("anna", "/desk")
    page.route("**/desk/articles?*", lambda route: route.abort())
    page.locator("#q").press_sequentially("preavviso")
    expect(page.get_by_role("alert")).to_contain_text("Il server non ha risposto")
    page.unroute("**/desk/articles?*")
    page.locator("#q").press_sequentially(" dimissioni")
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_transfer_goes_on_with_the_same_contact(console: Console, sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    ready(page)
    call = citizen("0", "3330000002")
    expect(page.locator(".desk-card")).to_have_attribute("data-state", "ringing")
    contact = page.locator(".desk-card").get_attribute("data-contact")
    page.keyboard.press("Alt+a")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "busy")
    page.locator("[name=to]").select_option("line:lavoro")
    page.locator(".desk-transfer button").click()
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "wrap_up")
    page.locator("[name=subject]").select_option(index=1)
    page.keyboard.press("Alt+1")
    # Nobody else is there: the call comes back to her, on the other line.
    expect(page.locator(".desk-card")).to_have_attribute("data-state", "ringing", timeout=30_000)
    assert page.locator(".desk-card").get_attribute("data-contact") == contact
    expect(page.locator(".desk-card")).to_contain_text("Lavoro")
    page.keyboard.press("Alt+a")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "busy")
    page.keyboard.press("Alt+h")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "wrap_up")
    call.communicate(timeout=40)
    ended(page)
    file = StoreReader(console.data).contacts.show(str(contact))
    assert file is not None
    kinds = [entry.kind for entry in file.journal]
    assert kinds.count("ContactStarted") == kinds.count("ContactEnded") == kinds.count("OperatorTransferred") == 1
    assert kinds.count("OperatorAnswered") == 2
    assert (file.contact.outcome, file.contact.line) == ("answered", "lavoro")


def test_after_the_first_visit_the_desk_weighs_little(sign_in: SignIn) -> None:
    page = sign_in("anna", "/desk")
    page.goto("/cases")
    page.goto("/desk", wait_until="networkidle")
    weight = page.evaluate(
        "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))"
        ".reduce((sum, entry) => sum + entry.transferSize, 0)"
    )
    assert 0 < weight < 150_000


def test_hostile_callers_and_names_stay_words(console: Console, sign_in: SignIn, citizen: Citizen) -> None:
    hostile = "<script>alert(1)</script> \U0001f600 \u202e\u05e9\u05dc " + "x" * 10_000
    page = sign_in("anna", "/desk")
    ready(page)
    call = citizen("0", "333<script>\u202e" + "9" * 10_000)
    expect(page.locator(".desk-card")).to_have_attribute("data-state", "ringing")
    assert page.locator(".desk-card script").count() == 0
    page.keyboard.press("Alt+a")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "busy")
    note = page.locator(".desk-card textarea")
    note.evaluate("(it, text) => { it.removeAttribute('maxlength'); it.value = text }", hostile)
    page.locator(".desk-card [name=subject]").select_option(index=1)
    page.keyboard.press("Alt+h")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "wrap_up")
    page.keyboard.press("Alt+1")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "ready")
    ended(page)
    assert "answered" in call.communicate(timeout=30)[0]
    case = StoreReader(console.data).cases.list()[0]
    page.goto(f"/cases/{case.number}")
    expect(page.locator("#main")).to_contain_text("<script>alert(1)</script>")
    assert page.locator("#main script").count() == 0
    assert Axe().run(page).violations_count == 0


@pytest.mark.parametrize("how", ["told", "refused", "asked"])
def test_a_session_that_is_over_says_so_and_keeps_what_is_typed(console: Console, sign_in: SignIn, how: str) -> None:
    """The server tells the tab; or the tab comes back and is refused; or it asks for something meanwhile."""

    def silent(_socket: WebSocketRoute) -> None:
        """A feed that tells nothing."""

    page = sign_in("anna", "/desk")
    ended(page)
    if how == "asked":
        page.route_web_socket("**/live", silent)
        page.reload()
    page.locator("#q").press_sequentially("preavviso")
    expect(page.locator("#found")).not_to_be_empty()
    if how == "told":
        assert console.post("administrator", "/users/anna", do="password", password=PASSWORD).status == 303
    else:
        token = console.session("anna").partition("=")[2]
        with StoreReader(console.data).administration.change() as connection:
            sessions.end(connection, token, time.time())
        page.context.set_offline(how == "refused")
        page.context.set_offline(False)
    console._sessions.pop("anna")
    if how == "asked":
        page.locator("#q").press_sequentially(" ")
    said = page.locator("#failure")
    expect(said).to_have_text("La sessione è finita: accedi di nuovo.")
    expect(page.locator("#desk-state")).to_be_hidden()
    expect(page.locator("#live-state")).to_be_hidden()
    assert Axe().run(page).violations_count == 0
    tried: list[str] = []
    page.on("websocket", lambda socket: tried.append(socket.url))
    page.on("request", lambda request: tried.append(request.url))
    page.keyboard.press("Alt+r")
    page.locator("#q").press_sequentially("x")
    page.wait_for_timeout(2000)
    assert tried == [], "it goes on as if there were a session"
    assert page.locator("#q").input_value().startswith("preavviso")
    said.get_by_role("link").click()
    page.get_by_label("Nome utente").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Accedi").click()
    expect(page.locator("#desk-state")).to_be_visible()


def test_who_signs_out_elsewhere_keeps_the_form_that_was_being_filled_in(console: Console, sign_in: SignIn) -> None:
    console._sessions.pop("back_office", None)
    page = sign_in("back_office", "/contacts/new?line=prova")
    console._sessions.pop("back_office")
    page.get_by_label("Che cosa chiede").fill("Una lunga lettera")
    other = page.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Esci").click()
    expect(other.get_by_label("Nome utente")).to_be_visible()
    link = page.get_by_role("alert").get_by_role("link", name="La sessione è finita: accedi di nuovo.")
    expect(link).to_have_attribute("href", "/sign-in?next=/contacts/new%3Fline%3Dprova")
    page.get_by_label("Canale").select_option("post")
    page.get_by_label("Arrivato il").fill("2026-01-02T10:00")
    page.get_by_role("button", name="Registra").click()
    page.wait_for_timeout(500)
    expect(page.get_by_label("Che cosa chiede")).to_have_value("Una lunga lettera")
