"""Voices: what turns a text into samples."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

from ivr_engine.errors import Unavailable
from ivr_engine.hookspecs import Speech

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[np.float32]"
"""Mono, from -1 to 1."""

_HINT = "install espeak-ng: apt-get install espeak-ng libespeak-ng1"


class Pyttsx3Voice:
    """The voice of last resort, there on every machine: pyttsx3 on espeak-ng.

    espeak-ng lives in a child process: it can be started once per process only, and may hang or abort when it is
    unwell. `words_per_minute` is its pace; a child that takes longer than `timeout_s` seconds is ended.
    """

    name = "espeak"

    def __init__(self, words_per_minute: int = 165, timeout_s: float = 60) -> None:
        self._words_per_minute = words_per_minute
        self._timeout_s = timeout_s

    def speak(self, texts: Sequence[str], language: str) -> list[Speech]:
        """One Speech for each text. Raises Unavailable when espeak-ng or pyttsx3 does not work here."""
        with TemporaryDirectory(prefix="ivr-voice-") as folder:
            self._run({"language": language, "rate": self._words_per_minute, "texts": list(texts), "folder": folder})
            return [read(Path(folder) / f"{number}.wav", text) for number, text in enumerate(texts)]

    def _run(self, order: dict[str, object]) -> None:
        """One child after another: now and then one starts in a state in which espeak-ng obeys nothing."""
        for last in (False, False, True):
            try:
                self._run_child(order)
            except Unavailable:
                if last:
                    raise
            else:
                return

    def _run_child(self, order: dict[str, object]) -> None:
        run_child("ivr_engine.speech.speaker", order, self._timeout_s, _HINT)


def run_child(module: str, order: dict[str, object], timeout_s: float, hint: str) -> None:
    """Run a voice's child process: the order (JSON) by standard input, sounds into its `folder`. Raises Unavailable."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program; texts go by stdin
            [sys.executable, "-m", module],
            input=json.dumps(order).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"the voice did not finish within {timeout_s:g} seconds", hint) from error
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().splitlines() or [f"it ended with {done.returncode}"]
        raise Unavailable(f"the voice does not work: {why[-1]}", hint)


def read(file: Path, text: str, hint: str = _HINT) -> Speech:
    """A child's sound file. Raises Unavailable when there is none."""
    try:
        with wave.open(str(file), "rb") as sound:
            rate, frames = sound.getframerate(), sound.readframes(sound.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise Unavailable(f"the voice said nothing for {text!r}", hint) from error
    import numpy as np  # an engine imports its voices to know them by name

    return Speech(rate, np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32768))
