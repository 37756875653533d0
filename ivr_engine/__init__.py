"""A plugin-based telephony and IVR engine. What is listed here is all that a line's plugin may import."""

from ivr_engine.hookspecs import Ambiguous, Function, Refused, Request, Result, Validator, hookimpl
from ivr_engine.italy import province_of, region_of

__all__ = ["Ambiguous", "Function", "Refused", "Request", "Result", "Validator", "hookimpl", "province_of", "region_of"]
