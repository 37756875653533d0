"""Whisper through faster-whisper: an utterance at a time, biased with the step's phrases. Runs in a worker process."""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from ivr_engine.hearing import RATE, Guess

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ivr_engine.hearing import Kind

_WHISPER_RATE = 16000
_BEAM = 4
_GUESSES = 3
_TOKENS = {"open": 60, "spelled": 80, "digits": 60}
_TOKENS_ELSE = 24
"""A choice is short; whisper goes round and round in what is not speech."""
_TOKENS_BOUND = 60
"""Numbers in words take more than figures."""
_BIASED = frozenset({"phrases", "yes_no"})
"""Where few phrases are expected, they are held before it; a list of all towns or numbers leads it astray."""
_BOUND = frozenset({"digits", "date"})
"""Heard once more, in the words of what is expected and no others: of its own accord it writes "0.257" where "zero, due,
cinquanta, sette" was said. So is a choice that came out as no phrase at all."""
_NO_SPEECH, _UNSURE = 0.75, -1.0
"""It was no speech when whisper says so and is unsure of its words, too (mean logarithm of a token's probability)."""
_PAD_S = 0.3
"""Silence at both ends: whisper drops a word that is cut off sharply."""
_FRAMES_A_SECOND = 100
_LEAST_FRAMES = 500
_LEVEL = 0.1
"""What the loudest tenth of a second is brought to (root mean square, 1.0 is full scale): telephones are quiet."""


class Whisper:
    """See hookspecs.Recogniser. The model hears every language whisper knows."""

    def __init__(self, folder: str, threads: int) -> None:
        self._model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)

    def unknown(self, phrases: Iterable[str]) -> list[str]:  # noqa: ARG002 - it writes whatever it hears, letter by letter
        """See hookspecs.Recogniser."""
        return []

    def listen(self, language: str, kind: Kind, phrases: tuple[str, ...]) -> WhisperHearing:
        """See hookspecs.Recogniser."""
        return WhisperHearing(self._model, language, kind, phrases)


class WhisperHearing:
    """See hookspecs.Hearing."""

    def __init__(self, model: WhisperModel, language: str, kind: Kind, phrases: tuple[str, ...]) -> None:
        self._model, self._kind, self._phrases = model, kind, phrases
        self._tokenizer = Tokenizer(model.hf_tokenizer, multilingual=True, task="transcribe", language=language)
        self._samples = bytearray()
        self._encoded: Any = None
        self._ready: list[Guess] | None = None

    def feed(self, samples: bytes) -> None:
        """See hookspecs.Hearing: it hears nothing before the end."""
        self._samples += samples

    def pause(self) -> None:
        """See hookspecs.Anticipating."""
        self._ready = self._hear()

    def resume(self) -> None:
        """See hookspecs.Anticipating."""
        self._ready = None

    def finish(self) -> list[Guess]:
        """See hookspecs.Hearing."""
        heard = self._hear() if self._ready is None else self._ready
        if self._kind in _BIASED and heard and not self._is_phrase(heard):  # not at a pause: half a phrase is none either
            return self._beside_bound(heard)
        return heard

    def _hear(self) -> list[Guess]:
        """What was heard with the phrases in mind first, then what is heard without: the two agree when one of them was said."""
        self._encoded = encoded = self._model.encode(self._features())
        biased, speech = self._decode(encoded, hotwords=", ".join(self._phrases)) if self._kind in _BIASED else ([], 1.0)
        plain, speech = self._decode(encoded) if speech else ([], speech)
        free = [guess for guess in (*biased, *plain) if guess.text] if speech else []
        return self._beside_bound(free) if free and self._kind in _BOUND else free

    def _beside_bound(self, free: list[Guess]) -> list[Guess]:
        """With what is heard in no words but the expected ones, guess by guess. A choice heard only so may be anything that was
        said: without confidence of its own it is asked about, never taken."""
        bound, _ = self._decode(self._encoded, most=_TOKENS_BOUND, suppressed=self._other_tokens())
        if self._kind in _BIASED:
            bound = [Guess(guess.text, 0.0) for guess in bound]
        return [guess for pair in zip_longest(free, bound) for guess in pair if guess and guess.text]

    def _is_phrase(self, guesses: list[Guess]) -> bool:
        return not {core(phrase) for phrase in self._phrases}.isdisjoint(core(guess.text) for guess in guesses)

    def _other_tokens(self) -> list[int]:
        """Those that no expected phrase is written with. Of choices alone whisper makes a sentence with a capital."""
        capital = [phrase.capitalize() for phrase in self._phrases if self._kind in _BIASED]
        written = (f"{lead}{phrase}" for phrase in (*self._phrases, *capital) for lead in (" ", ""))
        own = {token for text in (*written, " ", ",") for token in self._tokenizer.encode(text)} | {self._tokenizer.eot}
        return [token for token in range(self._model.hf_tokenizer.get_vocab_size()) if token not in own]

    def _features(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The sounds, and only so much silence behind them as whisper needs: it would work through 30 s of it otherwise."""
        features = self._model.feature_extractor(_prepared(bytes(self._samples)))
        sounds = min(features.shape[1], int((len(self._samples) / 2 / RATE + 2 * _PAD_S) * _FRAMES_A_SECOND))
        most = self._model.feature_extractor.nb_max_frames
        frames = min(most, max(_LEAST_FRAMES, sounds + _FRAMES_A_SECOND))
        whole: np.ndarray[Any, np.dtype[np.float32]] = np.full((features.shape[0], frames), features.min(), np.float32)
        whole[:, : min(frames, sounds)] = features[:, : min(frames, sounds)]
        return whole

    def _decode(
        self, encoded: Any, *, hotwords: str = "", most: int = 0, suppressed: Sequence[int] = (-1,)
    ) -> tuple[list[Guess], float]:
        """The guesses, and how likely it is that it was speech at all (0 when it was none)."""
        prompt = self._model.get_prompt(self._tokenizer, [], without_timestamps=True, hotwords=hotwords or None)
        (result,) = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=_BEAM,
            num_hypotheses=_GUESSES,
            max_length=len(prompt) + (most or _TOKENS.get(self._kind, _TOKENS_ELSE)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=suppressed,
        )
        if result.no_speech_prob > _NO_SPEECH and max(result.scores) < _UNSURE:
            return [], 0.0
        found: dict[str, Guess] = {}
        for tokens, score in zip(result.sequences_ids, result.scores, strict=True):
            text = self._tokenizer.decode(tokens).strip()
            if self._kind in _BIASED:
                text = once(text)
            same = found.get(core(text), Guess(text, 0.0))
            found[core(text)] = Guess(same.text, min(1.0, same.confidence + math.exp(score)))
        return list(found.values()), 1 - result.no_speech_prob


def core(text: str) -> str:
    """Its letters and figures alone."""
    return "".join(c for c in text.casefold() if c.isalnum())


def once(text: str) -> str:
    """A text that is one saying over and over, as whisper makes of short audio, said once; its last round may be cut off."""
    words = [core(word) for word in text.split()]
    for length in range(1, len(words) // 2 + 1):
        if all(
            words[at % length].startswith(word) if at == len(words) - 1 else words[at % length] == word
            for at, word in enumerate(words)
        ):
            return " ".join(text.split()[:length])
    return text


def _prepared(samples: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """16 kHz float samples at one loudness, with a little silence behind."""
    wave = np.frombuffer(samples, "<i2").astype(np.float32) / 32768
    window = RATE // 10
    if len(wave) >= window:
        loudest = math.sqrt(max(float(np.mean(wave[at : at + window] ** 2)) for at in range(0, len(wave) - window + 1, window)))
        wave = np.clip(wave * min(8.0, _LEVEL / max(loudest, 1e-4)), -1, 1)
    resampled: np.ndarray[tuple[int], np.dtype[np.float32]] = soxr.resample(wave, RATE, _WHISPER_RATE)
    silence = np.zeros(int(_WHISPER_RATE * _PAD_S), np.float32)
    return np.concatenate([silence, resampled, silence])
