"""Child process of the voice piper: reads an order (JSON) from standard input, writes one WAV file for each text."""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path

from piper import PiperVoice


def main() -> None:
    """Speak `texts` into `folder`/0.wav, 1.wav, ... with the voice in the folder `model`."""
    order = json.load(sys.stdin)
    voice = PiperVoice.load(str(Path(order["model"]) / "voice.onnx"))
    for number, text in enumerate(order["texts"]):
        with wave.open(str(Path(order["folder"]) / f"{number}.wav"), "wb") as sound:
            voice.synthesize_wav(text, sound)


if __name__ == "__main__":
    main()
