"""Documents of a contact taken by hand, in the browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ivr_engine.records.by_hand import LARGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page


@pytest.mark.timeout(180)
def test_a_document_that_is_too_large_is_told_before_it_is_sent(sign_in: Callable[..., Page], tmp_path: Path) -> None:
    page = sign_in("back_office", "/contacts/new")
    page.get_by_label("Che cosa chiede").fill("Una lettera lunga")
    document, mistake = page.get_by_label("Documento 1"), page.locator("#file1-mistake")
    expect(mistake).to_be_hidden()
    for size in (LARGEST_FILE + 1, 0):
        path = tmp_path / f"{size}.pdf"
        path.write_bytes(b"x" * size)
        document.set_input_files(path)
        expect(page.get_by_role("alert").filter(has_text="È vuoto, o supera 5 MB")).to_be_visible()
        expect(document).to_have_attribute("aria-invalid", "true")
        expect(document).to_have_accessible_description("È vuoto, o supera 5 MB: scegline un altro.")
        page.get_by_role("button", name="Registra", exact=True).click()
        expect(document).to_be_focused()
    assert Axe().run(page).violations_count == 0
    assert page.get_by_label("Che cosa chiede").input_value() == "Una lettera lunga"
    path = tmp_path / "good.pdf"
    path.write_bytes(b"x" * LARGEST_FILE)
    document.set_input_files(path)
    expect(mistake).to_be_hidden()
    page.get_by_label("Canale").select_option("post")
    page.get_by_label("Linea").select_option("prova")
    page.get_by_role("button", name="Registra", exact=True).click()
    expect(page).to_have_url(re.compile("/cases/"))
