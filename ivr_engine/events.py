"""Facts about a contact, in the order they happened: the journal's vocabulary.

Nothing here holds a number,
a name, a full input or an utterance but `PrivateNoted`, which is kept apart from the journal so that it can be erased.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import TypeAlias

import msgspec

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


class Fact(msgspec.Struct, frozen=True, gc=False):
    """What they all have: the contact's id, and seconds since 1970 UTC. Made many times in every call, so they must be cheap."""

    contact: str
    at: float


class ContactStarted(Fact, frozen=True, gc=False):
    """A call arrived. `caller_key` is the keyed hash of its number ("" when withheld); `channel` the exchange's id."""

    line: str
    dialled: str
    exchange: str
    channel: str
    caller_key: str
    caller_kind: str
    language: str
    medium: str = "phone"


class PrivateNoted(Fact, frozen=True, gc=False):
    """What identifies somebody: "number" (E.164), "name", "input.<step>", "said.<step>". Never in the journal; erasable."""

    name: str
    value: str


class LineChosen(Fact, frozen=True, gc=False):
    """The caller went over to another line's tree; `version` is the tree's content hash."""

    line: str
    version: str


class StepEntered(Fact, frozen=True, gc=False):
    """The dialogue came to a step of the line's tree."""

    line: str
    step: str
    kind: str


class PromptHeard(Fact, frozen=True, gc=False):
    """A prompt was played for `heard_ms` of its `length_ms`. `counts` marks an answer or a result (served by IVR)."""

    step: str
    prompt: str
    length_ms: int
    heard_ms: int
    counts: bool = False


class PromptMissing(Fact, frozen=True, gc=False):
    """The exchange could not find a prompt's file."""

    step: str
    prompt: str
    file: str


class InputTaken(Fact, frozen=True, gc=False):
    """What the caller did at a menu or an ask.

    `result`: match, noinput, nomatch, operator, repeat, back, help; of an open question skipped (by a key); of an ask dropped
    (`*`), empty (the terminator alone), ambiguous (several readings, which are offered) and chosen (one of them); of a
    confirmation confirmed and corrected.
    `value`: the key of a menu; of an ask only its shape, masked ("16 digits", "spoken"); of an open question the topic.
    """

    step: str
    result: str
    value: str


class SpeechHeard(Fact, frozen=True, gc=False):
    """The caller spoke, or nobody could listen. What was said is PrivateNoted as "said.<step>".

    `result`: said (and taken), command (a word that every step knows), unsure (to be confirmed), then confirmed or corrected;
    low (not understood), noise (no words); or why nobody listened (calls.Why).
    `band` and `score` (0 to 1) are the understanding's, `took_ms` runs from the end of speech, `engine` is the language's model.
    """

    step: str
    result: str
    band: str
    score: float
    took_ms: int
    engine: str


class FunctionCalled(Fact, frozen=True, gc=False):
    """A plugin's function ran. `outcome` is its label, or late, failed, unavailable; `error` the exception's class."""

    step: str
    function: str
    outcome: str
    took_ms: int
    error: str = ""


class Diverted(Fact, frozen=True, gc=False):
    """The engine itself sent the caller to an operator. `reason`: see ivr_engine.dialogue.runner."""

    step: str
    reason: str


class FoundClosed(Fact, frozen=True, gc=False):
    """The caller asked for an operator outside the line's hours."""

    line: str


class QueueAnnounced(Fact, frozen=True, gc=False):
    """What the caller was told before a queue: `position` there (0 when not said), the wait as a range (both 0 when not said)."""

    queue: str
    position: int
    low_s: int
    high_s: int


class QueueOverflowed(Fact, frozen=True, gc=False):
    """The caller was led elsewhere before the queue. `reason`: size (too many wait) or wait (it would take too long)."""

    queue: str
    reason: str


class QueueEntered(Fact, frozen=True, gc=False):
    """The caller was handed to a queue."""

    queue: str
    priority: int
    timeout_s: int


class OperatorRang(Fact, frozen=True, gc=False):
    """An operator's phone began to ring for this contact."""

    queue: str
    operator: str


class OperatorMissed(Fact, frozen=True, gc=False):
    """The operator did not pick up."""

    queue: str
    operator: str


class OperatorAnswered(Fact, frozen=True, gc=False):
    """Caller and operator are connected; the store opens or continues the citizen's case."""

    queue: str
    operator: str


class QueueLeft(Fact, frozen=True, gc=False):
    """The stay in the queue, talk included, is over. Whole seconds, as queue_log has them.

    `source`: session or queue_log; `operator`: who answered, where the source says so.
    """

    queue: str
    status: QueueStatus
    wait_s: int
    talk_s: int
    source: str = "session"
    operator: str = ""


class ScreenPopShown(Fact, frozen=True, gc=False):
    """The rung operator's browser had the card painted, `ms` after the telephone began to ring."""

    operator: str
    ms: int


class OperatorTransferred(Fact, frozen=True, gc=False):
    """An operator sent the caller on, to the operators of `line` or to the body `to` of the settings ("" for a line)."""

    operator: str
    line: str
    to: str = ""


class CallbackWished(Fact, frozen=True, gc=False):
    """The caller wants to be called back. `best_time`: morning, afternoon or any; the number is PrivateNoted."""

    line: str
    topic: str
    best_time: str


class TransferEntered(Fact, frozen=True, gc=False):
    """The exchange dials another body for the caller; `to` is its name in the settings."""

    to: str


class TransferLeft(Fact, frozen=True, gc=False):
    """That call is over. `talk_s`: whole seconds the caller talked there."""

    to: str
    status: TransferStatus
    talk_s: int


class ContactEnded(Fact, frozen=True, gc=False):
    """The contact is over; nothing follows."""

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
