"""Where a postcode (CAP) and a province lie: what every Italian line may have to know."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def _places() -> dict[str, Any]:
    places: dict[str, Any] = yaml.load(Path(__file__).with_name("italy.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return places


def province_of(cap: str) -> str:
    """The province (its two letters) a postcode lies in; "" when the postcode alone does not tell."""
    places = _places()
    if cap in places["exceptions"]:
        return ""
    return str(places["prefixes"].get(cap[:2]) or places["thirds"].get(cap[:3]) or "")


def region_of(province: str) -> str:
    """The region a province lies in, as italy.yaml calls it; `trento` and `bolzano` stand for themselves. Raises LookupError."""
    for region, provinces in _places()["regions"].items():
        if province in provinces:
            return str(region)
    raise LookupError(f"no region has the province {province!r}")
