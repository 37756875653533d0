"""What commands answer, as values with names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.errors import IvrError

if TYPE_CHECKING:
    from ivr_engine.agi.wire import Reply

SAMPLES_PER_MS = 8  # sounds are 8 kHz


class InvalidCommand(IvrError):
    """Asterisk does not know the command (`code` 510) or its arguments (520; `usage` is what it said)."""

    def __init__(self, command: str, code: int, usage: str) -> None:
        self.command, self.code, self.usage = command, code, usage
        hint = "is res_agi complete there? `agi show commands` lists what it knows" if code == 510 else "see `usage` in the log"
        super().__init__(f"Asterisk refused the command {command} with {code}", hint)


class Played(NamedTuple):
    """A sound's way: the key that stopped it ("" = none), samples played, and whether the file was there."""

    digit: str
    endpos: int
    ok: bool

    @property
    def ms(self) -> int:
        """Milliseconds heard."""
        return self.endpos // SAMPLES_PER_MS


class Controlled(NamedTuple):
    """A steered sound's way: the key that stopped it ("" = none), milliseconds reached, and whether the file was there."""

    digit: str
    ms: int
    ok: bool


class Digits(NamedTuple):
    """Keys collected. `timed_out`: the caller stopped keying before the end; `ok` is False when the prompt was not there."""

    text: str
    timed_out: bool
    ok: bool


class Pressed(NamedTuple):
    """A key ("" = none came), and whether the command worked."""

    digit: str
    ok: bool


class Recorded(NamedTuple):
    """A recording's end. `how`: dtmf, timeout (also after silence), waitfor, writefile, randomerror; `endpos` in samples."""

    digit: str
    how: str
    endpos: int
    ok: bool


class SubroutineEnd(NamedTuple):
    """How a dialplan subroutine went; `text` is Asterisk's own word on it."""

    ok: bool
    text: str


class Guess(NamedTuple):
    """One guess of the recogniser: score 0-1000, the words, the grammar they matched."""

    score: int
    text: str
    grammar: str


class Recognised(NamedTuple):
    """What a recogniser gave. `how`: speech, digit, timeout, or failed."""

    how: str
    digit: str
    endpos: int
    guesses: tuple[Guess, ...]


def key_of(reply: Reply) -> str:
    """The key whose ASCII code is the result; "" for 0 (none), -1 (failure) and 1 (another command arrived)."""
    if reply.result == "0":
        return ""
    code = reply.number
    return chr(code) if 1 < code < 128 else ""


def recorded(reply: Reply) -> Recorded:
    """The result of RECORD FILE."""
    how = reply.note
    return Recorded(key_of(reply) if how in {"dtmf", "randomerror"} else "", how, reply.endpos, how in {"dtmf", "timeout"})


def recognised(reply: Reply) -> Recognised:
    """The result of SPEECH RECOGNIZE: its `1` is no success, the word in parentheses says what happened."""
    how = reply.note if reply.result == "1" else "failed"
    digit = re.search(r" digit=(\S)", reply.rest) if how == "digit" else None
    guesses = tuple(_guesses(reply.rest)) if how == "speech" else ()
    return Recognised(how, digit[1] if digit else "", reply.endpos, guesses)


def _guesses(rest: str) -> list[Guess]:
    count = re.search(r" results=(\d+)", rest)
    found: list[Guess] = []
    for index in range(int(count[1]) if count else 0):
        # The text is not escaped: it ends where its grammar begins, not at the next quote.
        pattern = rf' score{index}=(-?\d+) text{index}="(.*?)" grammar{index}=(.*?)(?= score{index + 1}=|$)'
        guess = re.search(pattern, rest)
        if guess is None:  # cut off at Asterisk's 4096 bytes
            break
        found.append(Guess(int(guess[1]), guess[2], guess[3]))
    return found
