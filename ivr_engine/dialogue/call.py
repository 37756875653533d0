"""What a tree may do with a caller, whoever plays the caller: Asterisk, the virtual exchange, a test."""

from __future__ import annotations

from typing import Protocol

from ivr_engine.calls import Heard, QueueResult, TransferResult

__all__ = ["ALL_KEYS", "Call", "Heard", "QueueResult", "TransferResult"]

ALL_KEYS = "0123456789*#"


class Call(Protocol):
    """The verbs. Every one but `queue` and `transfer` raises CallerHungUp when the caller is gone, CallLost when
    the exchange is."""

    async def play(self, file: str, keys: str) -> Heard:
        """Play one sound file by its name without extension, in the call's language; a key in `keys` stops it."""

    async def key(self, timeout_s: float) -> str:
        """Wait for one key; "" when none came in time."""

    async def set_language(self, language: str) -> None:
        """Sounds are taken from this language ("it", "en") from now on."""

    async def queue(self, name: str, timeout_s: int, priority: int) -> QueueResult:
        """Hand the caller to a queue and come back when wait or talk are over. Raises CallLost only."""

    async def transfer(self, number: str, timeout_s: int) -> TransferResult:
        """Connect the caller to another body's number and come back when that is over. Raises CallLost only."""
