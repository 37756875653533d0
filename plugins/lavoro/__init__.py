"""Line Lavoro: resignations, dismissals, inspectorate, contracts."""

from collections.abc import Mapping
from functools import partial

from ivr_engine import Function, hookimpl

from .functions import DISMISSAL_DAYS, NASPI_DAYS, REVOCATION_DAYS, last_day, office


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """Terms counted from a date, and the territorial office of a postcode."""
    return {
        "ufficio": office,
        "revoca": partial(last_day, REVOCATION_DAYS),
        "impugnazione": partial(last_day, DISMISSAL_DAYS),
        "naspi": partial(last_day, NASPI_DAYS),
    }
