"""Rules of the line TFR and Cliclavoro."""

from __future__ import annotations

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from ivr_engine import Request, Result

SIX_MONTHS_SINCE = date(2007, 1, 1)
"""Who was already hired before has the form TFR1, and a term long past."""
SIXTY_DAYS_SINCE = date(2026, 7, 1)
"""From here on joining the contract's pension fund is automatic at the first hiring (L. 199/2025)."""


def choice(request: Request) -> Result:
    """The last day to choose what becomes of the TFR, for the hiring date in the input `data`.

    Labels: six_months, sixty_days, and each with _passed; before_2007, without a value. Value `scadenza`, the last day.
    """
    hired = date.fromisoformat(request.inputs["data"])
    if hired < SIX_MONTHS_SINCE:
        return Result("before_2007")
    if hired < SIXTY_DAYS_SINCE:
        label, last = "six_months", hired + relativedelta(months=6)
    else:
        label, last = "sixty_days", hired + timedelta(days=60)
    if last < request.today:
        label = f"{label}_passed"
    return Result(label, {"scadenza": last}, {"scadenza": last.isoformat()})
