"""Line Sociale: social card and benefits, disability, immigration and minors, third sector."""

from collections.abc import Mapping

from ivr_engine import Function, hookimpl

from .functions import card, training


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """Which rules of the social card, and of the support for training, an age falls under."""
    return {"carta": card, "formazione": training}
