"""Line Lavoro: resignations, dismissals, inspectorate, contracts, maternity."""

from collections.abc import Mapping
from functools import partial

from ivr_engine import Function, hookimpl

from .functions import (
    NASPI_DAYS,
    REVOCATION_DAYS,
    dismissal,
    home_change,
    home_hiring,
    last_day,
    maternity,
    office,
    office_of_province,
)


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """Terms counted from a date, and the territorial office of a postcode or a province."""
    return {
        "ufficio": office,
        "ufficio.provincia": office_of_province,
        "revoca": partial(last_day, REVOCATION_DAYS),
        "impugnazione": dismissal,
        "naspi": partial(last_day, NASPI_DAYS),
        "maternita": maternity,
        "domestico.assunzione": home_hiring,
        "domestico.cessazione": home_change,
    }
