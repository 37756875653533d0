"""The exchange's time, which is the engine's call time too: real, or jumping from one due event to the next."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Protocol

from ivr_engine.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_JUMPS = 50  # in one turn of the reactor, which has other things to do


class Timer(Protocol):
    """A call that will come; Twisted's DelayedCall is one."""

    def active(self) -> bool:
        """Is it still to come?"""

    def cancel(self) -> None:
        """It shall not come. Raises when it has come already."""


class Hold(Protocol):
    """While held, fast time stands still."""

    def release(self) -> None:
        """Let time go on; releasing again does nothing."""


class ExchangeClock(Protocol):
    """One clock for the exchange's timers and for the engine's call times (it satisfies ivr_engine.clock.Clock)."""

    def now(self) -> float:
        """Seconds since 1970 UTC."""

    def callLater(self, delay: float, function: Callable[..., object], *arguments: object) -> Timer:  # noqa: N802 - Twisted's name
        """Call `function` in `delay` seconds of this clock."""

    def hold(self) -> Hold:
        """Somebody owes an act that takes no call time: fast time waits until it is released."""


class Carrier(Protocol):
    """Carries what the two ends of a call say to each other within the process."""

    def carried(self) -> AbstractContextManager[Callable[[], None]]:
        """For the length of the block it is carried by calling what this gives, instead of by the reactor."""


class RealClock:
    """The reactor's own time. `start` makes it begin at that instant (seconds since 1970) instead of now."""

    def __init__(self, reactor: Any, start: float | None = None) -> None:
        self._reactor = reactor
        self._system = SystemClock()
        self._offset = None if start is None else start - reactor.seconds()

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self._system.now() if self._offset is None else float(self._reactor.seconds() + self._offset)

    def callLater(self, delay: float, function: Callable[..., object], *arguments: object) -> Timer:  # noqa: N802
        """Call `function` in `delay` real seconds."""
        timer: Timer = self._reactor.callLater(delay, function, *arguments)
        return timer

    def hold(self) -> Hold:
        """Real time waits for nobody."""
        return _NoHold()


class _NoHold:
    def release(self) -> None:
        """Nothing was held."""


class FastClock:
    """Time that stands still while anybody holds it, and otherwise jumps to the next due call, never scaled.

    A jump is made between two turns of the reactor, so that what is in the sockets is read before time goes on; with a `carrier`,
    when all calls are within the process and it carries what they say, many fit in one turn. All calls due at the same instant
    are made together, in the order they were asked for. Time counts in whole microseconds.
    """

    carrier: Carrier | None = None

    def __init__(self, reactor: Any, start: float) -> None:
        self._reactor = reactor
        self._micros = round(start * 1_000_000)
        self._due: list[tuple[int, int, _Due]] = []  # when, the how-manieth, what: tuples compare fast
        self._count = 0
        self._holds = 0
        self._checking = False

    def now(self) -> float:
        """Seconds since 1970 UTC, of fast time."""
        return self._micros / 1_000_000

    def callLater(self, delay: float, function: Callable[..., object], *arguments: object) -> Timer:  # noqa: N802
        """Call `function` when `delay` seconds of fast time have passed (never at once, even for 0)."""
        self._count += 1
        due = _Due(function, arguments)
        heapq.heappush(self._due, (self._micros + max(0, round(delay * 1_000_000)), self._count, due))
        self._check_soon()
        return due

    def hold(self) -> Hold:
        """Time stands still until the hold is released."""
        self._holds += 1
        return _FastHold(self)

    def _release(self) -> None:
        self._holds -= 1
        self._check_soon()

    def _check_soon(self) -> None:
        if not self._holds and self._due and not self._checking:
            self._checking = True
            self._reactor.callLater(0, self._check)

    def _check(self) -> None:
        try:
            if self.carrier is None:
                self._jump()
                return
            with self.carrier.carried() as carry:
                for _ in range(_JUMPS):
                    if not self._jump():
                        break
                    carry()
        finally:
            self._checking = False
            self._check_soon()

    def _jump(self) -> bool:
        """Go to what is due next, and do it; False when somebody holds time, or nothing is due."""
        if self._holds:
            return False  # whoever releases the last hold asks again
        while self._due and not self._due[0][2].active():
            heapq.heappop(self._due)
        if not self._due:
            return False
        self._micros = max(self._micros, self._due[0][0])
        together = []
        while self._due and self._due[0][0] <= self._micros:
            together.append(heapq.heappop(self._due))
        try:
            while together:
                together.pop(0)[2].run()
        finally:  # a call that raises must not take the others with it
            for due in together:
                heapq.heappush(self._due, due)
        return True


class _Due:
    """A call in fast time."""

    __slots__ = ("_arguments", "_function")

    def __init__(self, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
        self._function: Callable[..., object] | None = function
        self._arguments = arguments

    def active(self) -> bool:
        """Is it still to come?"""
        return self._function is not None

    def cancel(self) -> None:
        """It shall not come."""
        self._function = None

    def run(self) -> None:
        """Make the call, unless it was cancelled meanwhile."""
        if function := self._function:
            self._function = None
            function(*self._arguments)


class _FastHold:
    __slots__ = ("_clock",)

    def __init__(self, clock: FastClock) -> None:
        self._clock: FastClock | None = clock

    def release(self) -> None:
        """Let time go on."""
        if clock := self._clock:
            self._clock = None
            clock._release()
