"""Rules of the mandatory communications (comunicazioni obbligatorie): when they are due, which node takes them, what their
code tells."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import holidays
import yaml
from dateutil.relativedelta import relativedelta

from ivr_engine import Request, Result, province_of, region_of

_ONE_DAY = timedelta(days=1)
_NODES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("nodes.yaml").read_text(encoding="utf-8"))


class Term(StrEnum):
    """How the last day of a communication is found."""

    DAY_BEFORE = "day_before"  # hiring: by midnight of the day before
    FIVE_DAYS = "five_days"  # extension, transformation, termination: the only term that a holiday moves
    FIVE_STRAIGHT = "five_straight"  # force majeure, the complete form of an urgent hiring, correction of all data
    THREE_STRAIGHT = "three_straight"  # the complete form of an urgent hiring in tourism, bars and restaurants
    TEN_STRAIGHT = "ten_straight"  # private schools
    SAME_DAY = "same_day"  # cancelling a hiring: until the day the job begins
    TWENTIETH = "twentieth"  # public bodies, agencies (UNISOMM), seafarers (UniMare): the 20th of the next month


TERMS = {
    "assunzione": Term.DAY_BEFORE,
    "proroga": Term.FIVE_DAYS,
    "trasformazione": Term.FIVE_DAYS,
    "cessazione": Term.FIVE_DAYS,
    "forza_maggiore": Term.FIVE_STRAIGHT,
    "rettifica": Term.FIVE_STRAIGHT,
    "annullo": Term.SAME_DAY,
    "scuola_privata": Term.TEN_STRAIGHT,
    "pubblica_amministrazione": Term.TWENTIETH,
    "unisomm": Term.TWENTIETH,
    "unimare": Term.TWENTIETH,
}
"""The term of every kind of event."""

_DAYS = {
    Term.DAY_BEFORE: -1,
    Term.SAME_DAY: 0,
    Term.THREE_STRAIGHT: 3,
    Term.FIVE_DAYS: 5,
    Term.FIVE_STRAIGHT: 5,
    Term.TEN_STRAIGHT: 10,
}


def deadline(term: Term, event: date) -> date:
    """The last day on which an event of that day can be communicated.

    FIVE_DAYS ends on the first day that is no holiday; Saturday is a working day. Nothing was found that moves the other terms,
    so they stay: who keeps them is never late.
    """
    if term is Term.TWENTIETH:
        return event + relativedelta(months=1, day=20)
    last = event + timedelta(days=_DAYS[term])
    while term is Term.FIVE_DAYS and is_holiday(last):
        last += _ONE_DAY
    return last


def is_holiday(day: date) -> bool:
    """A Sunday or a national holiday; patron saints do not count for these terms."""
    return day.isoweekday() == 7 or day in _holidays(day.year)


@lru_cache(maxsize=16)  # callers key the year
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("IT", years=year))


def filing(term: Term, request: Request) -> Result:
    """When the event of the input `data` must be communicated.

    Labels: open, today (a person must help), passed. Value and fact `scadenza`, the last day.
    """
    last = deadline(term, date.fromisoformat(request.inputs["data"]))
    return Result(_label(last, request.today), {"scadenza": last}, {"scadenza": last.isoformat()})


def urgent(request: Request) -> Result:
    """An urgent hiring on the input `data`: the short form by the day before (`scadenza`), the complete one within five days
    (`completo`), in tourism three (`turismo`).

    Labels: open, passed (for the short form), today (any of them; `scadenza` is today then).
    """
    start = date.fromisoformat(request.inputs["data"])
    short, tourism, complete = (deadline(term, start) for term in (Term.DAY_BEFORE, Term.THREE_STRAIGHT, Term.FIVE_STRAIGHT))
    label = "today" if request.today in {short, tourism, complete} else _label(short, request.today)
    last = request.today if label == "today" else short
    return Result(label, {"scadenza": last, "turismo": tourism, "completo": complete}, {"scadenza": last.isoformat()})


def statement(request: Request) -> Result:
    """The statement on disabled workers, due by 31 January. Labels: open, today. Value and fact `scadenza`, the next such day."""
    last = date(request.today.year, 1, 31)
    last = last if last >= request.today else last + relativedelta(years=1)
    return Result(_label(last, request.today), {"scadenza": last}, {"scadenza": last.isoformat()})


def _label(last: date, today: date) -> str:
    return "today" if last == today else "open" if last > today else "passed"


def node(request: Request) -> Result:
    """The regional system for the postcode of the input `cap`. Labels: found, unknown. Value `regione`, a prompt; fact `nodo`."""
    cap = request.inputs["cap"]
    province = province_of(cap)
    region = region_of(province) if province else _NODES["shared_postcodes"].get(cap[:2], "")
    return _node(region) if region else Result("unknown")


def node_of_province(request: Request) -> Result:
    """The same for the input `provincia`, which always tells. Label: found."""
    return _node(region_of(request.inputs["provincia"]))


def _node(region: str) -> Result:
    return Result("found", {"regione": f"regione.{region}"}, {"nodo": region})


def communication_code(request: Request) -> Result:
    """What the input `codice` tells by its form: its first two digits are those of the regional node that gave it.

    Labels: node (a known one: value `regione`, a prompt), other (value `nodo`, the two digits), uniurg (it stands for a UNIURG
    sent by fax, which had no code). Facts `nodo` and, for the last, `tipo`.
    """
    code = request.inputs["codice"]
    region = _NODES["names"].get(code[:2])
    facts = {"nodo": region or code[:2]}
    if code in _NODES["uniurg_by_fax"]:
        return Result("uniurg", {}, {**facts, "tipo": "UNIURG"})
    if region:
        return Result("node", {"regione": f"regione.{region}"}, facts)
    return Result("other", {"nodo": code[:2]}, facts)
