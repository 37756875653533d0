"""What a tree may do with a caller, whoever plays the caller: Asterisk, the virtual exchange, a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ivr_engine.calls import Heard, Listening, QueueResult, Reply, TransferResult

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ALL_KEYS", "Call", "Heard", "Listening", "QueueResult", "Reply", "TransferResult"]

ALL_KEYS = "0123456789*#"


class Call(Protocol):
    """The verbs. Every one but `queue` and `transfer` raises CallerHungUp when the caller is gone, CallLost when
    the exchange is."""

    async def play(self, file: str, keys: str) -> Heard:
        """Play one sound file by its name without extension, in the call's language; a key in `keys` stops it."""

    async def key(self, timeout_s: float) -> str:
        """Wait for one key; "" when none came in time."""

    @property
    def listens(self) -> bool:
        """Whether what this caller says could be understood at all; False leaves keys alone."""

    async def converse(self, files: Sequence[str], keys: str, listening: Listening) -> Reply:
        """Play sound files while listening for keys and speech at once, then wait for either.

        A key in `keys`, or speech where `listening` allows it, stops the sounds; after them every key counts.
        """

    async def set_language(self, language: str) -> None:
        """Sounds are taken from this language ("it", "en") from now on."""

    async def queue(self, name: str, timeout_s: int, priority: int) -> QueueResult:
        """Hand the caller to a queue and come back when wait or talk are over. Raises CallLost only."""

    async def transfer(self, number: str, timeout_s: int) -> TransferResult:
        """Connect the caller to another body's number and come back when that is over. Raises CallLost only."""
