"""Make the sound files that are missing or no longer say their text."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import structlog

from ivr_engine.errors import Unavailable
from ivr_engine.speech.catalogue import CORE
from ivr_engine.speech.manifest import SPARE, Entry, Manifest, sound_path, text_hash
from ivr_engine.speech.normal import spoken
from ivr_engine.speech.shipped import shipped
from ivr_engine.speech.sound import RATE, finish, silence, write
from ivr_engine.speech.units import LANGUAGES, SILENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ivr_engine.hookspecs import Speech, Voice
    from ivr_engine.speech.catalogue import Catalogue

log = structlog.get_logger()

Progress: TypeAlias = Callable[[int, int], None]
"""Told after every batch: sounds done, sounds to do."""

# Enough to pay for the start of a voice, few enough to share out evenly, to show progress and to lose little.
_BATCH = 20
_FIRST = {"units": 0, CORE: 1}


class _Batch(NamedTuple):
    language: str
    sounds: tuple[tuple[str, str], ...]  # name, text; all sounds of one text lie together


def render(
    catalogue: Catalogue,
    folder: Path,
    voice: Voice,
    *,
    spare: Voice | None = None,
    languages: Sequence[str] = LANGUAGES,
    rate: int = RATE,
    workers: int = 2,
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Render what is missing or stale, in `workers` threads, at `rate` samples a second; returns how many sounds were made.

    What the voice was shipped with is taken as it is; the rest it speaks. Where it cannot, `spare` does, in the voice's own
    folder, and gives twins to the sounds that may stand beside its own, so that no prompt is said by two voices. Recordings are
    left alone.
    What was made before a failure is kept and noted. Raises Unavailable when the last voice asked fails, OSError when the
    folder cannot be written, Invalid when its list of sounds is damaged.
    """
    manifest = Manifest(folder)
    for language in languages:
        manifest.note_recordings(catalogue, language, voice.name, rate)
    work = _Work(manifest, catalogue, rate, workers, progress, set())
    try:
        wanted = {language: _wanted(manifest, catalogue, language, voice, spare) for language in languages}
        done = work.make(voice, wanted, spare)
        if spare is not None and spare.name != voice.name:
            twins = {language: _twins(manifest, catalogue, language, voice, spare) for language in languages}
            done += work.make(spare, twins, None, voice.name)
    finally:
        manifest.save()
    return done


def _wanted(manifest: Manifest, catalogue: Catalogue, language: str, voice: Voice, spare: Voice | None) -> dict[str, str]:
    """What is missing or changed, and what only the spare voice could say when it was last tried."""
    missing, changed = manifest.wanting(catalogue, language, voice.name)
    wanted = {**missing, **changed}
    if spare is not None and spare.name != voice.name:
        for name, text in catalogue.sounds(language).items():
            entry = manifest.entry(language, voice.name, name)
            if entry is not None and entry.by == spare.name:
                wanted[name] = text
    return wanted


def _twins(manifest: Manifest, catalogue: Catalogue, language: str, voice: Voice, spare: Voice) -> dict[str, str]:
    """The twins to make, by name: of what the voice said itself and may be said together with what it could not say."""
    together = catalogue.together(language)
    sounds = {name: text for name, text in catalogue.sounds(language).items() if text != SILENCE and name in together}
    said_by = {name: entry.by for name in sounds if (entry := manifest.entry(language, voice.name, name))}
    if spare.name not in said_by.values():
        return {}
    twins = {}
    for name in (name for name, by in said_by.items() if by == voice.name):
        entry = manifest.entry(language, voice.name, f"{SPARE}{name}")
        there = sound_path(manifest.folder, language, voice.name, f"{SPARE}{name}").is_file()
        if not there or entry is None or entry.text != text_hash(language, sounds[name]):
            twins[f"{SPARE}{name}"] = sounds[name]
    return twins


class _Work(NamedTuple):
    """One rendering under way."""

    manifest: Manifest
    catalogue: Catalogue
    rate: int
    workers: int
    progress: Progress
    told: set[str]

    def make(self, voice: Voice, wanted: Mapping[str, Mapping[str, str]], spare: Voice | None, into: str = "") -> int:
        """Have the voice say these texts, by language and name, into its folder or another's."""
        into = into or voice.name
        batches = [batch for language, sounds in wanted.items() for batch in _batches(language, sounds)]
        total, done = sum(len(batch.sounds) for batch in batches), 0
        with ThreadPoolExecutor(self.workers) as pool:
            running = {pool.submit(self._speak, batch, voice, spare, into): batch for batch in batches}
            try:
                for future in as_completed(running):
                    made = future.result()
                    for name, entry in made.items():
                        self.manifest.add(running[future].language, into, name, entry)
                    done += len(made)
                    if made:
                        self.manifest.save()
                        self.progress(done, total)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        return done

    def _speak(self, batch: _Batch, voice: Voice, spare: Voice | None, into: str) -> dict[str, Entry]:
        """The batch's sounds as files; what only the spare voice could say again, as it did before, is left as it is."""
        language, by = batch.language, voice.name
        ready = {name: shipped(language, voice.name, text) for name, text in batch.sounds if text != SILENCE}
        asked = [(name, text) for name, text in batch.sounds if text != SILENCE and ready[name] is None]
        said_by = dict.fromkeys((name for name, _ in batch.sounds), by)
        try:
            ready |= _said(voice, language, asked)
        except Unavailable as error:
            if spare is None or spare.name == voice.name:
                raise
            if str(error) not in self.told:
                self.told.add(str(error))
                log.warning("another voice speaks in its place", voice=voice.name, spare=spare.name, reason=str(error))
            asked = [(name, text) for name, text in asked if not self._said_before(language, into, name, text, spare)]
            ready |= _said(spare, language, asked)
            said_by |= dict.fromkeys((name for name, _ in asked), spare.name)
        entries = {}
        for name, text in batch.sounds:
            speech = ready.get(name)
            if speech is None and text != SILENCE:
                continue
            try:
                samples = finish(speech, self.rate) if speech is not None else silence(self.rate)
            except ValueError as error:
                raise Unavailable(f"the voice {said_by[name]} says nothing for {name} ({language})") from error
            ms = write(sound_path(self.manifest.folder, language, into, name), samples, self.rate)
            entries[name] = Entry(text_hash(language, text), ms, said_by[name])
        return entries

    def _said_before(self, language: str, into: str, name: str, text: str, spare: Voice) -> bool:
        entry = self.manifest.entry(language, into, name)
        there = sound_path(self.manifest.folder, language, into, name).is_file()
        return there and entry is not None and (entry.text, entry.by) == (text_hash(language, text), spare.name)


def _said(voice: Voice, language: str, sounds: Sequence[tuple[str, str]]) -> dict[str, Speech]:
    """Each sound (name, text) as the voice says it; what several say is said once."""
    texts = {name: spoken(language, text) for name, text in sounds}
    asked = list(dict.fromkeys(texts.values()))
    said = dict(zip(asked, voice.speak(asked, language), strict=True)) if asked else {}
    return {name: said[text] for name, text in texts.items()}


def _batches(language: str, sounds: Mapping[str, str]) -> list[_Batch]:
    """Units and the engine's own prompts first: every call needs them. Words of a kind, and sounds of one text, lie together."""
    ordered = sorted(sounds.items(), key=lambda sound: (_FIRST.get(sound[0].split("/")[0], 9), sound[0]))
    by_text: dict[str, list[tuple[str, str]]] = {}
    for name, text in ordered:
        by_text.setdefault(text, []).append((name, text))
    alike = list(by_text.values())
    return [
        _Batch(language, tuple(sound for some in alike[start : start + _BATCH] for sound in some))
        for start in range(0, len(alike), _BATCH)
    ]
