"""What administrators have switched by hand, as the engine last read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.clock import rome
from ivr_engine.records.notices import EVERY_FUNCTION, Notices
from ivr_engine.sounds import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.records.notices import Closure


class Board:
    """Satisfies dialogue.services.Notices. `put` replaces all of it at once."""

    def __init__(self, notices: Notices) -> None:
        self.notices = notices

    def put(self, notices: Notices) -> None:
        """What holds from now on."""
        self.notices = notices

    def messages(self, line: str, at: float) -> Sequence[str]:
        """Keys of the prompts to be said when a caller comes to the line."""
        local = rome(at).replace(tzinfo=None)
        return [f"{MESSAGE}{message.id}" for message in self.notices.messages if message.holds(line, local)]

    def is_off(self, line: str) -> bool:
        """Whether its self-service is switched off."""
        return (line, EVERY_FUNCTION) in self.notices.off

    def closures(self, line: str) -> Sequence[Closure]:
        """Other hours for that line."""
        return [closure for closure in self.notices.closures if closure.line in {"", line}]
