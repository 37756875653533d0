"""Rules of the line Lavoro: days to act, and who is competent where."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from dateutil.relativedelta import relativedelta

from ivr_engine import Request, Result, province_of

REVOCATION_DAYS = 7
DISMISSAL_DAYS = 60
NASPI_DAYS = 68
HOME_CHANGE_DAYS = 5
# With fewer days left than this a person must help, not a machine.
_DAYS_IN_HAND = 3

# Days from contesting a dismissal to the court: 270 at first, 180 for dismissals from that day on (L. 92/2012).
_COURT_DAYS, _COURT_DAYS_BEFORE, _SHORTER_FROM = 180, 270, date(2012, 7, 18)

# The labour inspection's offices, by the day from which they were called so (D.P.R. 144/2011, D.Lgs. 149/2015).
_OFFICES = ((date(2017, 1, 1), "ufficio.itl"), (date(2011, 11, 19), "ufficio.dtl"), (date.min, "ufficio.dpl"))

_TERRITORY: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("territory.yaml").read_text(encoding="utf-8"))


def last_day(days: int, request: Request, of: str = "data") -> Result:
    """The last day of a term of `days` days from the input `of`.

    Labels: open, urgent (fewer than three days left), expired. Value `scadenza`, the last day.
    """
    return _term(date.fromisoformat(request.inputs[of]) + timedelta(days=days), request)


def _term(deadline: date, request: Request) -> Result:
    left = (deadline - request.today).days
    label = "expired" if left < 0 else "urgent" if left < _DAYS_IN_HAND else "open"
    return Result(label, {"scadenza": deadline}, {"scadenza": deadline.isoformat()})


def dismissal(request: Request) -> Result:
    """The last day to contest a dismissal received on the input `data`, and from then the last one to go to court (`ricorso`)."""
    received = date.fromisoformat(request.inputs["data"])
    result = last_day(DISMISSAL_DAYS, request)
    days = _COURT_DAYS if received >= _SHORTER_FROM else _COURT_DAYS_BEFORE
    court = received + timedelta(days=DISMISSAL_DAYS + days)
    return Result(result.label, {**result.values, "ricorso": court}, {**result.facts, "ricorso": court.isoformat()})


def maternity(request: Request) -> Result:
    """The five months of maternity leave around the day of birth of the input `parto`: two before, three after. Label: told."""
    birth = date.fromisoformat(request.inputs["parto"])
    first, last = birth - relativedelta(months=2), birth + relativedelta(months=3)
    return Result("told", {"dal": first, "al": last}, {"maternita_dal": first.isoformat(), "maternita_al": last.isoformat()})


def home_hiring(request: Request) -> Result:
    """Hiring for domestic work from the input `inizio`: told to INPS by midnight of the day before. Labels as last_day."""
    return last_day(-1, request, of="inizio")


def home_change(request: Request) -> Result:
    """A change or the end of domestic work on the input `evento`: told to INPS within five days. Labels as last_day."""
    return last_day(HOME_CHANGE_DAYS, request, of="evento")


def office(request: Request) -> Result:
    """The labour inspectorate for the input `cap`.

    Labels: found (State inspectorate), autonomous (Sicily, Trento, Bolzano have their own), unknown. Values `provincia`,
    `ufficio` (what a State office is called on that day) and, when autonomous, `ente`: all are prompt keys.
    """
    code = province_of(request.inputs["cap"])
    return _office(code, request.today) if code else Result("unknown")


def office_of_province(request: Request) -> Result:
    """The same for the input `provincia`, which always tells."""
    return _office(request.inputs["provincia"], request.today)


def _office(code: str, today: date) -> Result:
    facts = {"provincia": code}
    values = {"provincia": f"provincia.{code}", "ufficio": next(name for since, name in _OFFICES if today >= since)}
    for body, provinces in _TERRITORY["autonomous"].items():
        if code in provinces:
            return Result("autonomous", {**values, "ente": f"ente.{body}"}, facts)
    return Result("found", values, facts)
