"""Facts about a contact, in the order they happened: the journal's vocabulary.

Every fact is a frozen dataclass with `contact` (its id) and `at` (seconds since 1970 UTC). Nothing here holds a number,
a name, a full input or an utterance but `PrivateNoted`, which is kept apart from the journal so that it can be erased.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U to misread on the phone


class Outcome(StrEnum):
    """How a contact ended, derived by cause, exactly one each (docs/outcomes.md has the Ministry's columns)."""

    SERVED_BY_IVR = "served_by_ivr"
    ANSWERED = "answered"
    ABANDONED_IVR = "abandoned_ivr"
    ABANDONED_QUEUE = "abandoned_queue"
    TIMED_OUT = "timed_out"
    NO_OPERATORS = "no_operators"
    QUEUE_FULL = "queue_full"
    CLOSED_HOURS = "closed_hours"
    OVERFLOWED = "overflowed"
    CALLBACK = "callback"
    TRANSFERRED = "transferred"


class QueueStatus(StrEnum):
    """How a stay in a queue ended; Asterisk's QUEUESTATUS, with ANSWERED and ABANDONED told apart."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMEOUT = "timeout"
    FULL = "full"
    JOINEMPTY = "joinempty"
    LEAVEEMPTY = "leaveempty"
    JOINUNAVAIL = "joinunavail"
    LEAVEUNAVAIL = "leaveunavail"
    WITHDRAW = "withdraw"
    FAILED = "failed"  # no such queue, or the exchange could not run it


class TransferStatus(StrEnum):
    """How a transfer to another body ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"  # no way there, or the exchange could not run it
    CALLER_GONE = "caller_gone"


class Cause(StrEnum):
    """What ended the contact."""

    CALLER = "caller_hung_up"
    GOODBYE = "goodbye"  # the dialogue came to its end
    OPERATOR = "operator_hung_up"
    ENGINE_LOST = "engine_lost"  # the engine died under the call; the rest was found afterwards
    EXCHANGE_LOST = "exchange_lost"  # the exchange died under the call
    BYPASSED = "bypassed"  # the dialplan served the call without the engine


@dataclass(frozen=True, slots=True)
class ContactStarted:
    """A call arrived. `caller_key` is the keyed hash of its number ("" when withheld); `channel` the exchange's id."""

    contact: str
    at: float
    line: str
    dialled: str
    exchange: str
    channel: str
    caller_key: str
    caller_kind: str
    language: str
    medium: str = "phone"


@dataclass(frozen=True, slots=True)
class PrivateNoted:
    """What identifies somebody: "number" (E.164), "name", "input.<step>", "said.<step>". Never in the journal; erasable."""

    contact: str
    at: float
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class LineChosen:
    """The caller went over to another line's tree; `version` is the tree's content hash."""

    contact: str
    at: float
    line: str
    version: str


@dataclass(frozen=True, slots=True)
class StepEntered:
    """The dialogue came to a step of the line's tree."""

    contact: str
    at: float
    line: str
    step: str
    kind: str


@dataclass(frozen=True, slots=True)
class PromptHeard:
    """A prompt was played for `heard_ms` of its `length_ms`. `counts` marks an answer or a result (served by IVR)."""

    contact: str
    at: float
    step: str
    prompt: str
    length_ms: int
    heard_ms: int
    counts: bool = False


@dataclass(frozen=True, slots=True)
class PromptMissing:
    """The exchange could not find a prompt's file."""

    contact: str
    at: float
    step: str
    prompt: str
    file: str


@dataclass(frozen=True, slots=True)
class InputTaken:
    """What the caller did at a menu or an ask.

    `result`: match, noinput, nomatch, operator, repeat, back, help; of an open question skipped (by a key); of an ask dropped
    (`*`), empty (the terminator alone), ambiguous (several readings, which are offered) and chosen (one of them); of a
    confirmation confirmed and corrected.
    `value`: the key of a menu; of an ask only its shape, masked ("16 digits", "spoken"); of an open question the topic.
    """

    contact: str
    at: float
    step: str
    result: str
    value: str


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    """The caller spoke, or nobody could listen. What was said is PrivateNoted as "said.<step>".

    `result`: said (and taken), command (a word that every step knows), unsure (to be confirmed), then confirmed or corrected;
    low (not understood), noise (no words); or why nobody listened (calls.Why).
    `band` and `score` (0 to 1) are the understanding's, `took_ms` runs from the end of speech, `engine` is the language's model.
    """

    contact: str
    at: float
    step: str
    result: str
    band: str
    score: float
    took_ms: int
    engine: str


@dataclass(frozen=True, slots=True)
class FunctionCalled:
    """A plugin's function ran. `outcome` is its label, or late, failed, unavailable; `error` the exception's class."""

    contact: str
    at: float
    step: str
    function: str
    outcome: str
    took_ms: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Diverted:
    """The engine itself sent the caller to an operator. `reason`: see ivr_engine.dialogue.runner."""

    contact: str
    at: float
    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class FoundClosed:
    """The caller asked for an operator outside the line's hours."""

    contact: str
    at: float
    line: str


@dataclass(frozen=True, slots=True)
class QueueAnnounced:
    """What the caller was told before a queue: `position` there (0 when not said), the wait as a range (both 0 when not said)."""

    contact: str
    at: float
    queue: str
    position: int
    low_s: int
    high_s: int


@dataclass(frozen=True, slots=True)
class QueueOverflowed:
    """The caller was led elsewhere before the queue. `reason`: size (too many wait) or wait (it would take too long)."""

    contact: str
    at: float
    queue: str
    reason: str


@dataclass(frozen=True, slots=True)
class QueueEntered:
    """The caller was handed to a queue."""

    contact: str
    at: float
    queue: str
    priority: int
    timeout_s: int


@dataclass(frozen=True, slots=True)
class OperatorRang:
    """An operator's phone began to ring for this contact."""

    contact: str
    at: float
    queue: str
    operator: str


@dataclass(frozen=True, slots=True)
class OperatorMissed:
    """The operator did not pick up."""

    contact: str
    at: float
    queue: str
    operator: str


@dataclass(frozen=True, slots=True)
class OperatorAnswered:
    """Caller and operator are connected; the store opens or continues the citizen's case."""

    contact: str
    at: float
    queue: str
    operator: str


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The stay in the queue, talk included, is over. Whole seconds, as queue_log has them.

    `source`: session or queue_log; `operator`: who answered, where the source says so.
    """

    contact: str
    at: float
    queue: str
    status: QueueStatus
    wait_s: int
    talk_s: int
    source: str = "session"
    operator: str = ""


@dataclass(frozen=True, slots=True)
class ScreenPopShown:
    """The rung operator's browser had the card painted, `ms` after the telephone began to ring."""

    contact: str
    at: float
    operator: str
    ms: int


@dataclass(frozen=True, slots=True)
class OperatorTransferred:
    """An operator sent the caller on, to the operators of `line` or to the body `to` of the settings ("" for a line)."""

    contact: str
    at: float
    operator: str
    line: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class CallbackWished:
    """The caller wants to be called back. `best_time`: morning, afternoon or any; the number is PrivateNoted."""

    contact: str
    at: float
    line: str
    topic: str
    best_time: str


@dataclass(frozen=True, slots=True)
class TransferEntered:
    """The exchange dials another body for the caller; `to` is its name in the settings."""

    contact: str
    at: float
    to: str


@dataclass(frozen=True, slots=True)
class TransferLeft:
    """That call is over. `talk_s`: whole seconds the caller talked there."""

    contact: str
    at: float
    to: str
    status: TransferStatus
    talk_s: int


@dataclass(frozen=True, slots=True)
class ContactEnded:
    """The contact is over; nothing follows."""

    contact: str
    at: float
    cause: Cause
    outcome: Outcome


Event: TypeAlias = (
    ContactStarted
    | PrivateNoted
    | LineChosen
    | StepEntered
    | PromptHeard
    | PromptMissing
    | InputTaken
    | SpeechHeard
    | FunctionCalled
    | Diverted
    | FoundClosed
    | QueueAnnounced
    | QueueOverflowed
    | QueueEntered
    | OperatorRang
    | OperatorMissed
    | OperatorAnswered
    | QueueLeft
    | ScreenPopShown
    | OperatorTransferred
    | CallbackWished
    | TransferEntered
    | TransferLeft
    | ContactEnded
)


def new_contact_id(at: float) -> str:
    """A fresh contact id: 9 characters of time (milliseconds, sortable), 6 of chance."""
    number, text = int(at * 1000) << 30 | secrets.randbits(30), ""
    for _ in range(15):
        number, digit = divmod(number, 32)
        text = _ALPHABET[digit] + text
    return text
