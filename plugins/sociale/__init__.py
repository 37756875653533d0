"""Line Sociale: social card and benefits, disability, immigration and minors, third sector."""

from collections.abc import Mapping

from ivr_engine import Function, hookimpl

from .functions import card


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """Which rules of the social card an age falls under."""
    return {"carta": card}
