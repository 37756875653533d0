"""Rules of the mandatory communications (comunicazioni obbligatorie): when they are due, what their code tells."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import holidays
import yaml
from dateutil.relativedelta import relativedelta

from ivr_engine import Request, Result

_ONE_DAY = timedelta(days=1)
_NODES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("nodes.yaml").read_text(encoding="utf-8"))


class Term(StrEnum):
    """How the last day of a communication is found."""

    DAY_BEFORE = "day_before"  # hiring: by midnight of the day before, holiday or not
    FIVE_DAYS = "five_days"  # extension, transformation, termination
    TWENTIETH = "twentieth"  # public bodies, agencies (UNISOMM), seafarers (UniMare): the 20th of the next month


TERMS = {
    "assunzione": Term.DAY_BEFORE,
    "proroga": Term.FIVE_DAYS,
    "trasformazione": Term.FIVE_DAYS,
    "cessazione": Term.FIVE_DAYS,
    "pubblica_amministrazione": Term.TWENTIETH,
    "unisomm": Term.TWENTIETH,
    "unimare": Term.TWENTIETH,
}
"""The term of every kind of event."""


def deadline(term: Term, event: date) -> date:
    """The last day on which an event of that day can be communicated.

    Five days are counted from the day after and end on the first day that is no holiday; Saturday is a working day. Nothing
    was found that moves the 20th when it is a holiday, so it stays: who keeps it is never late.
    """
    if term is Term.DAY_BEFORE:
        return event - _ONE_DAY
    if term is Term.TWENTIETH:
        return event + relativedelta(months=1, day=20)
    last = event + timedelta(days=5)
    while is_holiday(last):
        last += _ONE_DAY
    return last


def is_holiday(day: date) -> bool:
    """A Sunday or a national holiday; patron saints do not count for these terms."""
    return day.isoweekday() == 7 or day in holidays.country_holidays("IT", years=day.year)


def filing(term: Term, request: Request) -> Result:
    """When the event of the input `data` must be communicated.

    Labels: open, today (a person must help), passed. Value `scadenza`, the last day.
    """
    last = deadline(term, date.fromisoformat(request.inputs["data"]))
    label = "today" if last == request.today else "open" if last > request.today else "passed"
    return Result(label, {"scadenza": last}, {"termine": term, "scadenza": last.isoformat()})


def communication_code(request: Request) -> Result:
    """What the input `codice` tells the operator beforehand.

    Label: noted. Facts: the code, its regional node (the first two digits) with its name where known, and whether it is one of
    the codes that stand for a UNIURG once sent by fax.
    """
    code = request.inputs["codice"]
    facts = {"codice_comunicazione": code, "nodo": _NODES["names"].get(code[:2], code[:2])}
    if code in _NODES["uniurg_by_fax"]:
        facts["tipo"] = "UNIURG"
    return Result("noted", {"codice": code}, facts)
