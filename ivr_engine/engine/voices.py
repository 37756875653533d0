"""Callers' voices: recognisers, the media server and the sounds it sends, where the settings and this machine have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred

from ivr_engine.audiosocket.conversation import GRACE_S
from ivr_engine.audiosocket.media import Media
from ivr_engine.audiosocket.recordings import Recordings
from ivr_engine.audiosocket.server import MediaServer, MediaSettings
from ivr_engine.errors import Unavailable
from ivr_engine.exchange.virtual.clock import FastClock
from ivr_engine.speech.catalogue import PLAYED_UNDER
from ivr_engine.speech.manifest import sound_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from ivr_engine.config import Settings
    from ivr_engine.dialogue.model import Line
    from ivr_engine.exchange.virtual.clock import ExchangeClock
    from ivr_engine.exchange.virtual.voice import TextEars
    from ivr_engine.speech.catalogue import Lengths
    from ivr_engine.speech.ears.pool import ProcessEars

log = structlog.get_logger()


class Voices:
    """Starts and stops them. Without any of them the engine serves all callers by keys. `text`: in place of recognisers, for
    engines whose callers are scripts; what is not rendered is as long as `lengths` say then."""

    def __init__(
        self, settings: Settings, reactor: Any, clock: ExchangeClock, lengths: Lengths, text: TextEars | None = None
    ) -> None:
        self._settings, self._reactor, self._text = settings, reactor, text
        pace = _FastPace(clock) if isinstance(clock, FastClock) else None
        self.server = MediaServer(reactor, media_settings(settings), pace)
        find = finder(settings)
        self.recordings = Recordings(reactor, find) if text is None else Recordings(reactor, find, stand_in=lengths)
        self.ears: ProcessEars | None = None
        self.media: Media | None = None
        """None while nobody listens."""

    @property
    def engines(self) -> Mapping[str, str]:
        """What callers are heard with, by language; none where nobody listens."""
        return dict(self._settings.speech.ears) if self.media is not None else {}

    def start(self, lines: Iterable[Line]) -> None:
        """Listen, and begin to load the models; words of the lines' phrases that these cannot hear are logged.

        Raises Invalid when the settings name a recogniser that is none."""
        from ivr_engine.engine.ears import await_models, ears  # with numpy a tenth of a start; the port is open by now

        recognisers = ears(self._settings, self._reactor) if self._settings.audiosocket.enabled and self._text is None else None
        hearing = self._text or recognisers
        if hearing is None:
            return
        try:
            self.server.listen()
        except Unavailable as error:
            log.error("callers have keys alone", why=error.message, hint=error.hint)  # noqa: TRY400 - its trace tells nothing more
            return
        grace = self._settings.speech.deadline + GRACE_S
        self.ears = recognisers
        self.media = Media(self.server, hearing, self.recordings, self._reactor.seconds, grace)
        if self.ears is None:
            return
        self.ears.start()
        Deferred.fromCoroutine(await_models(self.ears, tuple(lines))).addErrback(
            lambda failure: log.error("callers have keys alone until it is mended", why=str(failure.value))
        )

    def stop(self) -> Deferred[None] | None:
        """Close the port and end the recognisers; fires when they have ended."""
        self.server.stop()
        return self.ears.stop() if self.ears is not None else None


class _FastPace:
    """Fast time as the pacer takes it."""

    def __init__(self, clock: FastClock) -> None:
        self.seconds, self.callLater = clock.now, clock.callLater


def media_settings(settings: Settings) -> MediaSettings:
    """The settings' own words."""
    site = dict(settings.audiosocket)
    site.pop("enabled")
    return MediaSettings(**site)


def finder(settings: Settings) -> Callable[[str, str], Path | None]:
    """Where a sound lies that is played under that name, in a language."""
    folder = settings.path(settings.prompts.folder)

    def find(language: str, file: str) -> Path | None:
        path = sound_path(folder, language, settings.prompts.voice_of(language), file.removeprefix(f"{PLAYED_UNDER}/"))
        return path if path.is_file() else None

    return find
