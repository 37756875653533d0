"""How much of each rendered prompt a recogniser hears: words right per prompt, by a language and kind; the worst are listed.

    python -m benchmarks.prompts_heard [SETTINGS] [--language it] [--only units|prompts] [--voice-only] [--below 0.95]

Whisper base (build/models, by tests/speech/install.sh) hears each sound as the telephone carries it: 8 kHz through A-law. Units
are heard in a row of five of their kind, as they are in calls: alone, "sei" is too short for any recogniser. Words are compared
by edit distance over words: numbers digit by digit, however they are grouped or written; English in American spelling. What it
spells otherwise counts as wrong, so the figure is a floor. What was heard is kept in build/prompts-heard; only what is not there
is heard.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
import wave
from pathlib import Path

import numpy as np
import soxr
from faster_whisper import WhisperModel
from text_to_num import alpha2digit

from benchmarks.results import keep
from ivr_engine.config import load
from ivr_engine.engine.lines import load_lines
from ivr_engine.speech.manifest import Manifest, sound_path
from ivr_engine.speech.normal import spoken
from ivr_engine.speech.units import SILENCE

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build/prompts-heard"
_ROW, _GAP_S, _MU = 5, 0.15, 87.6


def heard_as_called(file: Path) -> np.ndarray:
    """The file at 8 kHz through A-law, then at the 16 kHz whisper wants."""
    with wave.open(str(file), "rb") as sound:
        rate, frames = sound.getframerate(), sound.readframes(sound.getnframes())
    samples = soxr.resample(np.frombuffer(frames, "<i2").astype(np.float32) / 32768, rate, 8000)
    scale = 1 + np.log(_MU)
    level = np.clip(np.abs(samples), 0, 1)
    packed = np.where(level < 1 / _MU, _MU * level, 1 + np.log(np.maximum(_MU * level, 1))) / scale
    packed = np.round(packed * 127) / 127
    level = np.where(packed < 1 / scale, packed * scale / _MU, np.exp(packed * scale - 1) / _MU)
    return soxr.resample((np.sign(samples) * level).astype(np.float32), 8000, 16000)


_AMERICAN = ((r"our\b", "or"), (r"tre\b", "ter"), (r"ll(ed|ing)\b", r"l\1"), (r"is(e|ed|ing|ation)\b", r"iz\1"))


def words(language: str, text: str) -> list[str]:
    """Of a text as it is spoken: numbers as their digits, letters said one by one as one word, no accents, and English as
    whisper spells it."""
    said = alpha2digit(spoken(language, text).lower(), language, 0)
    said = "".join(one for one in unicodedata.normalize("NFD", said) if not unicodedata.combining(one))
    for british, american in _AMERICAN if language == "en" else ():
        said = re.sub(british, american, said)
    said = re.sub(r"(?<=\b[^\W\d_])[ .-]+(?=[^\W\d_]\b)", "", said.replace("'", " "))
    return re.findall(r"\d|[^\W\d_]+", said)


def right(wanted: list[str], found: list[str]) -> float:
    """Share of the wanted words that were heard: 1 less word errors (edit distance) over their number."""
    row = list(range(len(found) + 1))
    for number, word in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(found, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return max(0.0, 1 - row[-1] / len(wanted))


def rows(sounds: dict[str, str]) -> list[tuple[list[str], str]]:
    """What is heard at once: a prompt alone, units five of a kind."""
    kinds: dict[str, list[str]] = {}
    for name in sounds:
        kinds.setdefault(name.rsplit("/", 1)[0] if name.startswith("units/") else name, []).append(name)
    return [
        (some, ", ".join(sounds[name] for name in some))
        for names in kinds.values()
        for some in (names[start : start + _ROW] for start in range(0, len(names), _ROW))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", nargs="?", default=str(ROOT / "audio/ship.toml"), type=Path)
    parser.add_argument("--language", default="it")
    parser.add_argument("--only", choices=["units", "prompts"])
    parser.add_argument("--below", type=float, default=0.95)
    parser.add_argument("--voice-only", action="store_true", help="skip what another voice than the chosen one said")
    order = parser.parse_args()
    settings = load(order.settings)
    folder, voice = settings.path(settings.prompts.folder), settings.prompts.voice_of(order.language)
    manifest = Manifest(folder)
    sounds = {
        name: text
        for name, text in load_lines(settings).catalogue.sounds(order.language).items()
        if text != SILENCE
        and (order.only is None or name.startswith("units/") == (order.only == "units"))
        and (entry := manifest.entry(order.language, voice, name))
        and (not order.voice_only or entry.by == voice)
    }
    if not sounds:
        sys.exit(f"nothing is rendered in {folder}: ivr --settings {order.settings} prompts render")
    model = WhisperModel(str(ROOT / "build/models/whisper-base"), device="cpu", compute_type="int8", cpu_threads=1)
    gap = np.zeros(int(_GAP_S * 16000), dtype=np.float32)
    kept = KEPT / f"{order.language}-{voice}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    heard: dict[str, str] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    results = []
    for names, text in rows(sounds):
        if text not in heard:
            pieces = [heard_as_called(sound_path(folder, order.language, voice, name)) for name in names]
            audio = np.concatenate([part for piece in pieces for part in (piece, gap)])
            segments, _ = model.transcribe(audio, language=order.language, condition_on_previous_text=False)
            heard[text] = " ".join(segment.text.strip() for segment in segments)
            kept.write_text(json.dumps(heard, ensure_ascii=False, indent=0), encoding="utf-8")
        results.append((right(words(order.language, text), words(order.language, heard[text])), names[0], text, heard[text]))
    shares = np.array([share for share, *_ in results])
    print(f"{order.language}, voice {voice}: {len(sounds)} sounds in {len(results)} hearings, whisper base, 8 kHz A-law")
    print("words right per hearing: " + ", ".join(f"p{p} {np.percentile(shares, p):.1%}" for p in (1, 5, 10, 25, 50)))
    print(f"mean {shares.mean():.1%}; {np.mean(shares >= order.below):.1%} of hearings at {order.below:.0%} or better")
    figures = {"hearings": len(results), "mean": shares.mean(), f"at {order.below:.0%} or better": np.mean(shares >= order.below)}
    print(
        "kept in",
        keep(f"prompts_heard {order.language} {order.only or 'all'}", {name: float(of) for name, of in figures.items()}),
    )
    for share, name, text, written in sorted(result for result in results if result[0] < order.below):
        print(f"{share:5.0%}  {name}\n       said:  {text}\n       heard: {written}")


if __name__ == "__main__":
    main()
