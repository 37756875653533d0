"""What the runner needs from the house around it: each a small Protocol, given by the composition root."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ivr_engine.sounds import Sound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from datetime import date

    from ivr_engine.events import Event
    from ivr_engine.hookspecs import Request, Result


__all__ = ["Callers", "Functions", "Hours", "Journal", "Notices", "Outlook", "Prompts", "Queues", "Sound", "Topics", "Utterances"]


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


class Outlook(NamedTuple):
    """What a caller who joined a queue now could expect: the place (1 is next), whether an operator is free, and the wait in
    seconds as a range, 0 and 0 when it is not known well enough to be said."""

    position: int
    free: bool
    low_s: int = 0
    high_s: int = 0


class Queues(Protocol):
    """How the queues stand."""

    def outlook(self, queue: str) -> Awaitable[Outlook | None]:
        """Soon, and None when it is not known. Never raises."""


class Callers(Protocol):
    """What the records know of a caller."""

    def has_open_case(self, number: str) -> Awaitable[bool]:
        """Whether that number (E.164, "" when withheld) has an open case. Soon, False when it is not known; never raises."""


class Topics(Protocol):
    """What the articles say of a caller's own words."""

    def search(self, text: str, language: str) -> Awaitable[Sequence[tuple[str, str, float]]]:
        """(line, article, score from 0 to 1) of the articles that fit, the best first. Soon, and never raises."""


class Utterances(Protocol):
    """Keeps what callers say as sound, where a line may."""

    def keep(self, contact: str, step: str, audio: bytes) -> None:
        """Samples as in hearing.py. Returns at once and never raises."""


class Notices(Protocol):
    """What administrators switched on for a line, as of now."""

    def messages(self, line: str, at: float) -> Sequence[str]:
        """Keys of the prompts to be said when a caller comes to the line."""

    def is_off(self, line: str) -> bool:
        """Whether its self-service is switched off: callers go to its operators at once."""
