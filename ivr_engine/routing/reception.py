"""Receives a call and sees it through: which line, the contact, the dialogue, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from ivr_engine.agi import variables
from ivr_engine.dialogue.runner import Caller, House, Runner
from ivr_engine.errors import CallerHungUp, CallLost
from ivr_engine.events import Cause, ContactStarted, OperatorTransferred, PrivateNoted, new_contact_id
from ivr_engine.records.citizens import caller_of
from ivr_engine.routing.contacts import Contact
from ivr_engine.routing.talk import RoutedCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ivr_engine.agi.commands import Agi
    from ivr_engine.audiosocket.media import Media
    from ivr_engine.clock import Clock
    from ivr_engine.dialogue.model import Line
    from ivr_engine.records.citizens import Caller as KnownCaller
    from ivr_engine.routing.contacts import Book, Destination, OpenContacts

log = structlog.get_logger()


class Serving(NamedTuple):
    """What calls that arrive now are served with, to their end."""

    lines: Mapping[str, Line]
    numbers: Mapping[str, str]
    house: House


class Reception:
    """`handle` is what the FastAGI server runs for every call."""

    def __init__(
        self,
        *,
        reactor: Any,
        exchange: str,
        clock: Clock,
        book: Book,
        contacts: OpenContacts,
        serving: Callable[[], Serving],
        caller_key: Callable[[str], str],
        answer_share: float,
        look: Callable[[], None],
        media: Callable[[], Media | None] = lambda: None,
    ) -> None:
        self._reactor, self._exchange, self._clock, self._book, self._contacts = reactor, exchange, clock, book, contacts
        self._serving = serving
        self.exchange_ends = False
        """Set when the built-in exchange ends with the engine: it is not the callers who hang up then."""
        self._caller_key, self._share, self._look = caller_key, answer_share, look
        self._media = media

    async def handle(self, agi: Agi) -> None:
        """One call, top to bottom. Whatever fails leaves IVR_DONE unset, so the dialplan takes the caller to a queue."""
        serving, caller = self._serving(), caller_of(agi.environment.caller_number)
        before = self._contacts.on(agi.environment.uniqueid)
        if before is not None and before.going_to is not None:
            contact, transferred = before, self._come_back(before)
        else:
            contact, transferred = self._begin(agi, serving, caller), None
        structlog.contextvars.bind_contextvars(contact=contact.id)  # in every log line of this call from here on
        call = RoutedCall(agi, contact, self._reactor, self._look, serving.lines, self._media())
        cause = await self._serve(agi, call, contact, serving, Caller(caller.kind, caller.number or ""), transferred)
        if cause is None:
            return
        if contact.going_to is not None:
            contact.lost = Cause.CALLER  # until the call comes back, which it does at once unless the caller has hung up
            return
        try:
            finished = await call.finish(contact.id)
        except Exception:
            contact.lost = Cause.ENGINE_LOST  # else it would stay open for ever
            raise
        if not finished and cause is not Cause.CALLER:
            contact.lost = Cause.EXCHANGE_LOST  # the dialplan may have stepped in: the caller is perhaps still there
            return
        if cause is Cause.CALLER and self.exchange_ends:
            cause = Cause.EXCHANGE_LOST
        contact.end(cause, self._clock.now(), self._share)
        self._contacts.remove(contact)

    def _begin(self, agi: Agi, serving: Serving, caller: KnownCaller) -> Contact:
        environment, now = agi.environment, self._clock.now()
        line = environment.line or serving.numbers.get(environment.dialled, "")
        contact = Contact(self._book, new_contact_id(now), environment.uniqueid, line, caller.number or "")
        displaced = self._contacts.add(contact)
        if displaced is not None and displaced.lost is not None:
            displaced.displaced(now, self._share)
        key = self._caller_key(caller.number) if caller.number else ""
        language = serving.lines[line].languages[0] if line in serving.lines else "it"
        contact.record(
            ContactStarted(
                contact.id, now, line, environment.dialled, self._exchange, environment.uniqueid, key, caller.kind, language
            )
        )
        if caller.number:
            contact.record(PrivateNoted(contact.id, now, "number", caller.number))
        return contact

    def _come_back(self, contact: Contact) -> Destination | None:
        now = self._clock.now()
        if contact.queue and contact.lost is not None:
            contact.sent_on(now)
        destination, contact.going_to, contact.lost = contact.going_to, None, None
        assert destination is not None
        contact.record(OperatorTransferred(contact.id, now, destination.operator, destination.line, destination.body))
        contact.line = destination.line
        return destination

    async def _serve(
        self,
        agi: Agi,
        call: RoutedCall,
        contact: Contact,
        serving: Serving,
        caller: Caller,
        transferred: Destination | None,
    ) -> Cause | None:
        """The dialogue; None when the call goes on without this session and must be followed."""
        line = serving.lines.get(contact.line)
        try:
            if line is None:
                log.error("no such line", contact=contact.id, line=contact.line, dialled=agi.environment.dialled)
                contact.lost = Cause.BYPASSED
                agi.fail("no such line")
                return None
            await agi.set_variable(variables.IVR_CONTACT, contact.id)
            await agi.answer()
            runner = Runner(
                call=call,
                contact=contact.id,
                journal=contact,
                line=line,
                lines=serving.lines,
                house=serving.house,
                caller=caller,
            )
            if transferred is None:
                contact.progress = runner.progress
                return await runner.run()
            if contact.progress is not None:  # the next operator sees the whole way
                runner.progress.go_on_from(contact.progress)
            contact.progress = runner.progress
            return await runner.run_transferred(transferred.body)
        except CallLost:
            contact.lost = Cause.EXCHANGE_LOST
            return None
        except CallerHungUp:
            return Cause.CALLER
        except Exception:
            log.exception("the dialogue failed; the dialplan takes the caller to the queue", contact=contact.id)
            contact.lost = Cause.ENGINE_LOST
            return None
