"""vosk: streaming recognition, bound to the step's phrases. Runs in a worker process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import vosk

from ivr_engine.hearing import RATE, Guess

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ivr_engine.hearing import Kind

_UNKNOWN = ("[unk]", "<unk>", "<UNK>")
"""How models call whatever is none of their words."""
_DOUBTFUL, _CERTAIN = 0.8, 0.95
"""Beside a word heard for certain a doubtful one is a breath or a cough: with a grammar every noise is some word."""
_ALTERNATIVES = 3


class Vosk:
    """See hookspecs.Recogniser."""

    def __init__(self, folder: str, threads: int) -> None:  # noqa: ARG002 - vosk decodes in the thread that feeds it
        vosk.SetLogLevel(-1)
        self._model = vosk.Model(folder)
        self._unknown = [word for word in _UNKNOWN if self._model.vosk_model_find_word(word) >= 0]

    def unknown(self, phrases: Iterable[str]) -> list[str]:
        """See hookspecs.Recogniser."""
        words = dict.fromkeys(word for phrase in phrases for word in phrase.casefold().split())
        return [word for word in words if self._model.vosk_model_find_word(word) < 0]

    def listen(self, language: str, kind: Kind, phrases: tuple[str, ...]) -> VoskHearing:  # noqa: ARG002 - a model is of one language
        """A phrase with a word that the model does not know is left out: vosk would drop the word and hear the rest."""
        missing = set(self.unknown(phrases))
        grammar = [phrase.casefold() for phrase in phrases if not missing & set(phrase.casefold().split())]
        if not grammar:
            recogniser = vosk.KaldiRecognizer(self._model, RATE)
            recogniser.SetMaxAlternatives(_ALTERNATIVES)
        else:
            recogniser = vosk.KaldiRecognizer(self._model, RATE, json.dumps([*grammar, *self._unknown], ensure_ascii=False))
            recogniser.SetWords(True)
        return VoskHearing(recogniser)


class VoskHearing:
    """See hookspecs.Hearing."""

    def __init__(self, recogniser: vosk.KaldiRecognizer) -> None:
        self._recogniser = recogniser
        self._said: list[dict[str, object]] = []
        self._partial = ""

    def feed(self, samples: bytes) -> str | None:
        """See hookspecs.Hearing."""
        if self._recogniser.AcceptWaveform(samples):
            self._said.append(json.loads(self._recogniser.Result()))
            text = ""
        else:
            text = json.loads(self._recogniser.PartialResult()).get("partial", "")
        text = _known(" ".join([*(_best(result).text for result in self._said), text]))
        if text == self._partial:
            return None
        self._partial = text
        return text

    def finish(self) -> list[Guess]:
        """See hookspecs.Hearing."""
        self._said.append(json.loads(self._recogniser.FinalResult()))
        if len(self._said) == 1 and (alternatives := self._said[0].get("alternatives")):
            assert isinstance(alternatives, list)
            texts = [_known(str(alternative["text"])) for alternative in alternatives]
            return [Guess(text, 0.9) for text in dict.fromkeys(texts) if text]
        heard = [guess for guess in map(_best, self._said) if guess.text]
        text = _known(" ".join(guess.text for guess in heard))
        return [Guess(text, sum(guess.confidence for guess in heard) / len(heard))] if text else []


def _best(result: dict[str, object]) -> Guess:
    if alternatives := result.get("alternatives"):
        assert isinstance(alternatives, list)
        return Guess(str(alternatives[0]["text"]), 0.9)
    words = result.get("result") or []
    assert isinstance(words, list)
    certain = any(word["conf"] >= _CERTAIN and word["word"] not in _UNKNOWN for word in words)
    words = [word for word in words if not certain or word["conf"] >= _DOUBTFUL]
    if not words:
        return Guess("", 0.0)
    return Guess(" ".join(word["word"] for word in words), sum(word["conf"] for word in words) / len(words))


def _known(text: str) -> str:
    return " ".join(word for word in text.split() if word not in _UNKNOWN)
