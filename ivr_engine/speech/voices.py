"""The voices the engine ships, given through the same hook as anybody's: espeak, kokoro (two of them in Italian), piper."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable
from ivr_engine.hookspecs import Speech, hookimpl
from ivr_engine.speech.models import installed
from ivr_engine.speech.voice import Pyttsx3Voice, read, run_child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ivr_engine.hookspecs import MakeVoice

_LANGUAGE_OF_ESPEAK = {"it": "it", "en": "en-us"}
# A child that takes longer is ended. Generous: a machine at sixteen times its load needed more than 1.8 s a character.
_START_S, _PER_CHARACTER_S = 300, 3.0


class _ModelVoice:
    """A voice with a model, read in a child process."""

    def __init__(self, name: str, models: Path, model: str, package: str, extra: str) -> None:
        self.name = name
        self._models, self._model, self._package, self._extra = models, model, package, extra

    def _order(self, language: str) -> tuple[str, dict[str, object]]:
        """The child's module and what it is told. Raises Unavailable for a language the voice does not speak."""
        raise NotImplementedError

    def speak(self, texts: Sequence[str], language: str) -> list[Speech]:
        """One Speech for each text. Raises Unavailable when model or package is missing, or the child fails."""
        module, order = self._order(language)
        model = installed(self._model, self._models)
        if importlib.util.find_spec(self._package) is None:
            raise Unavailable(f"the voice {self.name} needs {self._package}", f"pip install 'ivr-engine[{self._extra}]'")
        patience = _START_S + _PER_CHARACTER_S * sum(map(len, texts))
        hint = f"try: ivr models verify {self._model}; espeak-ng must be installed too"
        with TemporaryDirectory(prefix="ivr-voice-") as folder:
            run_child(module, {**order, "model": str(model), "texts": list(texts), "folder": folder}, patience, hint)
            return [read(Path(folder) / f"{number}.wav", text, hint) for number, text in enumerate(texts)]


class KokoroVoice(_ModelVoice):
    """The natural voice: Kokoro-82M. `speakers`: who speaks each language."""

    def __init__(self, models: Path, name: str = "kokoro", italian: str = "if_sara") -> None:
        super().__init__(name, models, "kokoro", "onnxruntime", "kokoro")
        self._speakers = {"it": italian, "en": "af_heart"}

    def _order(self, language: str) -> tuple[str, dict[str, object]]:
        if language not in self._speakers:
            raise Unavailable(f"the voice {self.name} does not speak {language!r}", f"it speaks {', '.join(self._speakers)}")
        speaker = {"voice": self._speakers[language], "language": _LANGUAGE_OF_ESPEAK[language], "speed": 1.0}
        return "ivr_engine.speech.kokoro", dict(speaker)


class PiperVoice(_ModelVoice):
    """Another natural voice, Italian only: piper-tts."""

    def __init__(self, models: Path) -> None:
        super().__init__("piper", models, "piper-it-paola", "piper", "piper")

    def _order(self, language: str) -> tuple[str, dict[str, object]]:
        if language != "it":
            raise Unavailable(f"the voice {self.name} does not speak {language!r}", "it speaks it")
        return "ivr_engine.speech.piper_reader", {}


@hookimpl
def ivr_voices() -> Mapping[str, MakeVoice]:
    """The shipped voices."""
    return {
        "espeak": lambda _models: Pyttsx3Voice(),
        "kokoro": KokoroVoice,
        "kokoro-nicola": partial(KokoroVoice, name="kokoro-nicola", italian="im_nicola"),
        "piper": PiperVoice,
    }
