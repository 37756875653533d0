"""One caller's channel: what is played to them, the keys they press, their hang-up."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.exchange.virtual.caller import Caller
    from ivr_engine.exchange.virtual.clock import Timer
    from ivr_engine.exchange.virtual.switch import Switch
    from ivr_engine.exchange.virtual.voice import MediaClient

ALL_KEYS = "0123456789*#"
RINGING, UP = 4, 6


class How(Enum):
    """What ended a wait."""

    TIME = "time"
    KEY = "key"
    HANGUP = "hang-up"
    INTERRUPTED = "interrupted"


class Ended(NamedTuple):
    """How a wait ended, by which key ("" if none), after how many seconds."""

    how: How
    key: str
    seconds: float


class Moment(NamedTuple):
    """A line of the transcript: seconds since the call began, what happened, with what."""

    seconds: float
    what: str
    detail: str = ""


class _Wait(NamedTuple):
    over: Deferred[Ended]
    keys: str
    began: float
    timer: Timer | None


class Channel:
    """The caller's leg. One wait at a time: a prompt, a pause, a wait for keys."""

    def __init__(self, switch: Switch, dialled: str, line: str, caller: Caller) -> None:
        number = switch.next_number()
        self.uniqueid = f"{int(switch.clock.now())}.{number}"
        self.name = f"Virtual/{caller.number or 'unknown'}-{number:08x}"
        self.dialled = dialled
        self.line = line
        self.language = switch.settings.language
        self.number = caller.number if not caller.number.strip("+0123456789") else ""
        self.caller_name = caller.name
        self.variables = dict(switch.settings.variables)
        self.state = RINGING
        self.gone = False
        self.ended_by = ""
        self.going_to = ""
        """The line an operator sends the caller to, until they are there."""
        self.moments: list[Moment] = []
        self.at_hangup: list[Callable[[], None]] = []
        self.media: MediaClient | None = None
        """The caller's end of the media wire, while they speak with the engine."""
        self.caller = caller
        self.switch = switch
        self.began = switch.clock.now()
        self._wait: _Wait | None = None
        self._auto_hangup: Timer | None = None

    def note(self, what: str, detail: str = "") -> None:
        """Add a line to the transcript."""
        self.moments.append(Moment(round(self.switch.clock.now() - self.began, 3), what, detail))

    def answer(self) -> None:
        """Pick up; nothing when it is up already."""
        if self.state != UP and not self.gone:
            self.state = UP
            self.note("answered")

    def press(self, key: str) -> bool:
        """The caller presses a key. False: nobody listened for it, it is lost as on a telephone line."""
        if self.media is not None:
            self.note("pressed", key)
            self.media.press(key)
            return True
        wait = self._wait
        taken = wait is not None and key in wait.keys
        self.note("pressed" if taken else "pressed in vain", key)
        if taken:
            self._end_wait(How.KEY, key)
        return taken

    def hang_up(self, by: str = "caller") -> None:
        """The call is over for the caller; `by` is caller, operator, engine or exchange."""
        if self.gone:
            return
        self.gone = True
        self.ended_by = by
        self.note("hung up", by)
        self.hang_up_in(0)
        self._end_wait(How.HANGUP)
        for tell in tuple(self.at_hangup):
            tell()
        self.caller.hung_up(by)

    def redirect(self, line: str) -> None:
        """Take the caller elsewhere: for whatever goes on now it is as if they had hung up."""
        if self.gone:
            return
        self.going_to = line
        self.note("transferred", line)
        self._end_wait(How.HANGUP)
        for tell in tuple(self.at_hangup):
            tell()

    def hang_up_in(self, seconds: float) -> None:
        """Hang up by itself after that time; 0 takes it back."""
        if self._auto_hangup and self._auto_hangup.active():
            self._auto_hangup.cancel()
        if seconds > 0:
            self._auto_hangup = self.switch.clock.callLater(seconds, self.hang_up, "exchange")

    def interrupt(self) -> None:
        """Whatever is waited for stops now, for the engine has spoken."""
        self._end_wait(How.INTERRUPTED)

    async def play(self, file: str, seconds: float, keys: str) -> Ended:
        """Play a sound of that length, until one of `keys` is pressed; a hang-up or an interruption ends it too."""
        over = self._begin(seconds, keys)
        self.note("heard", file)
        self.caller.sound(file, seconds)
        if keys and not over.called:
            self.caller.listening(keys, prompt=True)
        ended = await over
        self.caller.heard(file, ended)
        return ended

    async def listen(self, seconds: float | None, keys: str = ALL_KEYS) -> Ended:
        """Wait for one of `keys`, for ever when `seconds` is None."""
        over = self._begin(seconds, keys)
        self.caller.listening(keys, prompt=False)
        ended = await over
        if ended.how is How.TIME:
            self.note("silent")
            self.caller.stayed_silent()
        return ended

    async def pause(self, seconds: float | None) -> Ended:
        """Wait for the time to pass, deaf to keys."""
        return await self._begin(seconds, "")

    def _begin(self, seconds: float | None, keys: str) -> Deferred[Ended]:
        assert self._wait is None, "one command at a time"
        over: Deferred[Ended] = Deferred()
        clock = self.switch.clock
        timer = None if seconds is None else clock.callLater(seconds, self._end_wait, How.TIME)
        self._wait = _Wait(over, keys, clock.now(), timer)
        if self.gone:
            self._end_wait(How.HANGUP)
        return over

    def _end_wait(self, how: How, key: str = "") -> None:
        if (wait := self._wait) is None:
            return
        self._wait = None
        if wait.timer and wait.timer.active():
            wait.timer.cancel()
        wait.over.callback(Ended(how, key, self.switch.clock.now() - wait.began))
