"""The real voice (pyttsx3 on espeak-ng), and what is made of its samples."""

import numpy as np
import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.hookspecs import Speech
from ivr_engine.speech.sound import RATE, finish
from ivr_engine.speech.voice import Pyttsx3Voice, Samples

from .voices import RATE as VOICE_RATE
from .voices import tone


def seconds(speech: Speech) -> float:
    return len(finish(speech)) / RATE


@pytest.mark.parametrize(
    ("language", "short", "long"),
    [("it", "Sì.", "Per le dimissioni telematiche, uno."), ("en", "Yes.", "For electronic resignation, one.")],
)
def test_a_longer_text_takes_longer_to_say(language: str, short: str, long: str) -> None:
    first, second = (seconds(speech) for speech in Pyttsx3Voice().speak([short, long], language))
    assert 0.1 < first < 1
    assert 1.5 < second < 4


def test_many_texts_in_one_order_are_all_said_each_at_the_same_pace() -> None:
    # espeak-ng drops a command now and then: an empty file, or a batch at another pace.
    texts = ["duemilaventinove", "zero", "il quindici"] * 10
    lengths = [len(speech.samples) for speech in Pyttsx3Voice().speak(texts, "it")]
    for place in range(3):
        same = lengths[place::3]
        assert max(same) - min(same) < 100


def test_words_per_minute_set_the_pace() -> None:
    slow, fast = (seconds(Pyttsx3Voice(pace).speak(["Le dimissioni si presentano in rete."], "it")[0]) for pace in (120, 240))
    assert slow > 1.4 * fast


def test_a_language_the_voice_does_not_know_is_said_to_be_so() -> None:
    with pytest.raises(Unavailable, match=r"the voice does not work: .*xx-none") as caught:
        Pyttsx3Voice().speak(["ciao"], "xx-none")
    assert "apt-get install espeak-ng" in caught.value.hint


def test_a_voice_that_hangs_is_ended() -> None:
    with pytest.raises(Unavailable, match=r"did not finish within 0\.01 seconds"):
        Pyttsx3Voice(timeout_s=0.01).speak(["ciao"], "it")


def padded(level: float) -> Samples:
    silence = np.zeros(VOICE_RATE, dtype=np.float32)
    return np.concatenate([silence, tone(0.5, level), silence])


@pytest.mark.parametrize("level", [0.02, 0.3, 1.0])
def test_silence_is_trimmed_and_loudness_levelled(level: float) -> None:
    samples = finish(Speech(VOICE_RATE, padded(level))).astype(float) / 32768
    assert len(samples) / RATE == pytest.approx(0.57, abs=0.02)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.12, rel=0.05)


def test_a_lone_click_does_not_make_the_rest_clip() -> None:
    samples = padded(0.02)
    samples[VOICE_RATE + 4000 : VOICE_RATE + 4050] = 1.0
    # Too loud a sample would wrap round and look small: the click must stand just below full scale.
    assert finish(Speech(VOICE_RATE, samples)).astype(float).max() == pytest.approx(0.89 * 32767, rel=0.01)


@pytest.mark.parametrize("samples", [np.zeros(0, dtype=np.float32), np.zeros(4000, dtype=np.float32)])
def test_only_silence_is_refused(samples: Samples) -> None:
    with pytest.raises(ValueError, match="only silence"):
        finish(Speech(VOICE_RATE, samples))
