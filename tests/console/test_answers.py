"""Answers in a real browser: written by the knowledge manager, approved by the Ministry, heard by the next caller and read by the
next operator; what is silly is said beside its field; two who write at once; what is due, and what is missing."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ivr_engine.records import drafts, unanswered
from ivr_engine.records.articles import Article, publish
from ivr_engine.records.store import StoreReader

from .site import SERVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from .site import Console

    SignIn = Callable[..., Page]

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("all_sounds")]

OLD, NEW = "Questa è una risposta approvata.", "Questa risposta è stata corretta dal Ministero."
HOSTILE = "<script>alert(1)</script> 😀 \u202eשלום " + "x" * 10_000


def heard(console: Console) -> str:
    done = console.run("call", "800196009", "--keys", "1!")
    assert done.returncode == 0, done.stderr
    return done.stdout


def begin(sign_in: SignIn) -> Page:
    page = sign_in("knowledge_manager", "/answers/prova/P01")
    page.set_default_timeout(90_000)  # a publication makes sounds
    page.get_by_role("button", name="Proponi una modifica").click()
    return page


def clean(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def test_the_manager_writes_the_ministry_approves_and_the_next_caller_hears_it(console: Console, sign_in: SignIn) -> None:
    assert OLD in heard(console)
    manager = begin(sign_in)
    clean(manager)
    manager.get_by_label("Testo (it)").fill(NEW)
    manager.get_by_label("Valida fino al").fill("2001-01-01")
    manager.get_by_role("button", name="Chiedi l'approvazione").click()
    expect(manager.locator("#valid_to-mistake")).to_have_text(re.compile("Finisce prima"))
    assert manager.get_by_label("Testo (it)").input_value() == NEW
    clean(manager)
    manager.get_by_label("Valida fino al").fill("")
    manager.get_by_role("button", name="Chiedi l'approvazione").click()
    expect(manager.locator("#main")).to_contain_text("L'hai scritta tu")
    expect(manager.get_by_role("button", name="Approva e pubblica")).to_have_count(0)
    number = manager.url.rpartition("/")[2]
    seen = manager.locator("[name=seen]").last.input_value()
    refused = console.post("knowledge_manager", f"/answers/drafts/{number}", do="approve", seen=seen)
    assert refused.status == 422
    assert "deve approvarla un&#39;altra persona" in refused.text
    assert console.post("back_office", f"/answers/drafts/{number}", do="approve").status == 403
    assert OLD in heard(console)

    ministry = sign_in("ministry", "/answers")
    ministry.set_default_timeout(90_000)
    clean(ministry)
    ministry.get_by_role("link", name="Una risposta").first.click()
    expect(ministry.locator("ins").first).to_be_visible()
    clean(ministry)
    ministry.get_by_role("button", name="Approva e pubblica").click()
    expect(ministry.locator("#main")).to_contain_text("pubblicata")
    assert NEW in heard(console)
    anna = console.ask("GET", "/desk/articles/prova/P01", cookie=console.session("anna"))
    assert NEW in anna.text
    found = console.ask("GET", "/desk/articles?q=corretta", cookie=console.session("anna"))
    assert "Una risposta" in found.text
    ministry.goto("/answers/prova/P01")
    expect(ministry.locator("#main del").first).to_have_text(re.compile("approvata"))
    clean(ministry)
    assert "published" in console.run("audit", "--object", "article prova/P01").stdout


def test_a_new_answer_is_hostile_until_it_is_sent_back(console: Console, sign_in: SignIn) -> None:
    page = sign_in("knowledge_manager", "/answers")
    page.set_default_timeout(90_000)
    page.get_by_label("Linea della nuova risposta").select_option("prova")
    page.get_by_role("button", name="Scrivi una nuova risposta").click()
    page.get_by_role("button", name="Chiedi l'approvazione").click()
    expect(page.locator("#title_it-mistake")).to_be_visible()
    page.get_by_label("Titolo (it)").fill("<script>alert(1)</script>")
    page.get_by_label("Titolo (en)").fill("A title")
    page.get_by_label("Testo (it)").evaluate("(it, text) => { it.value = text }", HOSTILE)
    page.get_by_label("Testo (en)").fill("With a {brace}")
    page.get_by_label("Fonte", exact=True).fill("Nota 1/2026")
    page.get_by_label("Argomento").fill("prova")
    page.get_by_role("button", name="Chiedi l'approvazione").click()
    expect(page.locator("#text_en-mistake")).to_be_visible()
    assert page.get_by_label("Titolo (it)").input_value() == "<script>alert(1)</script>"
    page.get_by_label("Testo (it)").fill("Un testo nuovo.")
    page.get_by_label("Testo (en)").fill("A new text.")
    page.get_by_role("button", name="Salva").click()
    other = sign_in("back_office", page.url)
    other.get_by_label("Titolo (en)").fill("Another title")
    other.get_by_role("button", name="Salva").click()
    expect(other.locator("#main")).to_contain_text("back_office, knowledge_manager")
    page.get_by_label("Titolo (en)").fill("A third title")
    page.get_by_role("button", name="Salva").click()
    expect(page.get_by_role("alert").filter(has_text="Nel frattempo")).to_be_visible()
    assert page.get_by_label("Titolo (en)").input_value() == "A third title"
    page.reload()
    page.get_by_role("button", name="Chiedi l'approvazione").click()
    supervisor = sign_in("supervisor", page.url)
    supervisor.set_default_timeout(90_000)
    supervisor.get_by_role("button", name="Rimanda").click()
    expect(supervisor.locator("#main")).to_contain_text("bozza")
    page.reload()
    page.get_by_role("button", name="Chiedi l'approvazione").click()
    supervisor.reload()
    supervisor.get_by_role("button", name="Approva e pubblica").click()
    supervisor.get_by_role("link", name="Guarda la risposta pubblicata").click()
    expect(supervisor.locator("h1")).to_have_text("<script>alert(1)</script>")
    expect(supervisor.locator("#main")).to_contain_text("la vedono solo gli operatori")


def test_what_holds_from_tomorrow_waits_for_tomorrow(console: Console, sign_in: SignIn) -> None:
    page = begin(sign_in)
    page.get_by_label("Valida dal").fill("2099-01-01")
    page.get_by_role("button", name="Chiedi l'approvazione").click()
    ministry = sign_in("ministry", page.url)
    ministry.set_default_timeout(90_000)
    ministry.get_by_role("button", name="Approva e pubblica").click()
    expect(ministry.locator("#main")).to_contain_text("sarà pubblicata automaticamente il 01/01/2099")
    expect(ministry.get_by_role("button", name="Pubblica", exact=True)).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Ritira la bozza").click()
    expect(page).to_have_url(re.compile("/answers$"))
    assert "risposta" in heard(console)


def test_a_draft_of_a_line_that_is_gone_can_be_withdrawn(console: Console) -> None:
    body = {**dict.fromkeys(("source", "category", "topic"), "x"), "title": {"it": "Titolo"}, "text": {"it": "Testo."}}
    body |= {"certainty": "B", "valid_from": "2026-01-01", "valid_to": None, "verified": "2026-01-01"}
    with StoreReader(console.data).administration.change() as connection:
        draft = drafts.start(connection, "sparita", "articles.yaml", "R01", body, "knowledge_manager", 0)
        drafts.submit(connection, draft, "knowledge_manager", 0)
    path = f"/answers/drafts/{draft.id}"
    opened = console.ask("GET", path, cookie=console.session("knowledge_manager"))
    assert opened.status == 200
    assert "Ritira la bozza" in opened.text
    refused = console.post("ministry", path, do="approve", seen="0")
    assert refused.status == 422
    assert "La linea sparita non esiste più. Ritira la bozza." in refused.text
    assert console.post("knowledge_manager", path, do="withdraw").status == 303
    with StoreReader(console.data).administration.look() as connection:
        assert drafts.get(connection, draft.id).state == "withdrawn"


def test_what_callers_heard_on_a_line_that_is_gone_can_be_read(console: Console) -> None:
    day = date(2026, 1, 1)
    heard = Article("sparita", "R01", "it", "Titolo", "Si diceva così.", "x", "B", "x", "x", day, None, day)
    with StoreReader(console.data).administration.change() as connection:
        publish(connection, [heard], 0, "sparita")
    page = console.ask("GET", "/answers/sparita/R01", cookie=console.session("knowledge_manager"))
    assert page.status == 200
    assert "Si diceva così." in page.text
    assert "Proponi una modifica" not in page.text
    assert console.ask("GET", "/answers/sparita/R02", cookie=console.session("knowledge_manager")).status == 404


def test_what_is_due_and_what_callers_ask_in_vain(console: Console, sign_in: SignIn) -> None:
    console.run("call", SERVED, "--keys", "0", "--from", "3331234567")
    for wanted in ("zanzibar", "zanzibar libre", "rossi rssmra85t10a562s", "333 1234567"):  # whose they are is nobody's business
        assert console.ask("GET", f"/desk/articles?q={wanted.replace(' ', '+')}", cookie=console.session("anna")).status == 200
    with StoreReader(console.data).administration.look() as connection:
        assert [(it.name, it.times) for it in unanswered.searches(connection, 0)] == [("zanzibar libre", 1)]
    page = sign_in("knowledge_manager", "/answers/unanswered")
    expect(page.locator("#main")).to_contain_text("zanzibar libre")
    clean(page)
    page.goto("/answers/review")
    clean(page)
