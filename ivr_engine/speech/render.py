"""Make the sound files that are missing or no longer say their text."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ivr_engine.errors import Unavailable
from ivr_engine.speech.manifest import Entry, Manifest, said, sound_path, text_hash
from ivr_engine.speech.sound import finish, silence, write
from ivr_engine.speech.units import LANGUAGES, SILENCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ivr_engine.speech.catalogue import Catalogue
    from ivr_engine.speech.voice import Voice

Progress: TypeAlias = Callable[[int, int], None]
"""Told after every batch: sounds done, sounds to do."""

# Enough to pay for the start of a voice, few enough to share out evenly and to show progress.
_BATCH = 40


class _Batch(NamedTuple):
    language: str
    sounds: tuple[tuple[str, str], ...]  # name, text


def render(
    catalogue: Catalogue,
    folder: Path,
    voice: Voice,
    *,
    languages: Sequence[str] = LANGUAGES,
    workers: int = 2,
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Render what is missing or stale, in `workers` threads; returns how many sounds were made.

    What was made before a failure is kept and noted. Raises Unavailable when the voice fails, OSError when the folder
    cannot be written, Invalid when its list of sounds is damaged.
    """
    manifest = Manifest(folder)
    batches = [batch for language in languages for batch in _batches(manifest, catalogue, language, voice.name)]
    total = sum(len(batch.sounds) for batch in batches)
    done = 0
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(_speak, batch, folder, voice): batch for batch in batches}
        try:
            for future in as_completed(running):
                for name, entry in future.result().items():
                    manifest.add(running[future].language, voice.name, name, entry)
                done += len(running[future].sounds)
                progress(done, total)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            if done:
                manifest.save()
    return done


def _batches(manifest: Manifest, catalogue: Catalogue, language: str, voice: str) -> list[_Batch]:
    missing, changed = manifest.wanting(catalogue, language, voice)
    sounds = sorted({**missing, **changed}.items())
    return [_Batch(language, tuple(sounds[start : start + _BATCH])) for start in range(0, len(sounds), _BATCH)]


def _speak(batch: _Batch, folder: Path, voice: Voice) -> dict[str, Entry]:
    entries = {}
    spoken = [(name, text) for name, text in batch.sounds if text != SILENCE]
    for name, text in batch.sounds:
        if text == SILENCE:
            ms = write(sound_path(folder, batch.language, voice.name, name), silence())
            entries[name] = Entry(text_hash(batch.language, text), ms)
    speeches = voice.speak([said(batch.language, text) for _, text in spoken], batch.language)
    for (name, text), speech in zip(spoken, speeches, strict=True):
        try:
            samples = finish(speech)
        except ValueError as error:
            raise Unavailable(f"the voice {voice.name} says nothing for {name} ({batch.language})") from error
        ms = write(sound_path(folder, batch.language, voice.name, name), samples)
        entries[name] = Entry(text_hash(batch.language, text), ms)
    return entries
