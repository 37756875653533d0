"""The audit log's page tells every deed in the reader's language; what is written stays as it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

import ivr_engine
from ivr_engine.console.texts import Texts
from ivr_engine.records.drafts import DraftState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from .site import Console

ENGINE = Path(ivr_engine.__file__).parent
WRITERS = {"audit.note": 3, "visit.note": 0}
"""What writes a deed down, and which of its arguments the deed is."""


def deeds() -> Iterator[str]:
    """Every deed that the engine's code writes down."""
    for file in ENGINE.rglob("*.py"):
        module = ast.parse(file.read_text(encoding="utf-8"))
        for called, place in WRITERS.items():
            yield from given(module, called, place, file.name)


def given(module: ast.Module, called: str, place: int, file: str) -> Iterator[str]:
    """What that argument may be wherever the module calls that."""
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == called:
                    yield from values(call.args[place], module, function, file)


def values(written: ast.expr, module: ast.Module, function: ast.FunctionDef | ast.AsyncFunctionDef, file: str) -> Iterator[str]:
    names = [argument.arg for argument in function.args.args]
    match written:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from values(one, module, function, file)
            yield from values(other, module, function, file)
        case ast.Attribute(value=ast.Name(id="after"), attr="value"):
            yield from set(DraftState) - {DraftState.DRAFT}
        case ast.Name(id=name) if name in names:
            handed_on = set(given(module, function.name, names.index(name), file))
            assert handed_on or function.name == "note", f"{file}: whoever calls {function.name} writes deeds: name it above"
            yield from handed_on
        case ast.Name(id=name):
            assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
            for each in [node.value for node in assigned if ast.unparse(node.targets[0]) == name]:
                yield from values(each, module, function, file)
        case _:
            pytest.fail(f"{file}: {ast.unparse(written)} must be words, so that they can be told in Italian")


def test_every_deed_has_its_text() -> None:
    found = set(deeds())
    assert len(found) > 40
    assert found == {key.removeprefix("audit.did.") for key in Texts()._texts if key.startswith("audit.did.")}


def asked(console: Console, language: str, **fields: str) -> str:
    """The rows, as text."""
    path = f"/audit?{urlencode(fields)}"
    page = console.ask("GET", path, cookie=console.session("supervisor"), accept_language=language)
    assert page.status == 200
    return re.sub(r"<[^>]+>", " ", page.text.partition("<tbody>")[2])


def test_deeds_are_told_and_chosen_in_the_readers_language(console: Console, sign_in: Callable[..., Page]) -> None:
    console.ask("POST", "/sign-in", form={"name": "anna", "password": "not hers at all"})
    console.ask("GET", "/users", cookie=console.session("ministry"))
    page = sign_in("supervisor", "/audit")
    chosen = page.get_by_label("Che cosa")
    chosen.select_option("accesso non riuscito")
    page.get_by_role("button", name="Cerca").click()
    expect(page).to_have_url(re.compile("did=sign-in[+]refused"))
    row = page.locator(".console-table tbody tr").first
    expect(row).to_contain_text("nessuno")
    expect(row).to_contain_text("accesso non riuscito")
    expect(chosen).to_have_value("sign-in refused")
    read = page.locator("main").inner_text()
    assert not {word for word in ("looked at", "password set", "nobody", "sign-in refused") if word in read}

    assert "password set" in asked(console, "en", did="password set")
    assert "ha impostato la password" in asked(console, "it", did="password set")
    assert "accesso negato" in asked(console, "it", did="refused", who="ministry")
    assert "refused" not in asked(console, "en", did="password set")
    assert "accesso non riuscito" in asked(console, "it", who="nessuno")
    assert "ha impostato la password" in asked(console, "it", q="password"), "the beginning of what is written"
    assert "ha impostato la password" not in asked(console, "it", q="password", did="refused")


def test_a_deed_that_has_no_text_is_told_as_it_was_written(console: Console) -> None:
    page = console.ask("GET", "/audit?did=of+old", cookie=console.session("supervisor"), accept_language="it")
    assert '<option value="of old" selected>of old</option>' in page.text


def test_the_export_keeps_the_written_words(console: Console) -> None:
    table = console.ask("GET", "/audit/export?did=password+set", cookie=console.session("supervisor"), accept_language="it").text
    assert ",password set,user anna," in table
    assert "signed in" not in table
