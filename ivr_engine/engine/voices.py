"""Callers' voices: recognisers, the media server and the sounds it sends, where the settings and this machine have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from ivr_engine.audiosocket.conversation import GRACE_S
from ivr_engine.audiosocket.media import Media
from ivr_engine.audiosocket.recordings import Recordings
from ivr_engine.audiosocket.server import MediaServer, MediaSettings
from ivr_engine.engine.ears import ears
from ivr_engine.errors import Unavailable
from ivr_engine.speech.catalogue import PLAYED_UNDER
from ivr_engine.speech.manifest import sound_path
from ivr_engine.speech.voice import Pyttsx3Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from twisted.internet.defer import Deferred

    from ivr_engine.config import Settings
    from ivr_engine.speech.ears.pool import ProcessEars

log = structlog.get_logger()


class Voices:
    """Starts and stops them. Without any of them the engine serves all callers by keys."""

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self._settings = settings
        self.ears: ProcessEars | None = ears(settings, reactor) if settings.audiosocket.enabled else None
        self.server = MediaServer(reactor, media_settings(settings))
        self.recordings = Recordings(reactor, finder(settings))
        grace = settings.speech.deadline + GRACE_S
        self.media = None if self.ears is None else Media(self.server, self.ears, self.recordings, reactor.seconds, grace)

    @property
    def engines(self) -> Mapping[str, str]:
        """What callers are heard with, by language; none where nobody listens."""
        return dict(self._settings.speech.ears) if self.media is not None else {}

    def start(self) -> None:
        """Listen, and begin to load the models."""
        if self.ears is None:
            return
        try:
            self.server.listen()
        except Unavailable as error:
            log.error("callers have keys alone", why=error.message, hint=error.hint)  # noqa: TRY400 - its trace tells nothing more
            self.media = None
            return
        self.ears.start()
        self.ears.ready().addCallbacks(
            lambda _: log.info("callers are heard", languages=sorted(self.engines)),
            lambda failure: log.error("callers have keys alone until it is mended", why=str(failure.value)),
        )

    def stop(self) -> Deferred[None] | None:
        """Close the port and end the recognisers; fires when they have ended."""
        self.server.stop()
        return self.ears.stop() if self.ears is not None else None


def media_settings(settings: Settings) -> MediaSettings:
    """The settings' own words."""
    site = dict(settings.audiosocket)
    site.pop("enabled")
    return MediaSettings(**site)


def finder(settings: Settings) -> Callable[[str, str], Path | None]:
    """Where a sound lies that is played under that name, in a language."""
    folder = settings.path(settings.prompts.folder)

    def find(language: str, file: str) -> Path | None:
        path = sound_path(folder, language, Pyttsx3Voice.name, file.removeprefix(f"{PLAYED_UNDER}/"))
        return path if path.is_file() else None

    return find
