"""A line's versions in a real browser: what the files propose, two people, what callers hear, and the way back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ivr_engine.console.texts import Texts

from ..cli.site import LINES, ROOT, TRIAL
from .conftest import people
from .site import SETTINGS, Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.timeout(300)
OLD, NEW = "entro trenta giorni", "entro quaranta giorni"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, hashed: str) -> Iterator[Console]:
    """An engine that asks for two people, with a line of its own whose files may be changed."""
    settings = SETTINGS.replace("[virtual]\n", '[virtual]\ntime = "fast"\n')
    settings = settings.replace("[engine]\n", "[engine]\napproval = true\n", 1).replace(str(LINES), "lines")
    site = Console(tmp_path_factory.mktemp("site"), settings)
    (site.folder / "lines").mkdir()
    assert site.run("lines", "new", "prova", "--number", TRIAL).returncode == 0
    people(site, hashed)
    site.open()
    yield site
    site.close()


def write(console: Console, old: str, new: str, file: str = "articles.yaml") -> None:
    path = console.folder / "lines/prova" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def clean(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def heard(console: Console) -> str:
    done = console.run("call", TRIAL, "--keys", "1 !")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("all_sounds")
def test_a_file_is_submitted_approved_published_and_taken_back(console: Console, sign_in: SignIn) -> None:
    write(console, OLD, NEW)
    writer = sign_in("back_office", "/lines/prova")
    writer.get_by_role("link", name="Vedi, approva").click()
    expect(writer.locator("#version-2")).to_have_count(0)
    writer.get_by_role("button", name="Cerca modifiche nei file").click()
    expect(writer.locator("#version-2")).to_contain_text("bozza")
    expect(writer.locator("ins")).to_contain_text(NEW)
    clean(writer)
    writer.get_by_role("button", name="Controlla e chiedi").click()
    expect(writer.locator("#main")).to_contain_text("L'hai proposta tu")
    supervisor = sign_in("supervisor", "/lines/prova/versions")
    supervisor.get_by_role("button", name="Ritira").click()
    expect(supervisor.locator("#version-2")).to_contain_text("bozza")
    writer.reload()
    writer.get_by_role("button", name="Controlla e chiedi").click()
    expect(writer.get_by_role("button", name="Ritira")).to_be_visible()
    expect(writer.locator("#main")).to_contain_text("L'hai proposta tu")
    refused = console.post("back_office", "/lines/prova/versions/2", do="approve")
    assert refused.status == 403
    assert console.post("ministry", "/lines/prova/versions/2", do="submit").status == 403
    early = console.post("ministry", "/lines/prova/versions/2", do="publish")
    assert early.status == 422
    assert OLD in heard(console)

    ministry = sign_in("ministry", "/lines/prova/versions")
    ministry.set_default_timeout(90_000)  # a publication makes sounds
    ministry.get_by_role("button", name="Approva").click()
    ministry.get_by_role("button", name="Pubblica").click()
    expect(ministry.locator("#version-2")).to_contain_text("pubblicata", timeout=90_000)
    assert NEW in heard(console)
    ministry.get_by_text("Torna a questa versione").click()
    clean(ministry)
    ministry.get_by_role("button", name="Sì, torna alla versione 1").click()
    expect(ministry.locator("#version-1")).to_contain_text("pubblicata", timeout=90_000)
    assert OLD in heard(console)
    audited = console.run("audit", "--object", "line prova").stdout
    for deed in ("submitted", "withdrawn", "approved", "published", "rolled back"):
        assert deed in audited


def test_what_the_checks_find_is_said_in_italian(console: Console, sign_in: SignIn) -> None:
    write(console, "article: R01", "article: P77", "line.yaml")
    page = sign_in("supervisor", "/lines/prova/versions")
    page.get_by_role("button", name="Cerca modifiche nei file").click()
    page.get_by_role("button", name="Controlla e chiedi").first.click()
    expect(page.get_by_role("alert").filter(has_text="I controlli hanno trovato")).to_be_visible()
    expect(page.locator(".console-problems")).to_contain_text("Un passo legge una risposta che non c'è.")
    expect(page.locator(".console-problems")).to_contain_text("line.yaml")
    clean(page)


def test_every_rule_of_the_checks_has_its_sentence() -> None:
    rules = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/checks.md").read_text(encoding="utf-8"), re.MULTILINE))
    said = {key.removeprefix("problem.") for key in Texts()._texts if key.startswith("problem.")}
    assert rules == said
