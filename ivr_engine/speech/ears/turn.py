"""One caller's turn of listening, in the engine's process: where speech begins and ends, and what is told of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ivr_engine.hearing import FRAME_BYTES, FRAME_MS, EarFailed, Final, Guess, Partial, SpeechStarted
from ivr_engine.speech.ears.activity import Activity
from ivr_engine.speech.ears.wire import Audio, Close, Done, Finish, Heard, Open, Pause, Raised, Resume

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from ivr_engine.hearing import EarEvent, Expectation
    from ivr_engine.speech.ears.wire import Message

_ONSET, _WITHIN = 3, 4
"""Speech begins when so many of the last so many frames are speech: 60 to 80 ms after the first sound."""
_BEFORE_MS = 300
"""What is heard before speech begins belongs to it: soft consonants."""
_CHUNK_MS = 100
"""Audio goes to the worker in pieces of this length."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Milliseconds. `silence` after a choice ends the utterance, `long_silence` after digits, dates, letters and open speech;
    `settled` does when what was heard so far is one whole phrase; `longest` ends it in any case."""

    silence: int = 500
    long_silence: int = 900
    settled: int = 200
    longest: int = 15_000


_PAUSE_MS = 200
"""After so much silence the recogniser may begin to work, as if the caller had spoken; most have."""
_SHORT = frozenset({"phrases", "yes_no", "place"})
_UNCHANGED_MS = 1000
"""In a noise without end, a whole phrase heard unchanged for so long is all there is; in less, another may still come of it."""


class Sink(Protocol):
    """The worker that serves a turn."""

    def send(self, message: Message) -> None:
        """To its process."""

    def left(self, turn: Turn) -> None:
        """The turn is over."""

    def stuck(self, turn: Turn) -> None:
        """The turn has waited for its result until its deadline."""


class Turn:
    """See hearing.Ear. `keep` is given the utterance's samples once it is over, for lines whose callers agreed; nobody else
    ever sees them."""

    def __init__(
        self,
        number: int,
        expectation: Expectation,
        tell: Callable[[EarEvent], None],
        sink: Sink,
        reactor: Any,
        *,
        pauses: Pauses,
        deadline: float,
        keep: Callable[[bytes], None] | None = None,
    ) -> None:
        self.number, self._expectation, self._tell = number, expectation, tell
        self._sink, self._reactor, self._deadline, self._keep = sink, reactor, deadline, keep
        self._pauses = pauses
        self._silence = (pauses.silence if expectation.kind in _SHORT else pauses.long_silence) // FRAME_MS
        self._whole = _whole(expectation.phrases) if expectation.kind == "phrases" else frozenset()
        self._activity = Activity()
        self._rest = b""
        self._recent: deque[bool] = deque(maxlen=_WITHIN)
        self._before: deque[bytes] = deque(maxlen=_BEFORE_MS // FRAME_MS)
        self._chunk = bytearray()
        self._kept = bytearray()
        self._frames = self._quiet = 0
        self._paused = False
        self._partial, self._since = "", 0
        self._finished_at = 0.0
        self._late: Any = None
        self._state: Literal["waiting", "speech", "finishing", "over"] = "waiting"
        sink.send(Open(number, expectation.language, expectation.kind, expectation.phrases))

    def feed(self, audio: bytes) -> None:
        """See hearing.Ear."""
        if not self._listens():
            return
        audio = self._rest + audio
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._rest = audio[whole:]
        for at in range(0, whole, FRAME_BYTES):
            if self._listens():  # one of these frames may have been the last
                self._frame(audio[at : at + FRAME_BYTES])

    def close(self) -> None:
        """See hearing.Ear."""
        if self._state != "over":
            self._end()
            self._sink.send(Close(self.number))

    def take(self, message: Message) -> None:
        """What the worker says of this turn."""
        if self._state == "over":
            return
        match message:
            case Heard(_, text) if self._state == "speech":
                self._partial, self._since = text, self._frames
                self._tell(Partial(text))
            case Done(_, guesses):
                took = self._quiet * FRAME_MS + round((self._reactor.seconds() - self._finished_at) * 1000)
                self._end()
                if self._keep is not None:
                    self._keep(bytes(self._kept))
                self._tell(Final(tuple(Guess(text, sure) for text, sure in guesses), took))
            case Raised():
                self.fail("failed")

    def fail(self, reason: Literal["late", "died", "failed"]) -> None:
        """The recogniser gives up."""
        if self._state != "over":
            self._end()
            self._tell(EarFailed(reason))

    def _listens(self) -> bool:
        return self._state in {"waiting", "speech"}

    def _frame(self, frame: bytes) -> None:
        speaks = self._activity.speaks(frame)
        if self._state == "waiting":
            self._before.append(frame)
            self._recent.append(speaks)
            if sum(self._recent) < _ONSET:
                return
            self._state = "speech"
            self._tell(SpeechStarted())
            if self._listens():  # whoever was told may have closed
                self._send(b"".join(self._before))
            return
        self._frames += 1
        self._quiet = 0 if speaks else self._quiet + 1
        self._send(frame)
        if self._quiet * FRAME_MS == _PAUSE_MS:
            self._flush()
            self._sink.send(Pause(self.number))
            self._paused = True
        elif speaks and self._paused:
            self._sink.send(Resume(self.number))
            self._paused = False
        if self._settled() or self._quiet >= self._silence or self._frames * FRAME_MS >= self._pauses.longest:
            self._finish()

    def _settled(self) -> bool:
        if self._partial not in self._whole:
            return False
        return self._quiet * FRAME_MS >= self._pauses.settled or (self._frames - self._since) * FRAME_MS >= _UNCHANGED_MS

    def _send(self, samples: bytes) -> None:
        self._chunk += samples
        if self._keep is not None:
            self._kept += samples
        if len(self._chunk) >= _CHUNK_MS // FRAME_MS * FRAME_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._chunk:
            self._sink.send(Audio(self.number, bytes(self._chunk)))
            self._chunk.clear()

    def _finish(self) -> None:
        self._state, self._finished_at = "finishing", self._reactor.seconds()
        self._flush()
        self._sink.send(Finish(self.number))
        self._late = self._reactor.callLater(self._deadline, self._sink.stuck, self)

    def _end(self) -> None:
        self._state = "over"
        if self._late is not None and self._late.active():
            self._late.cancel()
        self._sink.left(self)


def _whole(phrases: tuple[str, ...]) -> frozenset[str]:
    """The phrases that no other begins with: once one of them is heard, nothing that matters can follow."""
    said = {" ".join(phrase.casefold().split()) for phrase in phrases}
    return frozenset(one for one in said if not any(other != one and other.startswith(f"{one} ") for other in said))
