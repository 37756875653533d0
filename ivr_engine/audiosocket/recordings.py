"""Sound files as ready packets: read outside the reactor's thread, the most recent kept."""

from __future__ import annotations

import wave
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from twisted.internet.threads import deferToThreadPool

from ivr_engine.audiosocket.wire import frames
from ivr_engine.hearing import RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

log = structlog.get_logger()

MOST_BYTES = 64 * 1024 * 1024
"""About an hour of sounds."""
_LONGEST_S = 600
_RATES = (RATE, 2 * RATE)


class Recorded(NamedTuple):
    """A sound that is ready to be sent; `ms` is its true length."""

    packets: tuple[bytes, ...]
    ms: int


class Recordings:
    """`find`: where a sound lies, by language and the name it is played under; None when there is none. `stand_in`: how many
    milliseconds of a hum take the place of such a one, for engines whose callers are scripts."""

    def __init__(
        self,
        reactor: Any,
        find: Callable[[str, str], Path | None],
        most_bytes: int = MOST_BYTES,
        stand_in: Callable[[str, str], int | None] = lambda _language, _file: None,
    ) -> None:
        self._reactor, self._find, self._most_bytes, self._stand_in = reactor, find, most_bytes, stand_in
        self._kept: OrderedDict[tuple[str, str], Recorded] = OrderedDict()
        self._bytes = 0

    async def load(self, language: str, files: Sequence[str]) -> list[Recorded | None]:
        """The sounds in order, None for each that is not there or no telephone sound. Never raises."""
        wanted = [file for file in dict.fromkeys(files) if (language, file) not in self._kept]
        read = {}
        if wanted:
            read = await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._read, language, wanted)
        found = [self._kept.get((language, file)) or read.get(file) for file in files]
        for file in files:
            if (language, file) in self._kept:
                self._kept.move_to_end((language, file))
        for file, recorded in read.items():
            if recorded is not None:
                self._keep((language, file), recorded)
        return found

    def forget(self) -> None:
        """Files may have changed."""
        self._kept.clear()
        self._bytes = 0

    def _read(self, language: str, files: Sequence[str]) -> dict[str, Recorded | None]:
        return {file: self._one(language, file) for file in files}

    def _one(self, language: str, file: str) -> Recorded | None:
        path = self._find(language, file)
        if path is None:
            ms = self._stand_in(language, file)
            return None if ms is None else Recorded(tuple(frames(b"\x01\x00" * (RATE // 1000 * ms))), ms)
        try:
            with wave.open(str(path), "rb") as sound:
                rate, shape = sound.getframerate(), (sound.getnchannels(), sound.getsampwidth())
                if shape != (1, 2) or rate not in _RATES:
                    log.warning(
                        "a sound cannot be sent: it must be 8 or 16 kHz, 16 bit, mono", file=str(path), is_=(*shape, rate)
                    )
                    return None
                samples = sound.readframes(_LONGEST_S * rate)
        except (OSError, EOFError, wave.Error) as error:
            log.warning("a sound cannot be read", file=str(path), why=str(error))
            return None
        if rate != RATE:
            import numpy as np  # most sites' sounds need neither
            import soxr

            samples = soxr.resample(np.frombuffer(samples, "<i2"), rate, RATE).astype("<i2").tobytes()
        return Recorded(tuple(frames(samples)), len(samples) // 2 * 1000 // RATE)

    def _keep(self, name: tuple[str, str], recorded: Recorded) -> None:
        if name not in self._kept:
            self._kept[name] = recorded
            self._bytes += sum(map(len, recorded.packets))
        while self._bytes > self._most_bytes and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= sum(map(len, oldest.packets))
