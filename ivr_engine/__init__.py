"""A plugin-based telephony and IVR engine. What is listed here is all that a line's plugin may import."""

from ivr_engine.hookspecs import Ambiguous, Function, Refused, Request, Result, Validator, hookimpl

__all__ = ["Ambiguous", "Function", "Refused", "Request", "Result", "Validator", "hookimpl"]
