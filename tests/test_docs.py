"""What the documents say is what the engine does."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

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
    rows = {name: cells for name, *cells in re.findall(r"^\| `([\w.]+)` \| (.*?) \| (.*) \|$", page, re.M)}
    fields = {f"{section}.{key}": field for section, model in sections().items() for key, field in model.model_fields.items()}
    assert rows.keys() == fields.keys()
    for name, field in fields.items():
        default, meaning = rows[name]
        assert meaning.startswith(str(field.description)), name
        usual = plain(field.get_default(call_default_factory=True))
        if default.startswith("`"):
            assert tomllib.loads(f"x = {default.strip('`')}") == {"x": usual}, name
        else:
            assert not usual, f"{name}: {default}"


def plain(value: object) -> object:
    """As TOML has it."""
    if value is PydanticUndefined:
        return None
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.loads(json.dumps(value))


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:+]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
