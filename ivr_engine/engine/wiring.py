"""Everything an engine is made of, put together once; wrong wiring fails at start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import structlog
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from ivr_engine import control
from ivr_engine.agi.server import AgiServer, AgiSettings
from ivr_engine.dialogue.diversion import Limits
from ivr_engine.dialogue.runner import House
from ivr_engine.engine.answers import articles_of
from ivr_engine.engine.voices import Voices
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.events import QueueLeft
from ivr_engine.exchange.virtual.clock import RealClock
from ivr_engine.plugins.pool import Pools
from ivr_engine.records import users
from ivr_engine.records.notices import Notices
from ivr_engine.records.store import Store
from ivr_engine.records.utterances import Utterances
from ivr_engine.reports.presence import Presence
from ivr_engine.reports.watch import FiguresWatch
from ivr_engine.routing.board import Board
from ivr_engine.routing.callers import KnownCallers
from ivr_engine.routing.contacts import Book, OpenContacts
from ivr_engine.routing.desk import Desk
from ivr_engine.routing.feed import Feed, OpenCase
from ivr_engine.routing.follow import Follower
from ivr_engine.routing.hours import LineHours
from ivr_engine.routing.link import Link
from ivr_engine.routing.operators import SIGNED_IN, Changes, Operators, Seat
from ivr_engine.routing.reception import Reception, Serving
from ivr_engine.routing.roll_call import RollCall
from ivr_engine.routing.topics import ArticleTopics
from ivr_engine.routing.wait import Waits
from ivr_engine.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ivr_engine.config import Settings
    from ivr_engine.console.app import Console
    from ivr_engine.engine.lines import Lines
    from ivr_engine.engine.publication import Publication
    from ivr_engine.exchange.interface import Member, QueueState, Sign
    from ivr_engine.exchange.virtual.clock import ExchangeClock
    from ivr_engine.exchange.virtual.voice import TextEars
    from ivr_engine.observe.observer import Observer
    from ivr_engine.records.cases import CaseTouched
    from ivr_engine.speech.catalogue import Catalogue

log = structlog.get_logger()

_DUE_S = 600.0  # seconds between two looks for answers whose day has come


class Engine:
    """One engine. `clock` is the virtual exchange's, which the engine then shares; `publication` is where it looks what is
    published when it is told to. `wired`: the virtual exchange reaches it without sockets. `store`: another than the one
    of the settings' folder. Raises IvrError when it cannot be built."""

    def __init__(
        self,
        settings: Settings,
        lines: Lines,
        reactor: Any,
        *,
        clock: ExchangeClock | None = None,
        notices: Notices | None = None,
        publication: Publication | None = None,
        wired: bool = False,
        store: Store | None = None,
        text_ears: TextEars | None = None,
    ) -> None:
        self.settings, self.lines, self.reactor, self.wired = settings, lines, reactor, wired
        self.publication = publication
        self._spoken: WeakSet[Catalogue] = WeakSet([lines.catalogue])
        self.clock = clock or RealClock(reactor)
        self.feed = Feed()
        self.changes = Changes()
        self.contacts = OpenContacts()
        self._numbers, self._queues = lines.numbers(), lines.queues()
        self.store = store or Store(settings.path(settings.engine.data), self._committed)
        self._utterances = Utterances(self.store.writer)
        self.book = Book(self.store.spool, self.feed)
        self.pools = Pools(lines.functions, reactor, settings.plugins.threads, settings.plugins.limit)
        self.board = Board(notices or Notices())
        self.pools.switch_off(self.board.notices.off)
        self.waits = Waits(reactor, self.clock, self.queue_state)
        self.feed.subscribe(self.waits.take, kinds=(QueueLeft,))
        self.voices = Voices(settings, reactor, self.clock, self.sound_length, text_ears)
        self.serving = self._serve(lines)
        self.reception = Reception(
            reactor=reactor,
            exchange=settings.exchange.kind,
            clock=self.clock,
            book=self.book,
            contacts=self.contacts,
            serving=lambda: self.serving,
            caller_key=self.store.caller_key,
            answer_share=settings.engine.answer_share,
            look=lambda: self.follower.look(),  # noqa: PLW0108 - there is no follower before the exchange
            media=lambda: self.voices.media,
        )
        self.server = AgiServer(reactor, AgiSettings(**dict(settings.agi)), self.reception.handle)
        self.operators = Operators(self.clock, self._staff, self.changes.tell)
        self.desk = Desk(reactor, self.clock, self.contacts, self.feed, self._look_up, self.operators)
        self.changes.subscribe(Presence(self.store, self.clock).take)
        self.changes.subscribe(self._sat_down)
        self.figures = FiguresWatch(reactor, self.store, self.clock)
        self.watchdog = Watchdog(reactor, settings.engine.watchdog, self.store.folder / "blocked.txt")
        self.link = Link()
        self._control: Any = None
        self._due = LoopingCall(lambda: Deferred.fromCoroutine(self._publish_due()))
        self._due.clock = reactor
        self.console: Console | None = None

    def start(self) -> None:
        """Open the store, listen, follow what an earlier engine left. Raises Unavailable."""
        try:
            self.store.start()
            self._publish_articles()
            self.port = self.server.listen()
            # Loaded once the port is open: none of it is needed to take a call.
            from ivr_engine.engine.commands import commands
            from ivr_engine.engine.exchanges import asterisk_exchange, virtual_exchange
            from ivr_engine.engine.watch import observer

            self.observer: Observer = observer(self)
            self.voices.start(self.lines.lines.values())
            self.serving = self._serve(self.lines)  # with the recognisers that are there
            self.exchange = (
                virtual_exchange(self, self._numbers)
                if self.settings.exchange.kind == "virtual"
                else asterisk_exchange(self.settings, self.reactor)
            )
            self.follower = Follower(
                reactor=self.reactor,
                clock=self.clock,
                exchange=self.exchange,
                contacts=self.contacts,
                book=self.book,
                store=self.store,
                queues=self._queues,
                caller_key=self.store.caller_key,
                answer_share=self.settings.engine.answer_share,
                every=self.settings.asterisk.ledger_every,
                talks=self.desk.talks,
                missed=self.operators.take,
            )
            self.roll_call = RollCall(self.reactor, self.exchange, self.operators, self._with_desk, self._staff)
            self.follower.mark_beginning()
            self._control = control.listen(self.reactor, self.store.folder, commands(self))
            self.watchdog.start()
            self.exchange.start(self._sign)
            self.console_port = self._open_console()
            self.observe_port = self.observer.start()
        except BaseException:
            self.watchdog.stop()
            self.voices.stop()
            self.server.stop()
            self.store.close()
            raise
        self.follower.start()
        self._due.start(_DUE_S).addErrback(
            lambda failure: log.error("due answers are looked for no more", why=str(failure.value))
        )
        self.figures.start()

    def _open_console(self) -> int | None:
        """Calls come first: without its console the engine serves them all the same."""
        if not self.settings.console.enabled or self.publication is None:
            return None
        from ivr_engine.engine.office import console  # a quarter of all there is to import, and calls do not need it

        self.console = console(self)
        try:
            return self.console.listen()
        except Unavailable as error:
            log.error("no console", why=error.message, hint=error.hint)  # noqa: TRY400 - its trace tells nothing more
            return None

    async def reload(self) -> dict[str, int]:
        """Serve what is published now to calls that arrive from now on; line → version. Raises IvrError, and changes nothing."""
        if self.publication is None:
            raise IvrError("this engine serves the lines' own files", "start it with `ivr serve`")
        lines, notices = await deferToThread(self.publication.published, self.clock.now())
        self.board.put(notices)
        self.pools.switch_off(notices.off)
        self.lines = lines
        self.voices.recordings.forget()
        self._spoken.add(lines.catalogue)
        self.serving = self._serve(lines)
        _become(self._numbers, self.serving.numbers)
        _become(self._queues, lines.queues())
        log.info("lines are served anew", versions=dict(lines.versions))
        return dict(lines.versions)

    async def _publish_due(self) -> None:
        """Answers that were approved for a day that has come."""
        if self.publication is None:
            return
        try:
            if await deferToThread(self.publication.answers.publish_due, self.clock.now()):
                await self.reload()
        except IvrError as error:
            log.error("due answers could not be published", why=str(error))  # noqa: TRY400 - its trace tells nothing more
        except Exception:  # they are looked for again all the same
            log.exception("due answers could not be published")

    def _serve(self, lines: Lines) -> Serving:
        house = House(
            prompts=lines.catalogue,
            functions=self.pools,
            hours=LineHours({name: line.hours for name, line in lines.lines.items()}, self.board.closures),
            queues=self.waits,
            callers=KnownCallers(self.reactor, self.store.cases.open_cases),
            notices=self.board,
            validators=lines.validators,
            clock=self.clock,
            transfers={name: transfer.number for name, transfer in self.settings.transfers.items()},
            limits=Limits(self_service_s=self.settings.engine.self_service_limit),
            engines=self.voices.engines,
            topics=ArticleTopics(self.reactor, self.store.articles.search),
            utterances=self._utterances,
        )
        return Serving(lines.lines, lines.numbers(), house)

    async def queue_state(self, queue: str) -> QueueState | None:
        return await self.exchange.queue_state(queue)

    def sound_length(self, language: str, file: str) -> int | None:
        """Milliseconds of a sound that any call in progress may be played; None when there is no such sound."""
        if (length := self.lines.catalogue.length(language, file)) is not None:
            return length
        lengths = (catalogue.length(language, file) for catalogue in self._spoken)
        return next((length for length in lengths if length is not None), None)

    async def drain(self, seconds: float) -> int:
        """Take no more calls and wait for those in self-service; how many were left when `seconds` had passed."""
        return await self.server.drain(seconds)

    async def stop(self) -> None:
        """End everything. Callers in a queue or talking are left to the exchange, and followed by the next engine."""
        self.watchdog.stop()
        if self._due.running:
            self._due.stop()
        self.figures.stop()
        self.follower.stop()
        self.reception.exchange_ends = self.settings.exchange.kind == "virtual"
        try:
            await self.observer.stop()
            if self.console is not None:
                await self.console.stop()
            await self.exchange.stop()
            await maybeDeferred(self._control.stopListening)
        finally:
            self.server.stop()
            await maybeDeferred(self.voices.stop)
            self.store.close()

    def _staff(self, member: Member) -> None:
        Deferred.fromCoroutine(self.exchange.staff(member)).addErrback(
            lambda failure: log.warning("a queue's membership is not as wished", operator=member.operator, why=str(failure.value))
        )

    def _with_desk(self) -> set[str]:
        with self.store.administration.look() as connection:
            return {user.name for user in users.everybody(connection) if user.queues}

    def _sat_down(self, seat: Seat) -> None:
        if seat.reason == SIGNED_IN:
            self.follower.look()  # they may still be talking, if the engine was started anew

    def _sign(self, sign: Sign) -> None:
        self.link.take(sign)
        self.operators.take(sign)
        self.roll_call.take(sign)
        self.desk.take(sign)
        self.follower.take(sign)

    def _publish_articles(self) -> None:
        self.store.publish(articles_of(self.lines), self.clock.now())

    def _look_up(self, number: str) -> tuple[str, Sequence[OpenCase]]:
        citizen = self.store.citizens.find(number)
        cases = [OpenCase(case.number, case.state, case.topic) for case in self.store.cases.open_cases(number)]
        return (citizen.name if citizen else "", cases)

    def _committed(self, touched: Sequence[CaseTouched]) -> None:
        for case in touched:
            self.reactor.callFromThread(self.feed.publish, case)


def _become(known: dict[str, str], now: Mapping[str, str]) -> None:
    """Another thread may be reading it: what stays is never gone for a moment."""
    known.update(now)
    for name in known.keys() - now.keys():
        del known[name]
