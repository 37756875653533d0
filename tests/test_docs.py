"""What the documents say is what the engine does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ivr_engine.config import LineSection, Settings, TransferSection

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(__file__).parent.parent


def sections() -> dict[str, type[BaseModel]]:
    named = {
        name: field.annotation for name, field in Settings.model_fields.items() if name not in ("folder", "lines", "transfers")
    }
    return {**named, "lines.NAME": LineSection, "transfers.NAME": TransferSection}  # type: ignore[dict-item]


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([\w.]+)` \|", page, re.M))
    assert documented == {f"{section}.{key}" for section, model in sections().items() for key in model.model_fields}
    for model in sections().values():
        for field in model.model_fields.values():
            assert field.description in page


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:+]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
