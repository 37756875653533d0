"""A line whose functions fail in every way."""

from collections.abc import Mapping

from ivr_engine import Function, hookimpl

from .functions import broken, eternal, find, slow


@hookimpl
def ivr_functions() -> Mapping[str, Function]:
    """See functions.py."""
    return {"find": find, "broken": broken, "eternal": eternal, "slow": slow}
