"""One turn of a call: prompts are spoken, keys and speech are listened for at once. Time is counted in ticks of the pacer.

Knows neither Twisted nor the exchange: it is told what comes in, and sends through a Wire.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from ivr_engine.audiosocket.wire import GOODBYE, SILENCE
from ivr_engine.calls import Heard, Reply
from ivr_engine.hearing import FRAME_BYTES, FRAME_MS, EarFailed, Final, Partial, SpeechStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ivr_engine.calls import Listening, Why
    from ivr_engine.hearing import Ear, EarEvent

ALL_KEYS = "0123456789*#"
GRACE_S = 4.0
"""What a recogniser may take beyond the longest speech before it counts as late, whatever it says of itself."""
_GAP_MS, _MOST_GAP = 60, 25
_MOST_FRAMES_KEPT = 1500  # the last 30 s
_MOST_KEYS = 32


class Recording(Protocol):
    """A sound that is ready to be sent."""

    @property
    def packets(self) -> Sequence[bytes]:
        """Packets of 20 ms."""

    @property
    def ms(self) -> int:
        """Its true length; the last packet may be filled up."""


class Wire(Protocol):
    """The connection to the exchange."""

    def send(self, data: bytes) -> None:
        """Send at once."""

    def end(self) -> None:
        """Nothing more will be sent."""


class Conversation:
    """`recordings`: one for each sound, None where there is no such file. `keys` cut into the prompts; after them every key
    counts. `ended` is called once, when `reply` is there."""

    def __init__(self, recordings: Sequence[Recording | None], keys: str, listening: Listening, grace_s: float = GRACE_S) -> None:
        self._recordings, self._keys, self._listening = recordings, keys, listening
        self._longest_ms = (listening.longest_s + grace_s) * 1000
        self._ear: Ear | None = None
        self._wire: Wire | None = None
        self._heard: list[int] = []  # frames sent, of each sound begun
        self._place = self._frame = 0
        self._speaking_ms: int | None = None  # since the caller began
        self._silent_ms = 0  # since the prompts were over
        self._ear_failed: Why = ""
        self._audio: deque[bytes] = deque(maxlen=_MOST_FRAMES_KEPT)
        self._unheard_ms = 0  # since the caller's side sent anything
        self.reply: Reply | None = None
        """What came of it, once it is over."""
        self.files: tuple[str, ...] = ()
        """The sounds by name, for those who show what is said."""
        self.keys = ""
        """Keys that were pressed after the reply was clear: they are the next step's."""
        self.ended: Callable[[], None] = lambda: None
        self._skip_missing()

    def listen_with(self, ear: Ear) -> None:
        """The recogniser of this turn."""
        self._ear = ear

    # The exchange's side

    @property
    def connected(self) -> bool:
        """Whether the exchange has ever come."""
        return self._wire is not None

    def connect(self, wire: Wire) -> None:
        """The exchange is there. It must hear something at once, or it waits for ever to speak itself."""
        self._wire = wire
        wire.send(SILENCE)

    def audio(self, samples: bytes) -> None:
        """What the caller's side sends, in pieces of any length."""
        self._unheard_ms = 0
        if self._ear is None or self.reply is not None or (self._prompting and not self._listening.bargein):
            return
        if self._listening.keep and len(samples) <= FRAME_BYTES:
            self._audio.append(samples)
        self._ear.feed(samples)

    def press(self, key: str) -> None:
        """A key."""
        if self.reply is not None:
            self.keys = (self.keys + key)[:_MOST_KEYS]
        elif key in (self._keys if self._prompting else ALL_KEYS):
            self._end(Reply("key", key=key))

    def fail(self, why: Why) -> None:
        """It cannot go on."""
        if self.reply is None:
            self._end(Reply("failed", why=why))

    # The clock's side

    def tick(self, frames: int, periods: int) -> None:
        """See pacing.Paced: send what is due, and see whether anybody has waited for too long."""
        if self._wire is None:
            return
        prompting = self._prompting
        for _ in range(frames):
            self._wire.send(self._next_packet())
        if self.reply is not None:
            return
        passed = periods * FRAME_MS
        self._fill_gap(periods)
        if self.reply is not None:
            return
        if self._speaking_ms is not None:
            self._speaking_ms += passed
            if self._speaking_ms > self._longest_ms:
                self._end(Reply("failed", why="late"))
        elif not prompting:
            self._silent_ms += passed
            if self._silent_ms >= self._listening.timeout_s * 1000:
                self._end(Reply("failed", why=self._ear_failed) if self._ear_failed else Reply("silence"))

    def _fill_gap(self, periods: int) -> None:
        """A caller's side that sends nothing is silent: the recogniser must hear that, or it never knows the end of speech."""
        self._unheard_ms += periods * FRAME_MS
        if self._unheard_ms > _GAP_MS and self._ear is not None and self._speaking_ms is not None:
            self._ear.feed(bytes(FRAME_BYTES * min(periods, _MOST_GAP)))

    def lost(self) -> None:
        """See pacing.Paced."""
        self.fail("broken")

    # The ear's side

    def told(self, event: EarEvent) -> None:
        """What the recogniser says."""
        if self.reply is not None:
            return
        match event:
            case SpeechStarted():
                self._begin_speech()
            case Partial():
                self._begin_speech()
            case Final(guesses, took_ms):
                self._end(Reply("speech", guesses=guesses, took_ms=took_ms, audio=b"".join(self._audio)))
            case EarFailed(reason):
                self._ear, self._ear_failed = None, reason
                if self._speaking_ms is not None:  # what was said is lost; else keys may still come
                    self._end(Reply("failed", why=reason))

    def _begin_speech(self) -> None:
        if self._speaking_ms is None:
            self._speaking_ms = 0
            self._stop_prompts()

    # Within

    @property
    def _prompting(self) -> bool:
        return self._place < len(self._recordings)

    def _next_packet(self) -> bytes:
        if not self._prompting:
            return SILENCE
        recording = self._recordings[self._place]
        assert recording is not None
        packet = recording.packets[self._frame]
        self._frame += 1
        self._heard[self._place] = self._frame
        if self._frame == len(recording.packets):
            self._place, self._frame = self._place + 1, 0
            self._skip_missing()
        return packet

    def _skip_missing(self) -> None:
        """On to the next sound that there is, which begins."""
        while self._prompting:
            recording = self._recordings[self._place]
            self._heard.append(0)
            if recording is not None and recording.packets:
                return
            self._place += 1

    def _stop_prompts(self) -> None:
        if self._prompting:
            self._recordings = self._recordings[: self._place + 1]
            self._place = len(self._recordings)

    def _end(self, reply: Reply) -> None:
        heard = tuple(
            Heard("", min(frames * FRAME_MS, recording.ms)) if recording is not None else Heard("", 0, found=False)
            for frames, recording in zip(self._heard, self._recordings, strict=False)
        )
        never_came = reply.how == "failed" and self._wire is None
        self.reply = reply._replace(heard=() if never_came else heard)
        self._place = len(self._recordings)
        if self._ear is not None:
            self._ear.close()
            self._ear = None
        if self._wire is not None:
            self._wire.send(GOODBYE)
            self._wire.end()
        self.ended()

    @property
    def longest_s(self) -> float:
        """Seconds after which it is over, whatever happens."""
        prompts = sum(recording.ms for recording in self._recordings if recording is not None) / 1000
        return prompts + self._listening.timeout_s + self._longest_ms / 1000 + GRACE_S

    @property
    def heard_ms(self) -> int:
        """How much of the prompts was heard."""
        return sum(heard.ms for heard in self.reply.heard) if self.reply else 0
