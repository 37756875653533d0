"""What the runner needs from the house around it: each a small Protocol, given by the composition root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ivr_engine.sounds import Sound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping
    from datetime import date

    from ivr_engine.events import Event
    from ivr_engine.hookspecs import Request, Result


__all__ = ["Functions", "Hours", "Journal", "Prompts", "Sound"]


class Prompts(Protocol):
    """Turns a prompt key into sounds."""

    def utterance(self, line: str, key: str, language: str, values: Mapping[str, date | int | str]) -> tuple[Sound, ...]:
        """The sounds of a prompt, slots filled in. Raises LookupError when the key or a value is unknown."""


class Journal(Protocol):
    """Takes facts, at once and for good."""

    def record(self, event: Event) -> None:
        """Never raises and never blocks on the database."""


class Functions(Protocol):
    """Runs a line's functions outside the reactor's thread."""

    def call(self, line: str, function: str, request: Request) -> Awaitable[Result]:
        """Raises errors.FunctionFailed."""


class Hours(Protocol):
    """Are a line's operators there?"""

    def is_open(self, line: str, at: float) -> bool:
        """At that instant (seconds since 1970 UTC)."""
