"""Puts it together: looks at the engine every few seconds, and answers who asks."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.defer import Deferred, maybeDeferred

from ivr_engine.clock import instant
from ivr_engine.errors import Unavailable
from ivr_engine.observe import server, trail
from ivr_engine.observe.alarms import Alarms
from ivr_engine.observe.faults import Faults
from ivr_engine.observe.memory import resident_mib
from ivr_engine.observe.metrics import Metrics
from ivr_engine.observe.pager import channels, notice_of

if TYPE_CHECKING:
    from ivr_engine.observe.alarms import Alarm
    from ivr_engine.observe.subject import Subject

log = structlog.get_logger()


class Observer:
    """Its own faults cost nothing but a line in the log."""

    def __init__(self, subject: Subject) -> None:
        self._subject, settings = subject, subject.settings.alarms
        self.alarms = Alarms(settings.after, settings.well_after)
        self._faults = Faults(subject)
        self._channels = channels(subject.reactor, settings.command, settings.web_hook)
        self._metrics = Metrics(subject, self.alarms.raised)
        self._timer: Any = None
        self._port: Any = None
        self._stopped = False
        trail.follow(subject.feed)

    def start(self) -> int | None:
        """Begin to look; the port in use, None when none is wanted or it cannot be had, which stops no call."""
        self._look()
        if not self._subject.settings.observe.enabled:
            return None
        try:
            self._port = server.listen(
                self._subject.reactor, self._subject.settings.observe, self._metrics.exposition, self.health, self.ready
            )
        except Unavailable as error:
            log.error("no metrics", why=error.message, hint=error.hint)  # noqa: TRY400 - its trace tells nothing more
            return None
        port: int = self._port.getHost().port
        log.info("metrics are told", host=self._subject.settings.observe.host, port=port)
        return port

    async def stop(self) -> None:
        """Look no more, and close the port."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._port is not None:
            await maybeDeferred(self._port.stopListening)

    def health(self) -> tuple[int, str, bytes]:
        """/healthz: the process is there and its reactor turns, else nobody would answer."""
        return server.as_json(200, status="ok")

    def ready(self) -> tuple[int, str, bytes]:
        """/readyz: calls are taken, what happens in them is kept, and there is memory for more."""
        subject = self._subject
        parts = {
            "calls": subject.server.takes_calls(),
            "spool": not subject.store.spool.statistics().in_memory,
            "memory": resident_mib() <= subject.settings.alarms.memory_mib,
        }
        ready = all(parts.values())
        return server.as_json(200 if ready else 503, ready=ready, **parts, alarms=self.alarms.raised())

    def _look(self) -> None:
        self._timer = None
        looked = Deferred.fromCoroutine(self._check())
        looked.addErrback(lambda failure: log.error("looking for faults failed", exc_info=failure.value))
        looked.addBoth(lambda _none: self._again())

    def _again(self) -> None:
        if not self._stopped:
            self._timer = self._subject.reactor.callLater(self._subject.settings.alarms.every, self._look)

    async def _check(self) -> None:
        faults = await self._faults.now(self.alarms.raised())
        for alarm in self.alarms.look(self._subject.reactor.seconds(), faults):
            self._tell(alarm)
        for channel in self._channels:
            channel.again()

    def _tell(self, alarm: Alarm) -> None:
        how, level = ("raised", log.error) if alarm.raised else ("taken back", log.info)
        level(f"alarm {how}", component=alarm.component, why=alarm.why, lasted_s=round(alarm.lasted))
        notice = notice_of(
            alarm=alarm.component,
            state="raised" if alarm.raised else "cleared",
            why=alarm.why,
            at=instant(self._subject.clock.now()).isoformat(timespec="seconds"),
            lasted_s=round(alarm.lasted),
            host=socket.gethostname(),
        )
        for channel in self._channels:
            channel.send(notice)
