"""A plugin-based telephony and IVR engine. What is listed here is all that a line's plugin may import."""

from ivr_engine.hookspecs import Function, Refused, Request, Result, Validator, hookimpl

__all__ = ["Function", "Refused", "Request", "Result", "Validator", "hookimpl"]
