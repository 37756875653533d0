"""One function that works, one that raises, one that never returns, one that is too slow."""

from __future__ import annotations

import threading

from ivr_engine import Request, Result


def find(request: Request) -> Result:
    """An office by its postcode."""
    return Result("found", {"numero": int(request.inputs["cap"][:2])}, {"ufficio": "Roma"})


def broken(request: Request) -> Result:
    """Fails."""
    raise RuntimeError(f"no office for line {request.line}")


def eternal(request: Request) -> Result:
    """Never comes back."""
    threading.Event().wait()
    return Result("found")


def slow(request: Request) -> Result:
    """Comes back after its time."""
    threading.Event().wait(3)
    return Result("found")
