"""A voice that cannot say everything, people's recordings, and sounds that were shipped."""

from __future__ import annotations

import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.hookspecs import Speech
from ivr_engine.sounds import ARTICLE, MESSAGE
from ivr_engine.speech import shipped as shipping
from ivr_engine.speech.catalogue import Catalogue
from ivr_engine.speech.kokoro import Reader, write
from ivr_engine.speech.manifest import RECORDED, Manifest, sound_path, stale
from ivr_engine.speech.render import render
from ivr_engine.speech.sound import made_here
from ivr_engine.speech.voices import ivr_voices

from .voices import ToneVoice, tone

if TYPE_CHECKING:
    from collections.abc import Sequence

BUILD = Path(__file__).parents[2] / "build" / "models"
OLD = Catalogue({"x": {"scade": {"it": "Scade il {quando:date}."}}})
TEXTS = {"x": {"scade": {"it": "Scade il {quando:date}."}, "nuovo": {"it": "Mancano {giorni:number} giorni."}}}


class Other(ToneVoice):
    name = "other"


class Gone(ToneVoice):
    """The same voice as tone, no longer installed."""

    def speak(self, texts: Sequence[str], language: str) -> list[Speech]:
        raise Unavailable("not installed")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """All of the first catalogue by tone, the prompt added later by the spare voice."""
    render(OLD, tmp_path, ToneVoice(), languages=["it"])
    render(Catalogue(TEXTS), tmp_path, Gone(), spare=Other(), languages=["it"])
    return tmp_path


def with_sounds(folder: Path) -> Catalogue:
    manifest = Manifest(folder)
    return Catalogue(TEXTS, manifest.lengths("tone"), manifest.speakers({"it": "tone", "en": "tone"}))


def test_a_voice_never_changes_in_mid_sentence(mixed: Path) -> None:
    catalogue, manifest = with_sounds(mixed), Manifest(mixed)
    by_tone = catalogue.utterance("x", "scade", "it", {"quando": "2026-05-01"})
    by_other = catalogue.utterance("x", "nuovo", "it", {"giorni": 121})
    for sounds, voice in ((by_tone, "tone"), (by_other, "other")):
        names = [sound.file.removeprefix("ivr/") for sound in sounds]
        assert len(names) >= 4
        assert {manifest["it", "tone", name].by for name in names} == {voice}
        assert all(sound_path(mixed, "it", "tone", name).is_file() for name in names)
        assert all(catalogue.length("it", sound.file) == sound.ms for sound in sounds)
    assert stale(catalogue, mixed, "tone", ["it"]) == []


def test_nothing_is_done_twice_and_the_voice_takes_over_once_it_is_back(mixed: Path) -> None:
    other, tone_voice = Other(), ToneVoice()
    assert render(Catalogue(TEXTS), mixed, Gone(), spare=other, languages=["it"]) == 0
    assert other.spoken == []
    assert render(Catalogue(TEXTS), mixed, tone_voice, spare=other, languages=["it"]) == 2
    assert sorted(tone_voice.spoken) == ["Mancano", "giorni."]
    sounds = with_sounds(mixed).utterance("x", "nuovo", "it", {"giorni": 121})
    assert all("/spare/" not in sound.file for sound in sounds)


@pytest.mark.parametrize("key", [f"{ARTICLE}nuovo", f"{MESSAGE}7"])
def test_what_is_always_said_alone_needs_no_twins(tmp_path: Path, key: str) -> None:
    render(OLD, tmp_path, ToneVoice(), languages=["it"])
    other = Other()
    alone = {"x": {**TEXTS["x"], key: {"it": "Oggi il portale non risponde."}}}
    del alone["x"]["nuovo"]
    assert render(Catalogue(alone), tmp_path, Gone(), spare=other, languages=["it"]) == 1
    assert other.spoken == ["Oggi il portale non risponde."]
    dated = {"x": {**alone["x"], key: {"it": "Il portale non risponde fino al {quando:date}."}}}
    assert render(Catalogue(dated), tmp_path, Gone(), spare=other, languages=["it"]) > 400
    manifest = Manifest(tmp_path)
    catalogue = Catalogue(dated, manifest.lengths("tone"), manifest.speakers({"it": "tone", "en": "tone"}))
    names = [sound.file.removeprefix("ivr/") for sound in catalogue.utterance("x", key, "it", {"quando": "2026-05-01"})]
    assert {manifest["it", "tone", name].by for name in names} == {"other"}


def record(file: Path, rate: int = 8000, seconds: float = 1.0) -> bytes:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(np.full(int(rate * seconds), 1000, "<i2").tobytes())
    return file.read_bytes()


def test_a_recording_dropped_in_place_is_kept(tmp_path: Path) -> None:
    texts = Catalogue(TEXTS)
    render(texts, tmp_path, ToneVoice(), languages=["it"])
    file = sound_path(tmp_path, "it", "tone", "units/digits/7")
    assert made_here(file)
    content = record(file, seconds=0.7)
    assert render(texts, tmp_path, ToneVoice(), languages=["it"]) == 0
    assert file.read_bytes() == content
    assert Manifest(tmp_path)["it", "tone", "units/digits/7"][1:] == (700, RECORDED)
    assert stale(texts, tmp_path, "tone", ["it"]) == []


def test_a_recording_of_an_older_text_is_named(tmp_path: Path) -> None:
    before, after = (Catalogue({"x": {"uno": {"it": text}}}) for text in ("Prima.", "Dopo."))
    render(before, tmp_path, ToneVoice(), languages=["it"])
    (sound,) = before.utterance("x", "uno", "it", {})
    record(sound_path(tmp_path, "it", "tone", sound.file.removeprefix("ivr/")))
    render(before, tmp_path, ToneVoice(), languages=["it"])
    render(after, tmp_path, ToneVoice(), languages=["it"])
    (problem,) = stale(after, tmp_path, "tone", ["it"])
    assert (problem.rule, "'Dopo.'" in problem.message) == ("recording-stale", True)


@pytest.mark.parametrize(
    ("rate", "seconds", "wrong"), [(44100, 1, "44100 Hz"), (8000, 0.05, "lasts 0.1"), (8000, 301, "lasts 301")]
)
def test_a_recording_of_the_wrong_kind_is_named(tmp_path: Path, rate: int, seconds: float, wrong: str) -> None:
    texts = Catalogue(TEXTS)
    render(texts, tmp_path, ToneVoice(), languages=["it"])
    record(sound_path(tmp_path, "it", "tone", "units/digits/7"), rate, seconds)
    (problem,) = stale(texts, tmp_path, "tone", ["it"])
    assert problem.rule == "recording-wrong"
    assert wrong in problem.message


def test_wideband_is_made_when_asked(tmp_path: Path) -> None:
    render(OLD, tmp_path, ToneVoice(), languages=["it"], rate=16000)
    with wave.open(str(sound_path(tmp_path, "it", "tone", "units/digits/7")), "rb") as sound:
        assert sound.getframerate() == 16000


def test_what_was_packed_sounds_the_same_and_is_found_by_its_text_alone(tmp_path: Path) -> None:
    speech = Speech(22050, tone(1.0))
    assert shipping.pack("it", "tone", "Prova.", speech, tmp_path)
    assert not shipping.pack("it", "tone", "Prova.", speech, tmp_path)
    again = shipping.shipped("it", "tone", "Prova.", tmp_path)
    assert again is not None
    assert len(again.samples) / again.rate == pytest.approx(1.0, abs=0.01)
    assert np.sqrt(np.mean(again.samples**2)) == pytest.approx(np.sqrt(np.mean(speech.samples**2)), rel=0.05)
    assert shipping.shipped("it", "tone", "Prova!", tmp_path) is None
    assert shipping.prune("it", "tone", {"Altro."}, tmp_path) == 1


def test_a_model_that_is_not_installed_says_how_to(tmp_path: Path) -> None:
    for name in ("kokoro", "kokoro-nicola", "piper"):
        voice = ivr_voices()[name](tmp_path)
        assert voice.name == name
        with pytest.raises(Unavailable, match="run: ivr models install"):
            voice.speak(["ciao"], "it")
    with pytest.raises(Unavailable, match="does not speak 'de'"):
        ivr_voices()["kokoro"](tmp_path).speak(["hallo"], "de")


@pytest.mark.parametrize(("language", "text"), [("it", "Per le dimissioni, uno."), ("en", "For resignation, one.")])
def test_the_natural_voice_speaks(language: str, text: str) -> None:
    _needs_kokoro()
    whole, word = ivr_voices()["kokoro"](BUILD).speak([text, "sette"], language)
    assert (whole.rate, word.rate) == (24000, 24000)
    assert 1 < len(whole.samples) / whole.rate < 6
    assert 0.2 < len(word.samples) / word.rate < 2


def test_numbers_are_pronounced_as_italians_do(tmp_path: Path) -> None:
    _needs_kokoro()
    reader = Reader(BUILD / "kokoro", "if_sara", "it", 1.0)
    assert [sign for sign in reader.phonemes("ventisei, quarantasette, centosei") if sign in "sz"] == ["s"] * 3
    assert "z" in reader.phonemes("la ventesima")
    write(tmp_path / "loud.wav", np.array([0.5, 1.5, -3.0, 1.0], dtype=np.float32))
    with wave.open(str(tmp_path / "loud.wav")) as sound:
        levels = np.frombuffer(sound.readframes(4), "<i2")
    assert levels.tolist() == [5461, 16383, -32767, 10922]  # turned down, not clipped


def _needs_kokoro() -> None:
    if not (BUILD / "kokoro").is_dir():
        reason = "the model kokoro is not in build/models: bash tests/speech/install.sh"
        (pytest.fail if os.environ.get("IVR_REQUIRE_MODELS") == "1" else pytest.skip)(reason)
