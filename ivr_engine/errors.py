"""Exceptions a person reads: each says what is wrong, where, and how to mend it.

IvrError
├── Invalid          a file or a setting is wrong (all its problems at once)
├── Unavailable      something outside does not answer (port taken, store unwritable, exchange away)
├── FunctionFailed   a line's function gave no result
└── CallerHungUp     the caller is gone; raised once, at the awaited verb
    └── CallLost     the line to the exchange is gone too: nothing more can be asked about this call
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in one place. `line` counts from 1; 0 means the whole file; `rule` is its stable name."""

    file: str
    line: int
    field: str
    message: str
    hint: str = ""
    rule: str = "invalid"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        field = f" {self.field}:" if self.field else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}:{field} {self.message}{hint}"


class IvrError(Exception):
    """Base of what the engine says to a person: `message` is one sentence, `hint` how to mend it."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Invalid(IvrError):
    """A file or setting is wrong; `problems` lists every mistake found, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Unavailable(IvrError):
    """Something outside the engine is not there: a port, a store, an exchange, a running engine."""


class FunctionFailed(IvrError):
    """A line's function gave no result. `how`: late, failed, unavailable, off; `error` the exception's class name."""

    def __init__(self, how: str, error: str = "") -> None:
        self.how = how
        self.error = error
        super().__init__(f"the function was {how}" + (f" with {error}" if error else ""))


class CallerHungUp(IvrError):
    """The caller hung up. Clean-up verbs still work. `heard_ms` is how much of the prompt in play was heard."""

    def __init__(self, heard_ms: int = 0) -> None:
        self.heard_ms = heard_ms
        super().__init__("the caller hung up")


class CallLost(CallerHungUp):
    """The connection to the exchange is gone; the caller may live on there, out of this session's reach."""
