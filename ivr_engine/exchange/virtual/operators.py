"""An operator of the built-in exchange: rung, talking, writing up; by themselves or by a person's hand."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.exchange.virtual.clock import ExchangeClock, Timer
    from ivr_engine.exchange.virtual.queue import Stay
    from ivr_engine.exchange.virtual.settings import OperatorSettings


class Doing(Enum):
    """What an operator does now."""

    FREE = "free"
    RINGING = "ringing"
    TALKING = "talking"
    WRITING_UP = "writing up"


class Operator:
    """One telephone with one person. `freed` is called whenever they may be rung (again)."""

    def __init__(self, settings: OperatorSettings, clock: ExchangeClock, freed: Callable[[Operator], None]) -> None:
        self.name = settings.name
        self.queues = settings.queues
        self.available = settings.available
        self.by_hand = False
        """Set while somebody sits at their desk: they answer and hang up themselves."""
        self.held = False
        """Not to be rung for the moment, though they are there: they write up a case."""
        self.doing = Doing.FREE
        self._settings = settings
        self._clock = clock
        self._freed = freed
        self._stay: Stay | None = None
        self._timer: Timer | None = None

    @property
    def free(self) -> bool:
        """May they be rung?"""
        return self.available and not self.held and self.doing is Doing.FREE

    def ring(self, stay: Stay) -> None:
        """Their telephone rings for this caller."""
        self._become(Doing.RINGING, stay, self._unless_by_hand(self._settings.answers_after_s), self.answer)

    def answer(self) -> bool:
        """Pick up. False: nothing rings."""
        if self.doing is not Doing.RINGING or self._stay is None:
            return False
        stay = self._stay
        self._become(Doing.TALKING, stay, self._unless_by_hand(self._settings.talks_s), self.hang_up)
        stay.connect()
        return True

    def hang_up(self) -> bool:
        """End the talk, or turn the ringing call away. False: there is neither."""
        if self._stay is None:
            return False
        if self.doing is Doing.TALKING:
            self._stay.end_talk("agent")
        else:
            self._stay.ring_out()
        return True

    def set_available(self, available: bool) -> None:
        """Come back to work, or take a break (a talk under way goes on)."""
        self.available = available
        self._freed(self)

    def sit_down(self, *, available: bool, held: bool) -> None:
        """Somebody works at their desk: from now on by hand. What rings already comes again: their desk was told of no call."""
        rings = self._stay if self.doing is Doing.RINGING and not self.by_hand else None
        self.by_hand, self.held = True, held
        self.set_available(available)
        if rings is not None:
            rings.ring_out()

    def get_up(self) -> None:
        """Nobody does any more: from now on by themselves, as the settings say."""
        self.by_hand = self.held = False
        self.set_available(self._settings.available)

    def let_go(self, write_up_s: float = 0) -> None:
        """The call is no longer theirs; after a talk they write up the case first."""
        if write_up_s and not self.by_hand:
            self._become(Doing.WRITING_UP, None, write_up_s, self.let_go)
        else:
            self._become(Doing.FREE, None, None, self.let_go)
            self._freed(self)

    def _unless_by_hand(self, seconds: float | None) -> float | None:
        return None if self.by_hand else seconds

    def _become(self, doing: Doing, stay: Stay | None, after_s: float | None, then: Callable[[], object]) -> None:
        if self._timer and self._timer.active():
            self._timer.cancel()
        self.doing, self._stay = doing, stay
        self._timer = None if after_s is None else self._clock.callLater(after_s, then)
