"""Child process of the natural voice: Kokoro-82M on onnxruntime, phonemes by espeak-ng.

Reads an order (JSON) from standard input, writes one WAV file for each text, as speaker.py does. The model reads sentence by
sentence: longer stretches tire it (510 phonemes at most), shorter ones sound chopped.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 24000
_MOST = 500  # phonemes at once, of the 510 there is room for
_PAUSE_S = 0.32  # between sentences
_ESPEAK_S = 30
# What espeak-ng writes as two signs, the model knows as one.
_JOINED = (("dʒ", "ʤ"), ("tʃ", "ʧ"), ("ts", "ʦ"), ("dz", "ʣ"), ("_", ""), ("-", ""), ("\u0361", ""))
_ENGLISH = (
    *(("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("ɔɪ", "Y"), ("oʊ", "O"), ("əʊ", "Q")),
    *(("ɚ", "əɹ"), ("r", "ɹ"), ("x", "k"), ("ɐ", "ə")),
)
_CLAUSE = re.compile(r"([^,.;:!?…—]+)([,.;:!?…—]*)")
_SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+")

_WORD = 30  # characters of a word or number, at most
# espeak-ng voices the s of ventisei, quarantasette, centosei.
_NUMBER_S = re.compile(r"(?<=nt[aio])z(?=ˈ(?:[ɛe]tːe|ɛ[ij]))")

Samples = NDArray[np.float32]


class Reader:
    """One voice in one language. Raises RuntimeError when espeak-ng fails, OSError when a file is missing."""

    def __init__(self, model: Path, voice: str, language: str, speed: float, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(model / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self._known: dict[str, int] = json.loads((model / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        self._style = np.fromfile(model / "voices" / f"{voice}.bin", dtype=np.float32).reshape(-1, 1, 256)
        self._language = language
        self._speed = np.array([speed], dtype=np.float32)

    def speak(self, text: str) -> Samples:
        """The text as samples at RATE."""
        pause = np.zeros(int(_PAUSE_S * RATE), dtype=np.float32)
        said = [part for sentence in self._sentences(text) for part in (self._say(sentence), pause)]
        return np.concatenate(said[:-1]) if said else pause

    def speak_word(self, word: str) -> Samples:
        """A word or number that others follow in a call: it does not fall as at a full stop."""
        return self.speak(f"{word},")

    def _sentences(self, text: str) -> Iterator[str]:
        for sentence in _SENTENCE_END.split(text.strip()):
            yield from _short_enough(self.phonemes(sentence))

    def phonemes(self, text: str) -> str:
        """The text in the model's signs, punctuation kept."""
        clauses = [(match[1].strip(), match[2]) for match in _CLAUSE.finditer(text) if match[1].strip()]
        heard = _espeak(self._language, [clause for clause, _ in clauses])
        signs = " ".join(f"{sound}{mark[:1]}" for sound, (_, mark) in zip(heard, clauses, strict=True))
        for written, one in _JOINED:
            signs = signs.replace(written, one)
        if self._language.startswith("en"):
            for written, one in _ENGLISH:
                signs = signs.replace(written, one)
        elif self._language == "it":
            signs = _NUMBER_S.sub("s", signs)
        return "".join(sign for sign in signs if sign in self._known)

    def _say(self, signs: str) -> Samples:
        numbers = [self._known[sign] for sign in signs]
        tokens = np.array([[0, *numbers, 0]], dtype=np.int64)
        style = self._style[min(len(numbers), len(self._style) - 1)]
        (samples,) = self._session.run(None, {"tokens": tokens, "style": style, "speed": self._speed})
        return np.asarray(samples, dtype=np.float32).reshape(-1)


def _short_enough(signs: str) -> Iterator[str]:
    while len(signs) > _MOST:
        cut = max(signs.rfind(mark, 0, _MOST) for mark in ",; ") + 1 or _MOST
        yield signs[:cut].strip()
        signs = signs[cut:].strip()
    if signs:
        yield signs


def _espeak(language: str, clauses: list[str]) -> list[str]:
    """Each clause in the phonetic alphabet. espeak-ng breaks lines where it likes: one clause, one call."""
    heard = []
    for clause in clauses:
        command = ["espeak-ng", "-q", "-v", language, "--ipa", "--stdin"]
        done = subprocess.run(command, input=clause, capture_output=True, text=True, timeout=_ESPEAK_S, check=False)  # noqa: S603
        if done.returncode:
            raise RuntimeError(f"espeak-ng ended with {done.returncode}: {done.stderr.strip()}")
        heard.append(" ".join(done.stdout.split()))
    return heard


def write(file: Path, samples: Samples) -> None:
    """A 16-bit mono WAV file at RATE; what is louder than full scale (the model often is) is turned down, not clipped."""
    samples = samples / max(1.0, float(np.abs(samples).max(initial=0)))
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes((samples * 32767).astype("<i2").tobytes())


def main() -> None:
    """Speak `texts` into `folder`/0.wav, 1.wav, ... as the order's `model`, `voice`, `language` and `speed` say."""
    order = json.load(sys.stdin)
    reader = Reader(Path(order["model"]), order["voice"], order["language"], order["speed"])
    for number, text in enumerate(order["texts"]):
        is_word = len(text) < _WORD and text[-1:].isalnum()
        write(Path(order["folder"]) / f"{number}.wav", reader.speak_word(text) if is_word else reader.speak(text))


if __name__ == "__main__":
    main()
