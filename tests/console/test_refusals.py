"""What the engine refuses is told in Italian: every sentence that the console can meet has one."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from playwright.sync_api import expect

import ivr_engine
from ivr_engine.console.refusals import GAP, Refusals
from ivr_engine.errors import IvrError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from .site import Console

ENGINE = Path(ivr_engine.__file__).parent
MET = [
    *(ENGINE / "console").rglob("*.py"),
    *(ENGINE / "records" / f"{name}.py" for name in ("administration", "agreements", "by_hand", "case_work", "cases")),
    *(ENGINE / "records" / f"{name}.py" for name in ("closings", "drafts", "notices", "people", "users", "versions")),
    *(ENGINE / "reports" / f"{name}.py" for name in ("closing", "making", "ministry", "period", "service")),
    *(ENGINE / "engine" / f"{name}.py" for name in ("answers", "publication")),
    ENGINE / "exchange" / "virtual" / "exchange.py",
]
ELSEWHERE = {"no such month", "the console's port {}:{} cannot be opened: {}", "choose another one: [console] port"}
"""Caught on the way, or said at the start."""


def sentences() -> Iterator[str]:
    """Messages and hints of what is raised there, with {} for gaps."""
    for file in MET:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"IvrError", "Unavailable"}:
                for given in node.args:
                    if isinstance(given, ast.Constant):
                        yield str(given.value)
                    elif isinstance(given, ast.JoinedStr):
                        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in given.values)


def known() -> dict[str, str]:
    table = yaml.safe_load((ENGINE / "console" / "refusals.yaml").read_text(encoding="utf-8"))
    return dict(table["sentences"])


def test_every_sentence_is_there_in_italian() -> None:
    found = set(sentences()) - ELSEWHERE
    assert len(found) > 60
    assert found - {GAP.sub("{}", english) for english in known()} == set()


def test_a_gap_of_the_italian_is_one_of_the_english() -> None:
    for english, italian in known().items():
        assert set(GAP.findall(italian)) <= set(GAP.findall(english)), english


@pytest.mark.parametrize(
    ("error", "italian"),
    [
        (IvrError("there is no case 7"), "La pratica 7 non esiste."),
        (
            IvrError("case 7 is with back office", "only they may change it now"),
            "La pratica 7 è in carico a: back office. Ora può modificarla solo chi l'ha in carico.",
        ),
        (
            IvrError("a case that is closed cannot become in_progress"),
            "Una pratica nello stato «chiusa» non può passare allo stato «in lavorazione».",
        ),
        (
            IvrError("article lavoro/L01 was written by anna, ugo: somebody else must approve it"),
            "La risposta lavoro/L01 è di anna, ugo: deve approvarla un'altra persona.",
        ),
        (
            IvrError("lavoro version 3 is draft, not approved or published"),
            "Lavoro, versione 3: lo stato è «bozza», serve «approvata o pubblicata».",
        ),
        (
            IvrError("there is no user 'x'", "see: ivr users list; add one with: ivr users add NAME --role ROLE"),
            "L'utente x non esiste.",
        ),
        (Unavailable("something new", "do this"), "Something new. Do this."),
    ],
)
def test_in_italian(error: IvrError, italian: str) -> None:
    assert Refusals().say("it", error) == italian


def test_english_is_what_was_said() -> None:
    error = IvrError("there is no case 7", "see the list")
    assert Refusals().say("en", error) == "There is no case 7. See the list."


def test_a_page_refuses_in_the_readers_language(console: Console) -> None:
    for language, said in (("it", "L&#39;anno 1000 non è valido."), ("en", "There is no year 1000.")):
        page = console.ask("GET", "/reports/ministry?year=1000", cookie=console.session("ministry"), accept_language=language)
        assert said in page.text


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("locale", "said"), [("it-IT", "Nessuna linea ha il numero 000. Numeri: "), ("en-GB", "No line has the number 000.")]
)
def test_the_trial_phone_refuses_in_the_readers_language(sign_in: Callable[..., Page], locale: str, said: str) -> None:
    page = sign_in("administrator", "/phone", locale)
    page.locator("#number option").first.evaluate("it => { it.value = '000' }")
    page.locator("#number").select_option("000")
    page.locator("#dial").click()
    expect(page.locator("#phone-state")).to_contain_text(said)
