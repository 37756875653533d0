"""How far a caller has come: what the operator's screen-pop shows, kept up to date as the call goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr_engine.hookspecs import Mask

_HIDDEN = "•"
_LAST = 4


@dataclass(slots=True)
class Progress:
    """`path`: (line, step, key) as walked, key "" where none was chosen; `inputs` are validated; `shown` are the inputs
    as those may see them who need not know them whole; `topic`: of the last answer."""

    line: str
    step: str = ""
    path: list[tuple[str, str, str]] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    topic: str = ""
    said: list[str] = field(default_factory=list)
    """What the caller has said, in order, as it was heard."""

    def go_on_from(self, before: Progress) -> None:
        """The same caller, after an operator sent them on."""
        self.path[:0] = before.path
        self.inputs.update(before.inputs)
        self.shown.update(before.shown)
        self.facts.update(before.facts)
        self.topic = before.topic
        self.said[:0] = before.said

    def enter(self, line: str, step: str) -> None:
        """The caller came to a step."""
        self.line, self.step = line, step
        self.path.append((line, step, ""))

    def choose(self, key: str) -> None:
        """The caller chose by that key at the step they are in."""
        self.path[-1] = (self.line, self.step, key)

    def keep(self, name: str, value: str, mask: Mask) -> None:
        """A validated input, and how much of it is shown."""
        self.inputs[name] = value
        self.shown[name] = masked(value, mask)


def masked(value: str, mask: Mask) -> str:
    """The value as it may be shown: whole, its last four characters, or none of it."""
    if mask == "none":
        return value
    seen = value[-_LAST:] if mask == "last4" and len(value) > _LAST else ""
    return _HIDDEN * (len(value) - len(seen)) + seen
