"""A caller with a voice on the built-in exchange: EXEC AudioSocket as Asterisk does it, against the engine's own media server."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.audiosocket.media import Media
from ivr_engine.audiosocket.recordings import Recordings
from ivr_engine.audiosocket.server import MediaServer, MediaSettings
from ivr_engine.calls import Heard, Listening, Reply
from ivr_engine.errors import CallerHungUp
from ivr_engine.exchange.agi_call import AgiCall
from ivr_engine.exchange.virtual.caller import InteractiveCaller
from ivr_engine.exchange.virtual.clock import RealClock
from ivr_engine.hearing import FRAME_BYTES, Expectation, Final, Guess, SpeechStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from ivr_engine.hearing import EarEvent

    from .conftest import House

LOUD, SILENT = b"\x00\x40" * (FRAME_BYTES // 2), bytes(FRAME_BYTES)
LISTENING = Listening(Expectation("it", "open"), 5.0)
PROMPT_MS = 3000


class Ear:
    """Hears that somebody speaks, and that they have stopped: five loud frames, then three silent ones."""

    def __init__(self, tell: Callable[[EarEvent], None]) -> None:
        self._tell = tell
        self._loud = self._silent = 0

    def feed(self, audio: bytes) -> None:
        if audio.strip(b"\x00"):
            self._loud += 1
            if self._loud == 5:
                self._tell(SpeechStarted())
        elif self._loud >= 5:
            self._silent += 1
            if self._silent == 3:
                self._tell(Final((Guess(f"{self._loud} frames", 0.9),), 0))

    def close(self) -> None:
        """Nothing to end."""


class Ears:
    def open(self, expectation: Expectation, tell: Callable[[EarEvent], None]) -> Ear:
        return Ear(tell)


class Talk:
    """One call: `course` is the engine's side, a caller of the test's own the other."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        with wave.open(str(folder / "menu.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"\x01\x10" * (8 * PROMPT_MS))
        self.server = MediaServer(house.reactor, MediaSettings(port=0))
        self.server.listen()
        recordings = Recordings(house.reactor, lambda _language, file: folder / f"{file}.wav")
        self.media = Media(self.server, Ears(), recordings, house.reactor.seconds)
        self.replies: list[Reply] = []
        self.gone: list[CallerHungUp] = []
        self.heard: list[bytes] = []
        self.conversations: list[str] = []
        self.sounds: list[tuple[str, ...]] = []
        self.caller = InteractiveCaller(
            "333",
            speaks=True,
            on_conversation=self._conversation,
            on_voice=self._hear,
            on_listening=lambda: self.listening(),
        )
        self.listening: Callable[[], object] = lambda: None
        self.after: dict[int, Callable[[], object]] = {}

    def _conversation(self, name: str) -> None:
        self.conversations.append(name)
        if name:
            self.sounds.append(self.server.sounds_of(name))

    def _hear(self, samples: bytes) -> None:
        self.heard.append(samples)
        if act := self.after.pop(len(self.heard), None):
            act()

    def say(self, frames: int) -> None:
        for frame in [LOUD] * frames + [SILENT] * 3:
            self.caller.speak(frame)

    def make(self, course: Callable[[AgiCall], Coroutine[Any, Any, None]]) -> None:
        async def handle(agi: Any) -> None:
            call = AgiCall(agi, self.media)
            await agi.answer()
            try:
                await course(call)
                await agi.set_variable("IVR_DONE", "contact")
            except CallerHungUp as gone:
                self.gone.append(gone)

        async def run() -> None:
            await self.house.serve(handle, clock=RealClock(self.house.reactor)).dial("800196001", self.caller)
            self.left = len(self.server._connections), len(self.server._waiting)
            self.server.stop()
            await self.house.exchange.stop()
            self.house.server.stop()

        self.house.run(run(), 10)

    async def ask(self, call: AgiCall) -> Reply:
        reply = await call.converse(["menu"], "12", LISTENING)
        self.replies.append(reply)
        return reply


@pytest.fixture
def talk(house: House, tmp_path: Path) -> Talk:
    return Talk(house, tmp_path)


def test_a_voice_cuts_into_the_prompt_and_is_heard_whole(talk: Talk) -> None:
    talk.after[20] = lambda: talk.say(10)

    async def course(call: AgiCall) -> None:
        await talk.ask(call)

    talk.make(course)
    (reply,) = talk.replies
    assert (reply.how, [guess.text for guess in reply.guesses]) == ("speech", ["10 frames"])
    assert 300 <= reply.heard[0].ms < PROMPT_MS / 2
    assert [bool(name) for name in talk.conversations] == [True, False]
    assert talk.sounds == [("menu",)]
    sound = b"".join(talk.heard[1:19])
    assert sound == b"\x01\x10" * (len(sound) // 2), "the prompt came as it is"


def test_a_key_goes_over_the_media_wire_and_the_next_question_begins_anew(talk: Talk) -> None:
    talk.after[5] = lambda: talk.caller.press("2")

    async def course(call: AgiCall) -> None:
        await talk.ask(call)
        talk.after[len(talk.heard) + 5] = lambda: talk.say(7)
        await talk.ask(call)

    talk.make(course)
    assert (talk.replies[0].how, talk.replies[0].key) == ("key", "2")
    assert talk.replies[1].guesses[0].text == "7 frames"
    assert len({name for name in talk.conversations if name}) == 2


def test_who_hangs_up_in_mid_word_has_hung_up_and_nothing_is_left(talk: Talk) -> None:
    def act() -> None:
        for _ in range(8):
            talk.caller.speak(LOUD)
        talk.house.reactor.callLater(0.1, talk.caller.hang_up)

    talk.after[20] = act

    async def course(call: AgiCall) -> None:
        await talk.ask(call)

    talk.make(course)
    assert talk.replies == []
    (gone,) = talk.gone
    assert 300 <= gone.heard_ms < PROMPT_MS / 2
    assert talk.conversations[-1] == ""
    assert talk.left == (0, 0)


def test_without_a_voice_the_exchange_has_no_such_application_and_keys_work_at_once(talk: Talk) -> None:
    talk.caller.speaks = False
    talk.listening = lambda: talk.caller.press("1")  # as soon as the prompt takes keys

    async def course(call: AgiCall) -> None:
        assert call.listens
        await talk.ask(call)
        assert not call.listens
        heard = await call.play("menu", "12")
        assert heard == Heard("1", heard.ms)

    talk.make(course)
    (reply,) = talk.replies
    assert (reply.how, reply.why, reply.heard) == ("failed", "missing", ())
    assert (talk.heard, talk.conversations) == ([], [])
    assert talk.server.counts.served == 0


def test_a_voice_that_is_lost_breaks_off_and_is_missing_from_then_on(talk: Talk) -> None:
    talk.after[20] = talk.caller.lose_voice

    async def course(call: AgiCall) -> None:
        await talk.ask(call)
        await talk.ask(call)

    talk.make(course)
    assert [(reply.how, reply.why) for reply in talk.replies] == [("failed", "broken"), ("failed", "missing")]
    assert talk.replies[0].heard[0].ms >= 300
    assert talk.gone == []


def test_nobody_hears_what_is_said_outside_a_conversation(talk: Talk) -> None:
    talk.say(10)  # before the call

    async def course(call: AgiCall) -> None:
        talk.say(10)
        talk.after[5] = lambda: talk.say(6)
        await talk.ask(call)
        talk.say(10)

    talk.make(course)
    assert [reply.guesses[0].text for reply in talk.replies] == ["6 frames"]
