"""How far a caller has come: what the operator's screen-pop shows, kept up to date as the call goes on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """`path`: (line, step, key) as walked, key "" where none was chosen; `inputs` are validated; `topic`: of the last answer."""

    line: str
    step: str = ""
    path: list[tuple[str, str, str]] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    topic: str = ""

    def enter(self, line: str, step: str) -> None:
        """The caller came to a step."""
        self.line, self.step = line, step
        self.path.append((line, step, ""))

    def choose(self, key: str) -> None:
        """The caller chose by that key at the step they are in."""
        self.path[-1] = (self.line, self.step, key)
