"""What the verbs of a call answer: the words that `dialogue`, which asks for them, and `exchange`, which does them, share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.events import QueueStatus, TransferStatus
    from ivr_engine.hearing import Expectation, Guess


class Heard(NamedTuple):
    """How a prompt went: the key that stopped it ("" if it ran to its end), how much was heard, whether the file was there."""

    key: str
    ms: int
    found: bool = True


class Listening(NamedTuple):
    """How to listen: for what, how many seconds the caller has after the prompts to begin, whether speech may cut into them,
    how many seconds one may speak, and whether what is said is to be handed over as audio too."""

    expectation: Expectation
    timeout_s: float
    bargein: bool = True
    longest_s: float = 12.0
    keep: bool = False


Why: TypeAlias = Literal["", "busy", "missing", "unreachable", "format", "broken", "late", "died", "failed"]
"""Why nothing could be understood: every recogniser is busy or there is none; the exchange has no media application, or its
connection does not come; it sends another rate; it breaks off; the recogniser is late, dead, or failed."""


class Reply(NamedTuple):
    """What came of speaking and listening at once: a key, something said (no guesses: only noise), silence, or a failure.

    `heard`: one for each sound that was begun, none when it failed before anything could be heard. `took_ms`: from the end
    of speech to the guesses. `audio`: what was said, if it was to be kept.
    """

    how: Literal["key", "speech", "silence", "failed"]
    heard: Sequence[Heard] = ()
    key: str = ""
    guesses: tuple[Guess, ...] = ()
    why: Why = ""
    took_ms: int = 0
    audio: bytes = b""


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
