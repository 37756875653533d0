"""Rendering makes what is missing or outdated, and nothing else; installing lays it where Asterisk looks."""

import json
import wave
from pathlib import Path

import pytest

from ivr_engine.errors import Invalid, Problem, Unavailable
from ivr_engine.speech.catalogue import Catalogue
from ivr_engine.speech.install import install
from ivr_engine.speech.manifest import Entry, Manifest, sound_path, stale, text_hash
from ivr_engine.speech.normal import spoken
from ivr_engine.speech.render import render
from ivr_engine.speech.units import LANGUAGES, SILENCE

from .voices import ToneVoice


def catalogue(**texts: str) -> Catalogue:
    return Catalogue({"x": {key: {"it": text} for key, text in texts.items()}})


ALL = catalogue(uno="Un testo qualunque.", due="Un altro.")


def named(key: str, texts: Catalogue = ALL) -> str:
    (sound,) = texts.utterance("x", key, "it", {})
    return sound.file.removeprefix("ivr/")


UNO, DUE = named("uno"), named("due")


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    render(ALL, tmp_path, ToneVoice())
    return tmp_path


def rules(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.rule, problem.message.split(":")[0]) for problem in problems]


def test_everything_is_rendered_once_with_its_length(tmp_path: Path) -> None:
    voice = ToneVoice()
    steps: list[tuple[int, int]] = []
    total = sum(len(ALL.sounds(language)) for language in ("it", "en"))
    assert render(ALL, tmp_path, voice, progress=lambda done, of: steps.append((done, of))) == total
    different = [{spoken(language, text) for text in ALL.sounds(language).values() if text != SILENCE} for language in LANGUAGES]
    assert len(voice.spoken) == sum(map(len, different))  # what several sounds say is said once, the pause by nobody
    assert steps == sorted(steps)
    assert steps[-1] == (total, total)
    assert stale(ALL, tmp_path, "tone") == []
    with wave.open(str(sound_path(tmp_path, "it", "tone", UNO)), "rb") as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8000, 2, 1)
        ms = sound.getnframes() * 1000 // 8000
    assert Manifest(tmp_path).lengths("tone")("it", UNO) == ms
    assert ms == pytest.approx(50 * len("Un testo qualunque."), rel=0.02)
    assert list(tmp_path.rglob("*.new")) == []


def test_a_second_rendering_has_nothing_to_do(rendered: Path) -> None:
    voice = ToneVoice()
    assert render(ALL, rendered, voice) == 0
    assert voice.spoken == []


def test_only_what_changed_or_went_missing_is_made_again(rendered: Path) -> None:
    sound_path(rendered, "it", "tone", DUE).unlink()
    manifest = Manifest(rendered)
    manifest.add("it", "tone", UNO, Entry("made by another recipe", 1))
    manifest.save()
    assert rules(stale(ALL, rendered, "tone")) == [
        ("sound_missing", "1 sounds have no sound file"),
        ("sound_stale", "1 sounds have an outdated one"),
    ]
    voice = ToneVoice()
    assert render(ALL, rendered, voice) == 2
    assert sorted(voice.spoken) == ["Un altro.", "Un testo qualunque."]
    assert stale(ALL, rendered, "tone") == []


def test_a_prompt_that_changes_lies_beside_its_older_words(rendered: Path) -> None:
    changed = catalogue(uno="Un testo nuovo.", due="Un altro.")
    assert rules(stale(changed, rendered, "tone")) == [("sound_missing", "1 sounds have no sound file")]
    assert render(changed, rendered, ToneVoice()) == 1
    assert stale(changed, rendered, "tone") == stale(ALL, rendered, "tone") == []


def test_nothing_rendered_is_one_problem_a_language(tmp_path: Path) -> None:
    problems = stale(ALL, tmp_path, "tone")
    assert [problem.file for problem in problems] == [str(tmp_path / "it/tone"), str(tmp_path / "en/tone")]
    assert all(problem.hint == "run: ivr prompts render" for problem in problems)
    assert " more" in problems[0].message


def test_another_voice_has_sounds_of_its_own(rendered: Path) -> None:
    assert [problem.rule for problem in stale(ALL, rendered, "other")] == ["sound_missing", "sound_missing"]


def test_what_was_made_before_a_failure_is_kept(tmp_path: Path) -> None:
    texts = catalogue(**{f"t{number:03}": f"Testo numero {number}." for number in range(120)}, z="Guasto.")
    with pytest.raises(Unavailable, match="lost its it"):
        render(texts, tmp_path, ToneVoice(fails_at="Guasto"), languages=["it"], workers=1)
    kept = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert kept
    voice = ToneVoice()
    assert render(texts, tmp_path, voice, languages=["it"]) == len(texts.sounds("it")) - len(kept)
    assert "Guasto." in voice.spoken


def test_a_voice_that_says_nothing_is_named_with_the_prompt(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"tone says nothing for x/zitto\.[0-9a-f]+ \(it\)"):
        render(catalogue(zitto="Silenzio"), tmp_path, ToneVoice(), languages=["it"])


def test_a_damaged_list_is_said_to_be_so(rendered: Path) -> None:
    (rendered / "manifest.json").write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(Invalid, match=r"manifest\.json: the list of sounds is damaged \(delete it"):
        Manifest(rendered)


def test_acronyms_are_given_to_the_voice_as_they_are_spoken() -> None:
    assert spoken("it", "La NASpI e il modello UNIURG, non la NASpIna.") == "La naspi e il modello uni urg, non la NASpIna."
    assert text_hash("it", "NASpI") != text_hash("en", "NASpI")


def test_installed_files_lie_where_asterisk_looks_and_only_changes_are_copied(rendered: Path) -> None:
    sounds = rendered / "asterisk"
    made = list(rendered.rglob("*.wav"))
    assert install(rendered, sounds, "tone") == len(made)
    assert (sounds / f"it/ivr/{UNO}.wav").read_bytes() == sound_path(rendered, "it", "tone", UNO).read_bytes()
    assert (sounds / "en/ivr/units/digits/7.wav").is_file()
    assert install(rendered, sounds, "tone") == 0
    changed = catalogue(uno="Un testo ben più lungo di prima.", due="Un altro.")
    render(changed, rendered, ToneVoice())
    assert install(rendered, sounds, "tone") == 1
    assert (sounds / f"it/ivr/{named('uno', changed)}.wav").is_file()
