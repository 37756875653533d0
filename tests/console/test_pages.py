"""Every page in a real browser: accessibility in both languages; a case on its way to the Ministry and back; the browser phone;
the board beside the journal; erasure."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ivr_engine.clock import rome
from ivr_engine.events import CallbackWished, Cause, ContactEnded, ContactStarted, Outcome, PrivateNoted, new_contact_id
from ivr_engine.records import audit, callbacks, citizens, people, projection
from ivr_engine.records.store import StoreReader

from .site import SERVED

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from playwright.sync_api import Page

    from .site import Console

    SignIn = Callable[..., Page]
    Citizen = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.timeout(180)

PAGES = {
    "anna": ("/", "/desk", "/cases", "/callbacks", "/citizens", "/citizens?q=333", "/phone", "/nonesuch", "/audit"),
    "supervisor": ("/board", "/lines", "/lines/prova", "/lines/sociale", "/agreements", "/audit", "/staffing"),
    "administrator": ("/users",),
}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> 😀 שלום"


@pytest.fixture(scope="module")
def case(console: Console) -> str:
    """The number of a case that an operator's answer has opened."""
    done = console.run("call", SERVED, "--keys", "0", "--from", "3331234567")
    assert "answered" in done.stdout, done.stdout + done.stderr
    return StoreReader(console.data).cases.list()[0].number


@pytest.fixture(scope="module")
def wish(console: Console) -> str:
    """The contact of somebody who wishes to be called back."""
    contact, at = new_contact_id(time.time()), time.time() - 3600
    with StoreReader(console.data).administration.change() as connection:
        for event in (
            ContactStarted(contact, at, "prova", SERVED, "virtual", "c1", "", "mobile", "it"),
            PrivateNoted(contact, at, "number", "+393336660001"),
            PrivateNoted(contact, at, callbacks.NUMBER, "3336660001"),
            CallbackWished(contact, at, "prova", "orari", "morning"),
            ContactEnded(contact, at, Cause.GOODBYE, Outcome.CALLBACK),
        ):
            projection.apply(connection, event)
    return contact


def test_who_wishes_to_be_called_back_is_called_until_somebody_answers(console: Console, sign_in: SignIn, wish: str) -> None:
    page = sign_in("anna", "/callbacks")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("…001")
    assert "3336660001" not in page.content().replace("+393336660001", "")  # nobody gave a name: the citizen is their number
    page.locator("tbody a").click()
    expect(page.get_by_role("link", name="3336660001", exact=True)).to_have_attribute("href", "tel:3336660001")
    assert Axe().run(page).violations_count == 0
    other = sign_in("back_office", f"/callbacks/{wish}")
    page.get_by_role("button", name="Non risponde: resta in elenco").click()
    expect(page.locator("tbody")).to_contain_text("1, non risponde")
    other.get_by_role("button", name="Ho parlato con la persona").click()
    expect(other.locator(".console-mistake")).to_contain_text("Nel frattempo qualcuno ha già richiamato questa persona")
    other.get_by_role("button", name="Ho parlato con la persona").click()
    expect(other.get_by_text("Nessuno aspetta di essere richiamato.")).to_be_visible()
    other.goto("/callbacks?over=1")
    expect(other.locator("tbody")).to_contain_text("2, persona raggiunta")
    with StoreReader(console.data).administration.look() as connection:
        (number,) = connection.execute("SELECT citizen FROM contacts WHERE id = ?", (wish,)).fetchone()
        looks, _ = audit.search(connection, words=f"citizen {number}")
        done, _ = audit.search(connection, words="called back")
    assert {(look.who, look.object) for look in looks} >= {("anna", "callbacks"), ("back_office", f"callback {wish}")}
    assert [(it.who, it.detail) for it in done] == [("back_office", "reached"), ("anna", "no_answer")]
    assert console.ask("GET", "/callbacks", cookie=console.session("ministry")).status == 403
    assert console.post("anna", f"/callbacks/{wish}", result="reached", tries="2").status == 422
    assert console.ask("GET", "/callbacks/nobody", cookie=console.session("anna")).status == 404


@pytest.mark.parametrize("locale", ["it-IT", "en-GB"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_stands_in_the_way_of_anybody(console: Console, sign_in: SignIn, case: str, name: str, locale: str) -> None:
    page = sign_in(name, "/", locale)
    with StoreReader(console.data).administration.look() as connection:
        (contact,) = connection.execute("SELECT contact FROM case_contacts LIMIT 1").fetchone()
    for path in (
        *PAGES[name],
        *((f"/cases/{case}", "/citizens/1", f"/contacts/{contact}", f"/contacts/new?case={case}") if name == "anna" else ()),
    ):
        page.goto(path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


def test_the_sign_in_page_stands_in_nobodys_way(browser: object, console: Console) -> None:
    page = browser.new_page()  # type: ignore[attr-defined]
    page.goto(f"{console.url}/sign-in")
    assert Axe().run(page).violations_count == 0
    page.close()


@pytest.mark.usefixtures("case")
def test_a_ringing_and_a_filed_call_stand_in_nobodys_way(console: Console, sign_in: SignIn, citizen: Citizen) -> None:
    page = sign_in("anna", "/desk")
    page.keyboard.press("Alt+r")
    expect(page.locator("#desk-state")).to_have_attribute("data-state", "ready")
    call = citizen("0")
    for state, key in (("ringing", "Alt+a"), ("busy", "Alt+h"), ("wrap_up", "Alt+1")):
        expect(page.locator("#desk-state")).to_have_attribute("data-state", state)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{state}\n{found.generate_report()}"
        with StoreReader(console.data).administration.look() as connection:
            looks, _ = audit.search(connection, who="anna", words="looked at")
        assert any(look.detail.startswith("call ") for look in looks), "seen from the ring on"
        page.keyboard.press(key)
    expect(page.locator(".console-mistake").first).to_be_visible()
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("Alt+r")
    call.communicate(timeout=30)


def test_a_case_goes_to_the_ministry_and_back(sign_in: SignIn, case: str) -> None:
    anna = sign_in("anna", f"/cases/{case}")
    anna.get_by_label("Perché la passi").fill(HOSTILE)
    anna.get_by_role("button", name="Passa al back office").click()
    expect(anna.get_by_text("Ora la pratica è in carico a: back office")).to_be_visible()
    office = sign_in("back_office", f"/cases/{case}")
    assert HOSTILE in office.locator(".case-history").inner_text()
    office.get_by_role("button", name="Passa al Ministero").click()
    expect(office.get_by_text("Scrivi perché la passi.")).to_be_visible()
    office.get_by_label("Perché la passi").fill("Serve un parere")
    office.get_by_role("button", name="Passa al Ministero").click()
    expect(office.get_by_text("Ora la pratica è in carico a: Ministero")).to_be_visible()
    ministry = sign_in("ministry", "/cases?level=ministry")
    ministry.get_by_role("link", name=case).click()
    ministry.get_by_label("Nota interna").fill("Il termine è di sette giorni.")
    ministry.get_by_role("button", name="Aggiungi la nota").click()
    ministry.get_by_label("Perché la passi").fill("Fatto")
    ministry.get_by_role("button", name="Passa al back office").click()
    expect(ministry.get_by_text("Ora la pratica è in carico a: back office")).to_be_visible()
    office.reload()
    office.get_by_role("button", name="Segna come risolta").click()
    office.get_by_role("button", name="Chiudi").click()
    expect(office.locator("#main")).to_contain_text("chiusa")
    expect(office.get_by_role("button", name="Riapri")).to_be_visible()


def test_a_letter_joins_the_case_and_is_forgotten_with_its_citizen(console: Console, sign_in: SignIn) -> None:
    console.run("call", SERVED, "--keys", "0", "--from", "3337770002")
    case = StoreReader(console.data).cases.open_cases("3337770002")[0].number  # its own: a finished one is not joined
    page = sign_in("back_office", f"/cases/{case}")
    page.get_by_role("link", name="Aggiungi un contatto").click()
    page.get_by_label("Canale").select_option("post")
    page.get_by_label("Arrivato il").fill("2099-01-01T10:00")
    page.get_by_label("Che cosa chiede").fill(HOSTILE)
    page.get_by_role("button", name="Registra").click()
    expect(page.locator("#at-mistake")).to_be_visible()
    assert page.get_by_label("Che cosa chiede").input_value() == HOSTILE
    assert Axe().run(page).violations_count == 0
    page.get_by_label("Arrivato il").fill(f"{rome(time.time() - 86400):%Y-%m-%dT%H:%M}")
    page.get_by_label("Documento 1").set_input_files(
        {"name": "<b>lettera.pdf", "mimeType": "text/html", "buffer": b"%PDF <script>"}
    )
    page.get_by_role("button", name="Registra").click()
    expect(page.locator("h1")).to_contain_text(case)
    page.locator("#history ~ ul").get_by_role("link").filter(has_text=f"{rome(time.time() - 86400):%d/%m/%Y}").click()
    expect(page.locator("#main")).to_contain_text(HOSTILE)
    with page.expect_download() as download:
        page.get_by_role("link", name="<b>lettera.pdf").click()
    assert download.value.path().read_bytes() == b"%PDF <script>"
    contact = page.url.rpartition("/")[2]
    reply = console.ask("GET", f"/contacts/{contact}/files/1", cookie=console.session("back_office"))
    assert (reply.headers["content-type"], reply.headers["content-disposition"][:10]) == (
        "application/octet-stream",
        "attachment",
    )
    file = StoreReader(console.data).contacts.show(contact)
    assert file is not None
    assert (file.contact.medium, file.cases, file.contact.outcome) == ("post", (case,), "answered")
    sent = console.run("contacts", "show", contact)
    assert "alert(1)" not in sent.stdout  # in no journal


def test_what_comes_by_hand_without_a_case_opens_one(console: Console, sign_in: SignIn) -> None:
    page = sign_in("anna", "/contacts/new")
    page.get_by_role("button", name="Registra").click()
    for name in ("medium", "line", "text"):
        expect(page.locator(f"#{name}-mistake")).to_be_visible()
    page.get_by_label("Canale").select_option("counter")
    page.get_by_label("Linea").select_option("prova")
    page.get_by_label("Che cosa chiede").fill("Chiede del congedo.")
    page.get_by_role("button", name="Registra").click()
    expect(page.locator("h1")).to_contain_text("Pratica")
    page.get_by_role("button", name="Classifica").click()
    expect(page.locator("#subject-mistake")).to_contain_text("Scegli l'argomento.")
    page.get_by_label("Argomento").select_option(index=1)
    page.get_by_label("Nota interna").fill("Lo dice due volte")
    page.get_by_role("button", name="Passa al back office").click()
    expect(page.locator("#why-mistake")).to_be_visible()
    assert page.get_by_label("Nota interna").input_value() == "Lo dice due volte"
    assert page.get_by_label("Argomento").input_value(), "what was chosen is lost with somebody else's mistake"
    page.get_by_role("button", name="Prendi in carico").click()
    expect(page.locator(".case-history")).to_contain_text("Lo dice due volte")
    page.get_by_label("Argomento").select_option(index=1)
    page.get_by_role("button", name="Classifica").click()
    expect(page.locator(".case-history")).to_contain_text("prova")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(console: Console, sign_in: SignIn) -> None:
    console.run("call", SERVED, "--keys", "0", "--from", "3337770001")
    number = StoreReader(console.data).cases.open_cases("3337770001")[0].number
    first, second = sign_in("anna", f"/cases/{number}"), sign_in("supervisor", f"/cases/{number}")
    second.get_by_role("button", name="Metti in lavorazione").click()
    expect(second.locator("#main")).to_contain_text("in lavorazione")
    first.get_by_role("button", name="Segna come risolta").click()
    expect(first.get_by_text("Qualcuno ha cambiato la pratica")).to_be_visible()


def test_the_browser_phone_calls_hears_and_keys(sign_in: SignIn) -> None:
    page = sign_in("administrator", "/phone")
    page.get_by_label("Numero da chiamare").select_option(SERVED)
    page.get_by_role("button", name="Chiama", exact=True).click()
    expect(page.locator("#said li").first).to_be_visible()
    page.get_by_role("button", name="0", exact=True).click()
    expect(page.locator("#phone-state")).to_have_text(re.compile("In attesa|Parli"), timeout=30_000)
    page.get_by_role("button", name="Riaggancia").click()
    expect(page.locator("#phone-state")).to_have_text("Chiamata terminata")


def test_the_board_agrees_with_the_journal(console: Console, sign_in: SignIn, case: str) -> None:
    page = sign_in("supervisor", "/board")
    contacts = [
        contact
        for contact in StoreReader(console.data).contacts.list(line="sociale")
        if contact.outcome and contact.medium == "phone"
    ]
    cells = page.locator("#line-sociale td").all_inner_texts()
    answered = [contact for contact in contacts if contact.outcome == "answered"]
    assert int(cells[4]) == len(answered) > 0
    assert int(cells[7]) == len(contacts)


@pytest.mark.usefixtures("all_sounds")
def test_callers_are_told_something_first_and_a_line_is_closed(console: Console, sign_in: SignIn) -> None:
    page = sign_in("supervisor", "/lines/prova")
    page.set_default_timeout(90_000)  # a message is made into sound first
    expect(page.locator("#main")).to_contain_text(re.compile(r"(in ordine|ferma dopo troppi guasti); riuscite \d+, fallite \d+"))
    expect(page.locator("#main")).not_to_contain_text("FunctionHealth")
    page.locator("#it").fill("Il portale non è disponibile.")
    page.get_by_role("button", name="Pubblica un messaggio per chi chiama").click()
    expect(page.locator("#en")).to_have_value("")  # the browser asks for the English text first
    page.locator("#en").fill("The portal is down.")
    page.get_by_role("button", name="Pubblica un messaggio per chi chiama").click()
    expect(page.locator("blockquote")).to_have_text("Il portale non è disponibile.")
    assert "Il portale non è disponibile." in console.run("call", "800196009", "--keys", "!").stdout
    page.get_by_label("Emergenza").check()
    page.locator("#reason").fill("Allarme antincendio")
    page.get_by_role("button", name="Applica questi orari").click()
    expect(page.locator("#main")).to_contain_text("Allarme antincendio")
    page.get_by_role("button", name="Fai cessare").first.click()
    expect(page.get_by_role("button", name="Fai cessare")).to_have_count(1)
    page.get_by_role("button", name="Fai cessare").click()
    expect(page.locator("blockquote")).to_have_count(0)


def test_operators_are_shown_one_by_one_only_by_agreement(sign_in: SignIn) -> None:
    anna, page = sign_in("anna", "/desk"), sign_in("supervisor", "/board")
    expect(anna.locator("#desk-state")).to_be_visible()
    expect(page.locator("#board")).not_to_contain_text("anna")
    page.goto("/agreements")
    page.get_by_label("Linea").select_option("prova")
    page.locator("#name").fill("Accordo di prova")
    page.locator("#day").fill("2099-11-01")
    page.locator("#document").fill("Prot. 7")
    page.get_by_role("button", name="Registra un accordo").click()
    expect(page.locator("#day-mistake")).to_contain_text("giorno futuro")
    page.locator("#day").fill("2026-11-01")
    page.get_by_role("button", name="Registra un accordo").click()
    expect(page.locator("table")).to_contain_text("Prot. 7")
    theirs = sign_in("ministry", "/agreements")
    expect(theirs.locator("table")).to_contain_text("Prot. 7")
    assert theirs.locator("#main form").count() == 0, "who may only look is offered no form"
    page.goto("/board")
    expect(page.locator("#board")).to_contain_text("anna")


def test_a_citizens_data_is_corrected_exported_and_forgotten(console: Console, sign_in: SignIn) -> None:
    console.run("call", SERVED, "--keys", "0", "--from", "3335550001")
    with StoreReader(console.data).administration.look() as connection:
        known = citizens.of_number(connection, "+393335550001")
    assert known is not None
    fax = {"medium": "fax", "line": "sociale", "text": "Il mio fax", "at": f"{rome(time.time() - 86400):%Y-%m-%dT%H:%M}"}
    registered = console.post("back_office", "/contacts/new", citizen=str(known.id), **fax)
    assert registered.status == 303, registered.text
    page = sign_in("back_office", f"/citizens/{known.id}")
    page.locator("#name").fill(HOSTILE)
    page.locator("#tax_code").fill("RSSMRA80A01H501X")
    page.get_by_role("button", name="Salva").click()
    expect(page.locator("#tax_code-mistake")).to_be_visible()
    assert page.locator("#name").input_value() == HOSTILE
    page.locator("#tax_code").fill("RSSMRA80A01H501U")
    page.get_by_role("button", name="Salva").click()
    expect(page.locator("h1")).to_have_text(HOSTILE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Esporta tutto").click()
    exported = download.value.path().read_text(encoding="utf-8")
    assert "RSSMRA80A01H501U" in exported
    assert "+393335550001" in exported
    assert "Il mio fax" in exported
    stale = console.post("anna", f"/citizens/{known.id}", name="Altro", tax_code="", email="", seen_name=HOSTILE)
    assert (stale.status, "Qualcuno ha cambiato questi dati nel frattempo" in stale.text) == (422, True)
    page.get_by_role("button", name="Cancella i dati").click()
    page.get_by_role("button", name="Cancella per sempre").click()
    expect(page.locator("#main")).to_contain_text("sono stati cancellati")
    with StoreReader(console.data).administration.look() as connection:
        person = people.get(connection, known.id)
        (left,) = connection.execute("SELECT count(*) FROM contacts WHERE citizen = ?", (known.id,)).fetchone()
        (words,) = connection.execute("SELECT count(*) FROM private WHERE value = 'Il mio fax'").fetchone()
    assert person is not None
    assert (person.number, person.name, person.tax_code, person.erased) == ("", "", "", True)
    late = console.post("anna", f"/citizens/{known.id}", name="Altro", tax_code="", email="")
    assert (late.status, "i suoi dati sono stati cancellati" in late.text) == (422, True)
    assert (left, words) == (2, 0)
    spool = b"".join(file.read_bytes() for file in (console.data / "spool").iterdir())
    assert b"3335550001" not in spool


def test_staffing_answers_with_a_curve_and_the_table_beside_it(console: Console, sign_in: SignIn) -> None:
    page = sign_in("ministry", "/staffing")
    expect(page.get_by_role("img", name="Livello di servizio secondo la durata delle chiamate")).to_be_visible()
    expect(page.locator("#points tbody tr")).to_have_count(40)
    expect(page.locator("#answer li").first).to_contain_text("bastano fino a 12 minuti")
    expect(page.locator("#assumptions")).to_contain_text("STIME")
    page.get_by_label("Operatori in organico").fill("9")
    page.get_by_role("button", name="Calcola").click()
    expect(page.locator("#answer li").first).to_contain_text("bastano fino a 6 minuti")
    page.get_by_label("Operatori in organico").fill("0")
    page.get_by_role("button", name="Calcola").click()
    expect(page.locator("#operators-mistake")).to_contain_text("da 1 a 500")
    page.get_by_label("Operatori in organico").fill("abc")
    page.get_by_label("Obiettivo (% di chiamate)").fill("80,5")
    page.get_by_label("Pazienza").fill("")
    page.get_by_role("button", name="Calcola").click()
    expect(page.locator("#operators-mistake")).to_contain_text("da 1 a 500")
    expect(page.locator("#target-mistake")).to_contain_text("da 1 a 99")
    expect(page.get_by_label("Operatori in organico")).to_have_value("abc")
    expect(page.get_by_label("Obiettivo (% di chiamate)")).to_have_value("80,5")
    expect(page.get_by_label("Pazienza")).to_have_value("180")
    expect(page.locator("#points")).to_have_count(0)
    assert console.ask("GET", "/staffing", cookie=console.session("anna")).status == 403
    assert console.ask("GET", "/staffing?demand=2011-10", cookie=console.session("ministry")).status == 400
