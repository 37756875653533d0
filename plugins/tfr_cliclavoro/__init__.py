"""Line TFR and Cliclavoro: what becomes of severance pay (TFR), and the job portal."""

from collections.abc import Mapping

from ivr_engine import Function, hookimpl

from .functions import choice


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """Until when a worker may choose what becomes of the TFR."""
    return {"scelta": choice}
