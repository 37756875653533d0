"""Who calls: a script, or a person behind callbacks. A key reaches the engine only while it listens, as on a telephone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.exchange.virtual.channel import How, Moment
from ivr_engine.exchange.virtual.voice import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.exchange.virtual.channel import Channel, Ended
    from ivr_engine.exchange.virtual.clock import Timer

SILENCE, HANG_UP, CUT_IN = "~", "!", "<"
_INPUT = re.compile(r'<?(?:[0-9*#~!]+|"[^"]*")')
_INPUTS = re.compile(r'<?"[^"]*"|\S+')
_PACE_S = 0.25  # between two keys
_CUT_IN_S = 0.5  # into the prompt


class CallRecord(NamedTuple):
    """A call as its caller and the exchange saw it."""

    channel: str
    line: str
    contact: str
    """The contact's id as the engine left it in IVR_DONE; "" when the engine did not finish the call."""
    way: str
    """What the dialplan did: done, talked, waited or alone (see exchange.py), or gone: the caller left before it could act."""
    ended_by: str
    """caller, operator, engine or exchange."""
    transcript: tuple[Moment, ...]


class Caller:
    """Somebody on the telephone. The exchange tells what happens; `press`, `say` and `hang_up` are theirs to use."""

    speaks = False
    """Whether they can be listened to; else the exchange has no application AudioSocket for them."""

    def __init__(self, number: str = "", name: str = "") -> None:
        self.number = number
        self.name = name
        self.channel: Channel | None = None

    def press(self, key: str) -> bool:
        """Press one key (0-9, *, #); False when nobody listened and it is lost."""
        return self.channel is not None and self.channel.press(key)

    def say(self, text: str) -> None:
        """Say words, in a way that voice.TextEars understand; nobody hears them outside a conversation."""
        if self.channel is not None:
            media = self.channel.media
            self.channel.note("says" if media else "says to nobody", text)
            if media is not None:
                media.say(spoken(text))

    def speak(self, samples: bytes) -> None:
        """Speak with a voice: samples as in hearing.py; nobody hears them outside a conversation."""
        if self.channel is not None and self.channel.media is not None:
            self.channel.media.say(samples)

    def lose_voice(self) -> None:
        """Speak no more in this call: a conversation breaks off, and the exchange has no AudioSocket for them from now on."""
        self.speaks = False
        if self.channel is not None and self.channel.media is not None:
            self.channel.media.close()

    def conversing(self, name: str) -> None:
        """The engine speaks and listens at once now, for one question; `name` is the UUID it gave the conversation."""

    def hears(self, samples: bytes) -> None:
        """What the engine says in a conversation, 20 ms after 20 ms: samples as in hearing.py."""

    def conversed(self) -> None:
        """The conversation is over."""

    def hang_up(self) -> None:
        """Put the receiver down."""
        if self.channel:
            self.channel.hang_up("caller")

    def connected(self, channel: Channel) -> None:
        """The call begins."""
        self.channel = channel

    def sound(self, file: str, seconds: float) -> None:
        """A sound begins to play."""

    def heard(self, file: str, ended: Ended) -> None:
        """The sound is over: heard to its end, stopped by a key, or by a hang-up."""

    def listening(self, keys: str, *, prompt: bool) -> None:
        """The engine takes these keys now, during a prompt or in a wait."""

    def stayed_silent(self) -> None:
        """A wait for keys ended without one."""

    def queued(self, queue: str) -> None:
        """The caller waits in a queue now."""

    def talking(self, operator: str) -> None:
        """An operator answered."""

    def hung_up(self, by: str) -> None:
        """The call is over; `by` is caller, operator, engine or exchange."""


class InteractiveCaller(Caller):
    """A person: callbacks tell what is heard, the owner presses keys, speaks and hangs up.

    `speaks`: they have a microphone. `on_conversation` is told the UUID of each conversation, and "" when it is over;
    `on_voice` what the engine says in it.
    """

    def __init__(
        self,
        number: str = "",
        name: str = "",
        *,
        on_sound: Callable[[str], object] | None = None,
        on_listening: Callable[[], object] | None = None,
        on_queue: Callable[[str], object] | None = None,
        on_talk: Callable[[str], object] | None = None,
        on_hangup: Callable[[str], object] | None = None,
        speaks: bool = False,
        on_conversation: Callable[[str], object] | None = None,
        on_voice: Callable[[bytes], object] | None = None,
    ) -> None:
        super().__init__(number, name)
        self._on_sound, self._on_listening, self._on_queue = on_sound, on_listening, on_queue
        self._on_talk, self._on_hangup = on_talk, on_hangup
        self.speaks = speaks
        self._on_conversation, self._on_voice = on_conversation, on_voice

    def sound(self, file: str, seconds: float) -> None:  # noqa: ARG002 - a person hears how long it is
        """Tell which file plays."""
        if self._on_sound:
            self._on_sound(file)

    def conversing(self, name: str) -> None:
        """Tell which conversation begins."""
        if self._on_conversation:
            self._on_conversation(name)

    def hears(self, samples: bytes) -> None:
        """Pass on what the engine says."""
        if self._on_voice:
            self._on_voice(samples)

    def conversed(self) -> None:
        """Tell that the conversation is over."""
        if self._on_conversation:
            self._on_conversation("")

    def listening(self, keys: str, *, prompt: bool) -> None:  # noqa: ARG002 - a person presses when they like
        """Tell that keys are taken."""
        if self._on_listening:
            self._on_listening()

    def queued(self, queue: str) -> None:
        """Tell that the caller waits."""
        if self._on_queue:
            self._on_queue(queue)

    def talking(self, operator: str) -> None:
        """Tell who answered."""
        if self._on_talk:
            self._on_talk(operator)

    def hung_up(self, by: str) -> None:
        """Tell who ended the call."""
        if self._on_hangup:
            self._on_hangup(by)


class ScriptedCaller(Caller):
    """Plays a script of inputs: "1 2 00187#" keys three of them, each once the prompts are over and the engine waits.

    `<1` cuts into the next prompt that takes the key; `~` is silence for one wait; `!` hangs up there, `<!` in the middle
    of the next prompt. Keys that are left of an input when a prompt begins (the `#` after the last digit it takes) cut into
    it, or are lost when it does not take them, as on any telephone. When the script is through, the caller listens on and
    waits until somebody hangs up. (testing.fake_call.FakeCall reads the same scripts.)

    `"vorrei un operatore"` is said once the prompts are over, `<"..."` into the next prompt, where the line listens.

    `hangup_after` is a sound file: they hang up when they heard it to its end, or `hangup_after_s` seconds into it.
    `patience_s` is how long they stay in a queue, `talk_s` in a talk. Raises ValueError for a script that is none.
    """

    def __init__(
        self,
        script: str = "",
        number: str = "",
        name: str = "",
        *,
        hangup_after: str = "",
        hangup_after_s: float | None = None,
        patience_s: float | None = None,
        talk_s: float | None = None,
    ) -> None:
        super().__init__(number, name)
        self._inputs: list[str] = _INPUTS.findall(script)
        self.speaks = '"' in script
        if wrong := [text for text in self._inputs if not _INPUT.fullmatch(text)]:
            raise ValueError(f"{wrong[0]!r} is not an input: keys 0-9 * # together, ~ for silence, ! to hang up, < to cut in")
        self._left = ""  # of the input that is being keyed
        self._prompted = True  # a prompt was heard since the last input began: the next one may
        self._hangup_after, self._hangup_after_s = hangup_after, hangup_after_s
        self._patience_s, self._talk_s = patience_s, talk_s
        self._playing = False
        self._next_act: Timer | None = None
        self._leaving: Timer | None = None

    def sound(self, file: str, seconds: float) -> None:
        """A sound begins: one to hang up at, to cut into, or to go on keying into."""
        self._playing = self._prompted = True
        if file == self._hangup_after and self._hangup_after_s is not None:
            self._leave_in(self._hangup_after_s)
        if self._left:
            self._act(_PACE_S, self._key)
        elif self._inputs and self._inputs[0].startswith(CUT_IN + HANG_UP):
            self._act(min(_CUT_IN_S, seconds / 2), self._cut_in)

    def conversing(self, name: str) -> None:  # noqa: ARG002 - any will do
        """The next input may begin."""
        self._prompted = True

    def heard(self, file: str, ended: Ended) -> None:
        """A sound is over; hang up after it if it is the one."""
        self._playing = False
        self._stop_acting()
        if file == self._hangup_after and self._hangup_after_s is None and ended.how is How.TIME:
            self._leave_in(0)

    def listening(self, keys: str, *, prompt: bool) -> None:
        """Begin or go on with an input, if this is the time for it."""
        if prompt:
            if self._inputs and self._inputs[0].startswith(f'{CUT_IN}"'):
                if self.channel is not None and self.channel.media is not None:
                    self._act(_CUT_IN_S, self._speak)
            elif not self._left and self._inputs and self._inputs[0].startswith(CUT_IN) and self._inputs[0][1] in keys:
                self._act(_CUT_IN_S, self._cut_in)
            return
        if not self._left and self._prompted and self._inputs:
            if '"' in self._inputs[0]:
                self._act(_PACE_S, self._speak)
                return
            self._begin_input()
        if self._left.startswith(SILENCE):
            self._left = self._left[1:]
        elif self._left:
            self._act(_PACE_S, self._key)

    def stayed_silent(self) -> None:
        """The wait was shorter than the next key took."""
        self._stop_acting()

    def queued(self, queue: str) -> None:  # noqa: ARG002 - any queue tries the patience
        """Begin to lose patience."""
        self._left, self._prompted = "", True
        if self._patience_s is not None:
            self._leave_in(self._patience_s)

    def talking(self, operator: str) -> None:  # noqa: ARG002 - any operator will do
        """Patience is rewarded; the talk has its own length."""
        self._stop_leaving()
        if self._talk_s is not None:
            self._leave_in(self._talk_s)

    def hung_up(self, by: str) -> None:  # noqa: ARG002 - the record has it
        """Nothing is left to do."""
        self._stop_acting()
        self._stop_leaving()

    def _begin_input(self) -> None:
        self._left = self._inputs.pop(0).removeprefix(CUT_IN)
        self._prompted = False

    def _speak(self) -> None:
        self._prompted = False
        self.say(self._inputs.pop(0).strip(f'{CUT_IN}"'))

    def _cut_in(self) -> None:
        self._begin_input()
        self._key()

    def _key(self) -> None:
        key, self._left = self._left[0], self._left[1:]
        if key == HANG_UP:
            self.hang_up()
        elif (key == SILENCE or not self.press(key)) and self._playing and self._left:
            self._act(_PACE_S, self._key)  # lost on this prompt; the next key perhaps not

    def _act(self, seconds: float, what: Callable[[], object]) -> None:
        assert self.channel is not None
        self._stop_acting()
        self._next_act = self.channel.switch.clock.callLater(seconds, what)

    def _leave_in(self, seconds: float) -> None:
        assert self.channel is not None
        self._stop_leaving()
        self._leaving = self.channel.switch.clock.callLater(seconds, self.hang_up)

    def _stop_acting(self) -> None:
        if self._next_act and self._next_act.active():
            self._next_act.cancel()

    def _stop_leaving(self) -> None:
        if self._leaving and self._leaving.active():
            self._leaving.cancel()
