"""Child process of the voice: reads an order (JSON) from standard input, writes one WAV file for each text.

espeak-ng 1.51 takes commands in a queue of its own and now and then loses one: a property keeps its old value, a text
comes out as an empty file. Both can be seen afterwards, so everything is checked and, where needed, done again.
"""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path
from typing import Any

import pyttsx3

# At full volume espeak-ng reaches full scale, and clips where two loud sounds meet.
_VOLUME = 0.8
_TRIES = 20


class Speaker:
    """One voice at one pace. Raises RuntimeError when espeak-ng does not obey."""

    def __init__(self, language: str, rate: int, scratch: Path) -> None:
        self._errors: list[Exception] = []
        self._engine: Any = pyttsx3.init("espeak")
        self._engine.connect("error", lambda name, exception: self._errors.append(exception))  # noqa: ARG005 - pyttsx3's names
        self._engine.setProperty("voice", language)
        for _ in range(_TRIES):
            self._engine.setProperty("rate", rate)
            self._engine.setProperty("volume", _VOLUME)
            # Properties hold from the next utterance on: only after one can they be read back.
            self.speak("a", scratch)
            if self._engine.getProperty("rate") == rate and self._engine.getProperty("volume") == _VOLUME:
                return
        raise RuntimeError(f"espeak-ng does not take the rate {rate} and the volume {_VOLUME}")

    def speak(self, text: str, file: Path) -> None:
        """Write the text as spoken to a WAV file. Raises RuntimeError when espeak-ng stays silent."""
        for _ in range(_TRIES):
            # One file per run: of several asked for before a run, pyttsx3 2.99 writes only the last.
            self._engine.save_to_file(text, str(file))
            self._engine.runAndWait()
            if self._errors:
                raise self._errors[0]
            if _has_sound(file):
                return
        raise RuntimeError(f"espeak-ng says nothing for {text!r}")


def _has_sound(file: Path) -> bool:
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getnframes() > 0
    except (FileNotFoundError, EOFError):
        return False


def main() -> None:
    """Speak `texts` in `language` at `rate` words a minute into `folder`/0.wav, 1.wav, ..."""
    order = json.load(sys.stdin)
    folder = Path(order["folder"])
    speaker = Speaker(order["language"], order["rate"], folder / "scratch.wav")
    for number, text in enumerate(order["texts"]):
        speaker.speak(text, folder / f"{number}.wav")


if __name__ == "__main__":
    main()
