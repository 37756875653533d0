"""Make the corpus of spoken Italian and English that `speech.py` measures recognition with.

    python -m benchmarks.speech_corpus build/corpus --models models [--most 300] [--voices if_sara,im_nicola,it]

What is said: every menu phrase of the lines, 200 strings of digits (postcodes, dates, codes of 16 digits), 60 ways to say why one
calls. Voices: Kokoro's where its model is installed, else espeak-ng's; the speed varies. All of it is 8 kHz through A-law, clean;
noise is added when it is measured (`noisy`), from a seed, so that every run hears the same street. With `--most`, so many of each
group, drawn with a seed. A file is not made again when it is there. The tests' sample of 60, small enough to be kept:

    python -m benchmarks.speech_corpus tests/speech/sample --models build/models --most 20 --suffix .flac
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr
import yaml
from num2words import num2words

from ivr_engine.config import load
from ivr_engine.dialogue.steps.menu import Menu
from ivr_engine.dialogue.understanding import words
from ivr_engine.engine.lines import load_lines
from ivr_engine.speech.kokoro import RATE as KOKORO_RATE
from ivr_engine.speech.kokoro import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 8000
SEED = 20111213
NATURAL = {"it": ("if_sara", "im_nicola"), "en": ("af_heart",)}
SPEEDS = (0.85, 1.0, 1.15)


@dataclass(frozen=True)
class Said:
    """An utterance: what is said, in what language, what it should be understood as, and in which menus ("line/step")."""

    group: str
    language: str
    text: str
    value: str
    menus: tuple[str, ...] = ()
    voice: str = ""
    speed: float = 1.0
    file: str = ""


def phrases() -> Iterator[Said]:
    """Every menu phrase once, with all the menus that offer it."""
    menus: dict[tuple[str, str], list[str]] = {}
    for line in load_lines(load()).lines.values():
        for name, step in line.tree.steps.items():
            for key, option in step.options.items() if isinstance(step, Menu) else ():
                for language, said in option.phrases.items():
                    for phrase in said:
                        menus.setdefault((language, phrase), []).append(f"{line.name}/{name}={key}")
    for (language, phrase), where in menus.items():
        yield Said("menu", language, phrase, "", tuple(where))


def strings() -> Iterator[Said]:
    """200 strings of digits, as people say them."""
    chance = random.Random(SEED)
    for _ in range(80):
        code = f"{chance.randrange(10, 98169):05}"
        yield Said("cap", "it", _grouped(code, chance), code)
    for _ in range(60):
        day = date(1950, 1, 1) + timedelta(days=chance.randrange(28_000))
        number = "primo" if day.day == 1 else num2words(day.day, lang="it")
        yield Said("date", "it", f"{number} {_MONTHS[day.month - 1]} {num2words(day.year, lang='it')}", day.isoformat())
    for _ in range(60):
        code = "".join(chance.choice("0123456789") for _ in range(16))
        yield Said("code", "it", _grouped(code, chance), code)


_MONTHS = words("it").months


def _grouped(code: str, chance: random.Random) -> str:
    said = []
    while code:
        size = 2 if len(code) > 1 and code[0] != "0" and chance.random() < 0.3 else 1
        said.append(num2words(int(code[:size]), lang="it"))
        code = code[size:]
    return ", ".join(said)


def reasons(file: str = "reasons.yaml", examples: int = 3) -> Iterator[Said]:
    """Why people call; the first of each topic are its examples and are not heard."""
    table = yaml.safe_load(Path(__file__).with_name(file).read_text(encoding="utf-8"))
    for topic, ways in table.items():
        for way in ways[examples if topic else 0 :]:
            yield Said("open", "it", way, topic)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--language", default="it")
    parser.add_argument("--suffix", default=".wav", choices=[".wav", ".flac"])
    parser.add_argument("--voices", default="", help="instead of Kokoro's: their names, or espeak-ng's")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(SEED)
    wanted = []
    own = [said for said in phrases() if said.language == options.language]
    for groups in ([own], [[*strings()]], [[*reasons()], [*reasons("reasons_later.yaml", examples=0)]]):
        for group in groups:
            chance.shuffle(group)
        wanted += [said for group in groups for said in group if said.language == options.language][: options.most]
    kokoro = options.models / "kokoro" if (options.models / "kokoro").is_dir() else None
    voices = options.voices.split(",") if options.voices else NATURAL[options.language] if kokoro else (options.language,)
    with (options.folder / "corpus.jsonl").open("w", encoding="utf-8") as listed:
        for number, said in enumerate(wanted):
            voice, speed = voices[number % len(voices)], SPEEDS[number % len(SPEEDS)]
            name = hashlib.sha256(f"{said.text}|{voice}|{speed}".encode()).hexdigest()[:16] + options.suffix
            whole = Said(**{**asdict(said), "voice": voice, "speed": speed, "file": name})
            if not (options.folder / name).exists():
                natural = kokoro if "_" in voice else None
                save(options.folder / name, _kokoro(natural, whole) if natural else _espeak(said.text, voice, speed))
            listed.write(json.dumps(asdict(whole), ensure_ascii=False) + "\n")
            listed.flush()
    print(f"{len(wanted)} utterances in {options.folder}")


@cache
def _reader(model: Path, voice: str, language: str, speed: float) -> Reader:
    return Reader(model, voice, {"it": "it", "en": "en-us"}[language], speed)


def _kokoro(model: Path, said: Said) -> np.ndarray:
    samples = _reader(model, said.voice, said.language, said.speed).speak(f"{said.text}.")
    return soxr.resample(samples, KOKORO_RATE, RATE)


def _espeak(text: str, voice: str, speed: float) -> np.ndarray:
    command = ["espeak-ng", "-v", voice, "-s", str(round(150 * speed)), "--stdout", text]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    rate = int.from_bytes(data[24:28], "little")
    return soxr.resample(np.frombuffer(data[44:], "<i2").astype(np.float32) / 32768, rate, RATE)


def save(path: Path, samples: np.ndarray) -> None:
    """Through a telephone's band and A-law; half a second of silence before, a second after."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    narrow = np.fft.irfft(spectrum, len(samples))
    narrow *= 0.08 / max(1e-6, float(np.sqrt(np.mean(narrow**2))))
    whole = np.concatenate([np.zeros(RATE // 2), narrow, np.zeros(RATE)])
    soundfile.write(path, (a_law(np.clip(whole, -1, 1)) * 32767).astype(np.int16), RATE, subtype="PCM_16")


def a_law(samples: np.ndarray) -> np.ndarray:
    """There and back: 8 bits a sample."""
    a = 87.6
    size, sign = np.abs(samples), np.sign(samples)
    bent = np.where(size < 1 / a, a * size / (1 + np.log(a)), (1 + np.log(np.maximum(a * size, 1))) / (1 + np.log(a)))
    bent = np.round(bent * 127) / 127
    straight = np.where(bent < 1 / (1 + np.log(a)), bent * (1 + np.log(a)) / a, np.exp(bent * (1 + np.log(a)) - 1) / a)
    return sign * straight


def noisy(samples: np.ndarray, decibels: float, seed: int) -> np.ndarray:
    """With a street behind: rumble (1/f noise), cars that pass (slow swells of it), and hiss. `decibels`: speech over street."""
    chance = np.random.default_rng(seed)
    n = len(samples)
    spectrum = np.fft.rfft(chance.standard_normal(n))
    hertz = np.fft.rfftfreq(n, 1 / RATE)
    rumble = np.fft.irfft(spectrum / np.maximum(hertz, 60) ** 0.5, n)
    swell = 1 + 0.8 * np.sin(2 * np.pi * (np.arange(n) / RATE * chance.uniform(0.1, 0.4) + chance.random()))
    street = rumble / np.std(rumble) * swell + 0.2 * chance.standard_normal(n)
    loud = np.abs(samples) > 0.02
    level = np.sqrt(np.mean(samples[loud] ** 2)) if loud.any() else 0.05
    street *= level / np.std(street) / 10 ** (decibels / 20)
    return a_law(np.clip(samples + street, -1, 1))


if __name__ == "__main__":
    main()
