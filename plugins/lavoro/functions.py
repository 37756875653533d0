"""Rules of the line Lavoro: days to act, and who is competent where."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from ivr_engine import Request, Result

REVOCATION_DAYS = 7
DISMISSAL_DAYS = 60
NASPI_DAYS = 68
# With fewer days left than this a person must help, not a machine.
_DAYS_IN_HAND = 3

_TERRITORY: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("territory.yaml").read_text(encoding="utf-8"))


def last_day(days: int, request: Request) -> Result:
    """The last day of a term of `days` days from the input `data`.

    Labels: open, urgent (fewer than three days left), expired. Value `scadenza`, the last day.
    """
    deadline = date.fromisoformat(request.inputs["data"]) + timedelta(days=days)
    left = (deadline - request.today).days
    label = "expired" if left < 0 else "urgent" if left < _DAYS_IN_HAND else "open"
    return Result(label, {"scadenza": deadline}, {"scadenza": deadline.isoformat()})


def province(cap: str) -> str:
    """The province (its two letters) a postcode lies in; "" when the postcode alone does not tell."""
    if cap in _TERRITORY["exceptions"]:
        return ""
    return str(_TERRITORY["prefixes"].get(cap[:2]) or _TERRITORY["thirds"].get(cap[:3]) or "")


def office(request: Request) -> Result:
    """The labour inspectorate for the input `cap`.

    Labels: found (State inspectorate), autonomous (Sicily, Trento, Bolzano have their own), unknown. Values `provincia`
    and, when autonomous, `ente`: both are prompt keys.
    """
    code = province(request.inputs["cap"])
    if not code:
        return Result("unknown")
    facts = {"provincia": code}
    values = {"provincia": f"provincia.{code}"}
    for body, provinces in _TERRITORY["autonomous"].items():
        if code in provinces:
            return Result("autonomous", {**values, "ente": f"ente.{body}"}, facts)
    return Result("found", values, facts)
