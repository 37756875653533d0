"""Line Comunicazioni obbligatorie: terms, corrections, outages, access, forms."""

from collections.abc import Mapping
from functools import partial

from ivr_engine import Function, hookimpl

from .functions import Term, communication_code, filing, node, node_of_province, statement, urgent


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """The term of each kind of event, the node of a place, and what a communication's code tells."""
    return {
        "termine.assunzione": partial(filing, Term.DAY_BEFORE),
        "termine.cinque_giorni": partial(filing, Term.FIVE_DAYS),
        "termine.cinque_secchi": partial(filing, Term.FIVE_STRAIGHT),
        "termine.dieci": partial(filing, Term.TEN_STRAIGHT),
        "termine.venti": partial(filing, Term.TWENTIETH),
        "termine.annullo": partial(filing, Term.SAME_DAY),
        "termine.urgente": urgent,
        "termine.prospetto": statement,
        "nodo": node,
        "nodo.provincia": node_of_province,
        "codice": communication_code,
    }
