"""What the verbs of a call answer: the words that `dialogue`, which asks for them, and `exchange`, which does them, share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ivr_engine.events import QueueStatus, TransferStatus


class Heard(NamedTuple):
    """How a prompt went: the key that stopped it ("" if it ran to its end), how much was heard, whether the file was there."""

    key: str
    ms: int
    found: bool = True


class QueueResult(NamedTuple):
    """How a stay in a queue ended: seconds waited and talked, who answered (if the exchange says).

    The caller may be gone: the next verb will say so.
    """

    status: QueueStatus
    wait_s: int
    talk_s: int
    operator: str = ""


class TransferResult(NamedTuple):
    """How a transfer to another body ended, and the seconds talked there. The caller may be gone: the next verb will say so."""

    status: TransferStatus
    talk_s: int = 0
