"""Rules of the mandatory communications (comunicazioni obbligatorie): when they are due, what their code tells."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import holidays
import yaml
from dateutil.relativedelta import relativedelta

from ivr_engine import Request, Result, province_of, region_of

_ONE_DAY = timedelta(days=1)
_FIVE = 5
_NODES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("nodes.yaml").read_text(encoding="utf-8"))


class Term(StrEnum):
    """How the last day of a communication is found."""

    DAY_BEFORE = "day_before"  # hiring: by midnight of the day before, holiday or not
    FIVE_DAYS = "five_days"  # extension, transformation, termination
    TEN_DAYS = "ten_days"  # private schools
    FIVE_FROM_SENDING = "five_from_sending"  # correction of all data: no holiday moves it
    START = "start"  # cancelling a hiring: until the day the job begins
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
    if term is Term.START:
        return event
    if term is Term.FIVE_FROM_SENDING:
        return event + timedelta(days=_FIVE)
    last = event + timedelta(days=10 if term is Term.TEN_DAYS else _FIVE)
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


def urgent(request: Request) -> Result:
    """An urgent hiring on the input `data`: the short form by the day before, the complete one (`completo`) within five days."""
    result = filing(Term.DAY_BEFORE, request)
    complete = deadline(Term.FIVE_DAYS, date.fromisoformat(request.inputs["data"]))
    return Result(result.label, {**result.values, "completo": complete}, result.facts)


def node(request: Request) -> Result:
    """The regional system for the postcode of the input `cap`. Labels: found, unknown. Values `provincia`, `regione`: prompts."""
    code = province_of(request.inputs["cap"])
    return _node(code) if code else Result("unknown")


def node_of_province(request: Request) -> Result:
    """The same for the input `provincia`, which always tells."""
    return _node(request.inputs["provincia"])


def _node(code: str) -> Result:
    region = region_of(code)
    return Result("found", {"provincia": f"provincia.{code}", "regione": f"regione.{region}"}, {"nodo": region})


def communication_code(request: Request) -> Result:
    """What the input `codice` tells the operator beforehand.

    Label: noted. Facts (the code itself is an input): its regional node (the first two digits) with its name where known, and
    whether it is one of the codes that stand for a UNIURG once sent by fax.
    """
    code = request.inputs["codice"]
    facts = {"nodo": _NODES["names"].get(code[:2], code[:2])}
    if code in _NODES["uniurg_by_fax"]:
        facts["tipo"] = "UNIURG"
    return Result("noted", {"codice": code}, facts)
