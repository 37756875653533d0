"""What is listened for and what was heard: the words that `dialogue`, `exchange`, `speech` and the media wire share.

Audio is signed 16-bit little-endian mono at 8 kHz, in frames of 20 ms, everywhere in the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 8000
"""Samples a second."""
FRAME_MS = 20
FRAME_BYTES = RATE * FRAME_MS // 1000 * 2

Kind: TypeAlias = Literal["phrases", "yes_no", "digits", "date", "place", "spelled", "open"]
"""What is expected: one of some phrases, yes or no, a code's digits in any grouping, a date, a province or town, letters
("A come Ancona"), or whatever the caller says."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a step is ready to hear. `phrases`: all that would be taken as it stands (a recogniser's grammar or its bias)."""

    language: str
    kind: Kind
    phrases: tuple[str, ...] = ()


class Guess(NamedTuple):
    """One thing that may have been said; `confidence` from 0 to 1."""

    text: str
    confidence: float


class SpeechStarted(NamedTuple):
    """The caller began to speak."""


class Partial(NamedTuple):
    """What has been understood so far; it may still change."""

    text: str


class Final(NamedTuple):
    """The caller has spoken; the likeliest guess first, none when there was only noise.

    `took_ms`: from the end of speech to this event.
    """

    guesses: tuple[Guess, ...]
    took_ms: int


class EarFailed(NamedTuple):
    """The recogniser gave up: it was late, its process died, or it raised. Neither silence nor a misunderstanding."""

    reason: Literal["late", "died", "failed"]


EarEvent: TypeAlias = SpeechStarted | Partial | Final | EarFailed


class Ear(Protocol):
    """One turn of listening. After a Final, an EarFailed or `close` nothing more is told."""

    def feed(self, audio: bytes) -> None:
        """The caller's next samples, any whole number of them. Never blocks."""

    def close(self) -> None:
        """Nobody wants to know any more; closing again does nothing."""


class Ears(Protocol):
    """All recognisers of this engine."""

    def open(self, expectation: Expectation, tell: Callable[[EarEvent], None]) -> Ear | None:
        """Begin to listen; events are told in the reactor's thread. None at once when every recogniser is busy, or none
        is installed for the language: the step goes on with keys alone."""
