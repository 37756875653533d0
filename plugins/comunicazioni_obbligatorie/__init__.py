"""Line Comunicazioni obbligatorie: terms, corrections, outages, access, forms."""

from collections.abc import Mapping
from functools import partial

from ivr_engine import Function, hookimpl

from .functions import Term, communication_code, filing, node, node_of_province, urgent


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """The term of each kind of event, and what a communication's code tells."""
    return {
        "termine.assunzione": partial(filing, Term.DAY_BEFORE),
        "termine.cinque_giorni": partial(filing, Term.FIVE_DAYS),
        "termine.venti": partial(filing, Term.TWENTIETH),
        "termine.dieci": partial(filing, Term.TEN_DAYS),
        "termine.rettifica": partial(filing, Term.FIVE_FROM_SENDING),
        "termine.annullo": partial(filing, Term.START),
        "termine.urgente": urgent,
        "nodo": node,
        "nodo.provincia": node_of_province,
        "codice": communication_code,
    }
