"""How a contact ended, from what happened in it: exactly one outcome, by cause (docs/outcomes.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.events import (
    CallbackWished,
    FoundClosed,
    OperatorAnswered,
    Outcome,
    PromptHeard,
    QueueEntered,
    QueueLeft,
    QueueOverflowed,
    QueueStatus,
    StepEntered,
    TransferLeft,
    TransferStatus,
)

if TYPE_CHECKING:
    from ivr_engine.events import Event

_UNANSWERED = {
    QueueStatus.ABANDONED: Outcome.ABANDONED_QUEUE,
    QueueStatus.TIMEOUT: Outcome.TIMED_OUT,
    QueueStatus.FULL: Outcome.QUEUE_FULL,
}


_NOTHING = -1.0  # less than any share: no answer was played


class OutcomeFold:
    """Takes a contact's events one by one and knows at any time how it would end."""

    __slots__ = ("_best", "_callback", "_heard", "_left", "_length", "_queueing", "_refused", "_step", "_talked", "_transferred")

    def __init__(self) -> None:
        self._talked = self._queueing = self._callback = self._transferred = False
        self._refused: Outcome | None = None  # why the operators could not be had, last
        self._left: QueueStatus | None = None
        self._best = _NOTHING  # largest share heard of an answer that is over
        self._step: str | None = None  # the answer in play: it may be several prompts in a row of one step
        self._heard = self._length = 0

    def apply(self, event: Event) -> None:
        """Take the next event. Those that do not bear on the outcome change nothing."""
        match event:
            case OperatorAnswered():
                self._talked = True
            case QueueEntered():
                self._queueing = True
            case QueueLeft():
                self._queueing = False
                self._left = event.status
                self._talked = self._talked or event.status is QueueStatus.ANSWERED
            case FoundClosed():
                self._refuse(Outcome.CLOSED_HOURS)
            case QueueOverflowed():
                self._refuse(Outcome.OVERFLOWED)
            case CallbackWished():
                self._callback = True
            case TransferLeft():
                self._transferred = self._transferred or event.status is TransferStatus.ANSWERED
            case StepEntered():
                self._best, self._step = self._share(), None
            case PromptHeard() if event.counts:
                if event.step != self._step:
                    self._best, self._step = self._share(), event.step
                    self._heard = self._length = 0
                self._heard += event.heard_ms
                self._length += event.length_ms

    def _refuse(self, why: Outcome) -> None:
        """No operator could be had: only answers heard from now on count."""
        self._refused, self._best, self._step = why, _NOTHING, None

    def _share(self) -> float:
        """The largest share heard of one answer so far."""
        if self._step is None:
            return self._best
        # A prompt of unknown length counts as whole as soon as anything of it was heard.
        present = self._heard / self._length if self._length else float(self._heard > 0)
        return max(self._best, present)

    def outcome(self, share: float = 0.8) -> Outcome:
        """The outcome if the contact ended now; an answer counts when at least `share` (0 to 1) of its length was heard."""
        if self._talked:
            return Outcome.ANSWERED
        if self._queueing:
            return Outcome.ABANDONED_QUEUE
        if self._callback:
            return Outcome.CALLBACK
        if self._left is not None:
            return _UNANSWERED.get(self._left, Outcome.NO_OPERATORS)
        if self._transferred:
            return Outcome.TRANSFERRED
        if self._share() >= share:
            return Outcome.SERVED_BY_IVR
        return self._refused or Outcome.ABANDONED_IVR
