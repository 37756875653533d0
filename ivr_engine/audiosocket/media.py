"""What a call needs to listen: recognisers, sounds, and the media server, as one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ivr_engine.audiosocket.conversation import GRACE_S, Conversation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ivr_engine.audiosocket.recordings import Recordings
    from ivr_engine.audiosocket.server import MediaServer
    from ivr_engine.calls import Listening
    from ivr_engine.hearing import Ears

log = structlog.get_logger()

REST_S = 30.0
"""Seconds that calls do without speech after a media connection did not come: nobody waits for a firewall twice."""


class Media:
    """Begins conversations. `seconds`: the reactor's time; `grace_s`: what a recogniser may take after the longest speech."""

    def __init__(
        self,
        server: MediaServer,
        ears: Ears,
        recordings: Recordings,
        seconds: Callable[[], float],
        grace_s: float = GRACE_S,
    ) -> None:
        self._grace_s = grace_s
        self.server, self._ears, self._recordings, self._seconds = server, ears, recordings, seconds
        self._resting_until = 0.0

    @property
    def reachable(self) -> bool:
        """Whether the exchange's connections have been coming."""
        return self._seconds() >= self._resting_until

    def rest(self, why: str) -> None:
        """The exchange did not connect."""
        if self.reachable:
            log.error("no media connection: callers have keys alone for a while", why=why, address=self.server.address)
        self._resting_until = self._seconds() + REST_S

    async def begin(self, language: str, files: Sequence[str], keys: str, listening: Listening) -> Conversation | None:
        """A conversation that is ready for the exchange to connect; None when nobody can listen now."""
        if not self.server.has_room:
            return None
        recordings = await self._recordings.load(language, files)
        conversation = Conversation(recordings, keys, listening, self._grace_s)
        conversation.files = tuple(files)
        ear = self._ears.open(listening.expectation, conversation.told)
        if ear is None:
            return None
        conversation.listen_with(ear)
        return conversation
