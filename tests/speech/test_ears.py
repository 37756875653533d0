"""The ears, with the real engines: vosk (its Korean model proves grammar, streaming and partials) and whisper in Italian."""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING

import pytest

from ivr_engine.dialogue import understanding
from ivr_engine.errors import Unavailable
from ivr_engine.hearing import EarFailed, Expectation, Final, Partial, SpeechStarted
from ivr_engine.speech.ears.pool import Manner, Model, ProcessEars
from ivr_engine.speech.ears.turn import Pauses

from .listening import Listener, model, reactor, recorded, run, say, told

if TYPE_CHECKING:
    from collections.abc import Iterator

KOREAN = ("노동", "상담원", "네", "아니요")
VOSK = "ivr_engine.speech.ears.by_vosk:Vosk"
WHISPER = "ivr_engine.speech.ears.by_whisper:Whisper"
SILENCE = bytes(16000)  # a second


def expects(*phrases: str, language: str = "ko", kind: str = "phrases") -> Expectation:
    return Expectation(language, kind, phrases)  # type: ignore[arg-type]


def started(models: dict[str, Model], manner: Manner) -> ProcessEars:
    ears = ProcessEars(reactor, models, manner)

    async def ready() -> None:
        ears.start()
        await ears.ready()

    run(ready())
    return ears


def stop(ears: ProcessEars) -> None:
    async def stopped() -> None:
        await ears.stop()

    run(stopped())


@pytest.fixture(scope="module")
def vosk() -> Iterator[ProcessEars]:
    ears = started({"ko": Model(VOSK, model("vosk-ko"))}, Manner(turns=2, deadline=30, pauses=Pauses(longest=4000)))
    yield ears
    stop(ears)


@pytest.fixture(scope="module")
def whisper() -> Iterator[ProcessEars]:
    found = Model(WHISPER, model("whisper-base"))
    ears = started({"it": found, "en": found}, Manner(turns=4, deadline=60))
    yield ears
    stop(ears)


@pytest.mark.parametrize("phrase", ["상담원", "아니요"])
def test_vosk_hears_a_phrase_of_its_grammar_while_it_is_spoken(vosk: ProcessEars, phrase: str) -> None:
    async def heard() -> None:
        listener = Listener(vosk, expects(*KOREAN))
        await listener.hear(say(phrase, "ko") + SILENCE)
        final = await listener.over()
        assert told(final) == phrase
        kinds = [type(event) for event in listener.events]
        assert kinds[0] is SpeechStarted
        assert Partial in kinds[1:-1]
        assert isinstance(final, Final)
        assert 0 <= final.guesses[0].confidence <= 1

    run(heard())


def test_a_whole_phrase_ends_the_turn_before_the_silence_would(vosk: ProcessEars) -> None:
    async def heard() -> None:
        early, longer = Listener(vosk, expects(*KOREAN)), Listener(vosk, expects(*KOREAN, "아니요 노동"))
        audio = say("아니요", "ko") + SILENCE
        for listener in (early, longer):
            listener.feed(audio[: 16 * 1200])  # speech ends at 1080 ms
            while listener.events[-1] != Partial("아니요"):
                await listener.another()
            listener.feed(bytes(16 * 220))  # 220 ms: less than the silence that ends a choice
        final = await early.over()
        assert told(final) == "아니요"
        assert not isinstance(longer.events[-1], Final)  # something may follow: only silence tells
        longer.feed(SILENCE)
        assert told(await longer.over()) == "아니요"

    run(heard())


def test_without_phrases_vosk_hears_anything(vosk: ProcessEars) -> None:
    async def heard() -> None:
        listener = Listener(vosk, expects(kind="open"))
        await listener.hear(say("노동", "ko") + SILENCE * 2)
        assert told(await listener.over())

    run(heard())


def test_words_the_model_does_not_know_are_named(vosk: ProcessEars) -> None:
    async def asked() -> None:
        assert await vosk.unknown("ko", ["노동", "dimissioni 노동", "xyzzy"]) == ("dimissioni", "xyzzy")
        assert await vosk.unknown("it", ["dimissioni"]) == ()

    run(asked())


def test_speech_is_told_of_within_a_tenth_of_a_second(vosk: ProcessEars) -> None:
    audio = say("노동", "ko")
    levels = [abs(int.from_bytes(audio[at : at + 2], "little", signed=True)) for at in range(0, len(audio), 2)]
    first, loud = (next(at for at, level in enumerate(levels) if level > least) for least in (30, 1000))
    listener = Listener(vosk, expects(*KOREAN))
    listener.feed(audio[: 2 * first])
    assert not listener.events
    listener.feed(audio[2 * first : 2 * (loud + 800)])  # 100 ms after the first loud sample
    assert listener.events == [SpeechStarted()]
    assert listener.ear is not None
    listener.ear.close()


def test_any_number_of_bytes_at_a_time_is_the_same_audio(vosk: ProcessEars) -> None:
    async def heard() -> None:
        audio, chance = say("아니요", "ko") + SILENCE, random.Random(7)
        listener = Listener(vosk, expects(*KOREAN))
        while audio:
            size = chance.randrange(1, 700)
            listener.feed(audio[:size])
            audio = audio[size:]
        assert told(await listener.over()) == "아니요"

    run(heard())


def test_silence_and_a_hum_are_no_speech(vosk: ProcessEars) -> None:
    listener = Listener(vosk, expects(*KOREAN))
    listener.feed(SILENCE * 3)
    listener.feed(b"\x40\x00\xc0\xff" * 8000)
    assert listener.events == []
    assert listener.ear is not None
    listener.ear.close()
    listener.ear.close()


def test_loud_garbage_ends_as_a_turn_does(vosk: ProcessEars) -> None:
    async def heard() -> None:
        listener = Listener(vosk, expects(*KOREAN))
        listener.feed(random.Random(1).randbytes(16000 * 8))
        if not listener.events:  # not even taken for speech
            assert listener.ear is not None
            listener.ear.close()
            return
        assert isinstance(await listener.over(), Final)

    run(heard())


def test_when_all_are_listening_the_next_is_told_at_once(vosk: ProcessEars) -> None:
    first, second, third = (Listener(vosk, expects(*KOREAN)) for _ in range(3))
    assert first.ear is not None
    assert second.ear is not None
    assert third.ear is None
    first.ear.close()
    again = Listener(vosk, expects(*KOREAN))
    assert again.ear is not None
    again.ear.close()
    second.ear.close()


def test_nothing_is_told_after_closing(vosk: ProcessEars) -> None:
    async def closed() -> None:
        listener = Listener(vosk, expects(*KOREAN))
        listener.feed(say("노동", "ko"))
        assert listener.ear is not None
        listener.ear.close()
        told_by_then = list(listener.events)
        listener.feed(say("노동", "ko") + SILENCE)
        await vosk.unknown("ko", ["노동"])  # whatever it had to say has been said
        assert listener.events == told_by_then

    run(closed())


def test_a_language_without_a_model_is_not_heard(vosk: ProcessEars) -> None:
    assert vosk.open(expects("sì", language="it"), lambda _: None) is None


def test_the_utterance_is_kept_only_for_whom_it_is_asked(vosk: ProcessEars) -> None:
    async def heard() -> None:
        kept: list[bytes] = []
        listener = Listener(vosk, expects(*KOREAN), kept.append)
        await listener.hear(say("노동", "ko") + SILENCE)
        await listener.over()
        (samples,) = kept
        assert len(samples) % 320 == 0
        assert max(abs(int.from_bytes(samples[at : at + 2], "little", signed=True)) for at in range(0, len(samples), 2)) > 1000

    run(heard())


def test_a_killed_process_fails_its_turns_and_is_replaced() -> None:
    ears = started({"ko": Model(VOSK, model("vosk-ko"))}, Manner(turns=2, deadline=30))

    async def killed() -> None:
        listener, other = Listener(ears, expects(*KOREAN)), Listener(ears, expects(*KOREAN))
        listener.feed(say("노동", "ko"))
        (pid,) = ears.pids()
        os.kill(pid, signal.SIGKILL)
        assert await listener.over() == EarFailed("died")
        assert await other.over() == EarFailed("died")
        assert Listener(ears, expects(*KOREAN)).ear is None  # keys alone, until the model is loaded again
        await ears.ready()
        assert ears.pids() != [pid]
        again = Listener(ears, expects(*KOREAN))
        again.feed(say("상담원", "ko") + SILENCE)
        assert told(await again.over()) == "상담원"

    try:
        run(killed())
    finally:
        stop(ears)


def test_a_stuck_process_is_late_and_is_replaced() -> None:
    ears = started({"ko": Model(VOSK, model("vosk-ko"))}, Manner(turns=2, deadline=0.5))

    async def stuck() -> None:
        (pid,) = ears.pids()
        os.kill(pid, signal.SIGSTOP)
        listener = Listener(ears, expects(*KOREAN))
        listener.feed(say("노동", "ko") + SILENCE)
        assert await listener.over() == EarFailed("late")
        await ears.ready()
        assert ears.pids() != [pid]

    try:
        run(stuck())
    finally:
        stop(ears)


def test_a_model_that_cannot_be_loaded_is_said_so(tmp_path: object) -> None:
    model("vosk-ko")  # vosk itself is there

    async def broken() -> None:
        ears = ProcessEars(reactor, {"ko": Model(VOSK, tmp_path)}, Manner())  # type: ignore[arg-type]
        ears.start()
        with pytest.raises(Unavailable, match="cannot be loaded"):
            await ears.ready()
        assert ears.open(expects(*KOREAN), lambda _: None) is None
        await ears.stop()

    run(broken())


def test_whisper_in_italian_from_the_sound_to_the_choice(whisper: ProcessEars) -> None:
    """Natural speech as callers sound: Kokoro's voices at 8 kHz through A-law, kept in `sounds/` (see its README)."""
    menu = {"1": ["dimissioni"], "2": ["carta acquisti"], "3": ["comunicazioni obbligatorie"]}
    phrases = understanding.expected("phrases", "it", [phrase for said in menu.values() for phrase in said])

    async def heard() -> None:
        for name, key in (("dimissioni", "1"), ("carta_acquisti", "2"), ("comunicazioni_obbligatorie", "3")):
            listener = Listener(whisper, Expectation("it", "phrases", phrases))
            listener.feed(recorded(name) + SILENCE)
            final = await listener.over()
            assert isinstance(final, Final)
            said = understanding.choice(final.guesses, menu, "it")
            assert (said.band, said.value) == (understanding.Band.TAKE, key), final

    run(heard())


def test_whisper_hears_nothing_in_noise(whisper: ProcessEars) -> None:
    async def heard() -> None:
        listener = Listener(whisper, Expectation("it", "phrases", ("dimissioni", "operatore")))
        listener.feed(SILENCE + random.Random(3).randbytes(16000) + SILENCE)
        if not listener.events:
            assert listener.ear is not None
            listener.ear.close()
            return
        final = await listener.over()
        assert isinstance(final, Final)
        assert understanding.choice(final.guesses, {"1": ["dimissioni"]}, "it").band is not understanding.Band.TAKE

    run(heard())


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("zero_due_cinquanta_sette", "02507"),  # of its own accord it writes "0,257"
        ("novantadue_novantadue_otto", "92928"),  # "Novantadure, novantadure auto."
    ],
)
def test_whisper_hears_numbers_once_more_in_number_words(whisper: ProcessEars, name: str, code: str) -> None:
    async def heard() -> None:
        listener = Listener(whisper, Expectation("it", "digits", understanding.expected("digits", "it")))
        listener.feed(recorded(name) + SILENCE * 2)
        final = await listener.over()
        assert isinstance(final, Final)
        assert understanding.digits(final.guesses, (5, 5), "it").value == code, final

    run(heard())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("permessi, permessi,", "permessi,"),
        ("comunicazione obbligatoria comunicazione obbligatoria comunicazione obb", "comunicazione obbligatoria"),
        ("carta acquisti", "carta acquisti"),
        ("", ""),
    ],
)
def test_what_whisper_says_over_and_over_was_said_once(written: str, said: str) -> None:
    pytest.importorskip("faster_whisper")
    from ivr_engine.speech.ears.by_whisper import once

    assert once(written) == said
