"""Kokoro's voices for the corpus: text to 8 kHz samples. Needs the model `kokoro` (ivr models install kokoro) and espeak-ng."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import soxr

if TYPE_CHECKING:
    from pathlib import Path

_JOINED = (("dʒ", "ʤ"), ("tʃ", "ʧ"), ("ts", "ʦ"), ("dz", "ʣ"), ("_", ""), ("-", ""))


class Kokoro:
    """One model, several voices."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self._vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        self._folder = folder

    def speak(self, text: str, language: str, voice: str, speed: float) -> np.ndarray:
        """Samples from -1 to 1 at 8 kHz."""
        sounds = ""
        for clause in re.split(r"([,.;:?!])", text):
            sounds += clause if clause in ",.;:?!" else self._phonemes(clause, language)
        tokens = [self._vocabulary[c] for c in sounds + "." if c in self._vocabulary][:500]
        styles = np.fromfile(self._folder / "voices" / f"{voice}.bin", np.float32).reshape(510, 1, 256)
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": styles[len(tokens)],
            "speed": np.array([speed], np.float32),
        }
        (samples, *_) = self._session.run(None, inputs)
        return soxr.resample(np.asarray(samples, np.float32).ravel(), 24000, 8000)

    @staticmethod
    def _phonemes(clause: str, language: str) -> str:
        voice = {"it": "it", "en": "en-us"}[language]
        said = subprocess.run(
            ["espeak-ng", "-q", "-v", voice, "--ipa", clause], capture_output=True, check=True, text=True
        ).stdout
        for written, joined in _JOINED:
            said = said.replace(written, joined)
        return " ".join(said.split())
