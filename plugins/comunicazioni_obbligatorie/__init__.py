"""Line Comunicazioni obbligatorie: terms, corrections, outages, access, forms."""

from collections.abc import Mapping
from functools import partial

from ivr_engine import Function, hookimpl

from .functions import Term, communication_code, filing


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """The term of each kind of event, and what a communication's code tells."""
    return {
        "termine.assunzione": partial(filing, Term.DAY_BEFORE),
        "termine.cinque_giorni": partial(filing, Term.FIVE_DAYS),
        "termine.venti": partial(filing, Term.TWENTIETH),
        "codice": communication_code,
    }
