"""One request by one person who is signed in, and what a page needs to answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from ivr_engine.console.cards import Cards
from ivr_engine.errors import Unavailable
from ivr_engine.records import audit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from ivr_engine.clock import Clock
    from ivr_engine.config import Settings
    from ivr_engine.console.live import Live
    from ivr_engine.console.templating import Templates
    from ivr_engine.engine.lines import Lines
    from ivr_engine.engine.publication import Publication
    from ivr_engine.errors import IvrError
    from ivr_engine.exchange.interface import Exchange
    from ivr_engine.plugins.pool import Pools
    from ivr_engine.records.store import Store
    from ivr_engine.records.users import User
    from ivr_engine.reports.watch import FiguresWatch
    from ivr_engine.routing.board import Board
    from ivr_engine.routing.contacts import OpenContacts
    from ivr_engine.routing.feed import Feed
    from ivr_engine.routing.link import Link
    from ivr_engine.routing.operators import Changes, Operators

_T = TypeVar("_T")

_STORE_S = 5.0  # seconds a page waits for the store


class NotFound(Exception):
    """There is no such page or thing; the text may be shown."""


class Forbidden(Exception):
    """This person may not do that; the text may be shown, and the audit log keeps it."""


@dataclass(frozen=True, kw_only=True)
class Office:
    """What the console works with; put together by the engine."""

    reactor: Any
    clock: Clock
    settings: Settings
    store: Store
    feed: Feed
    contacts: OpenContacts
    exchange: Exchange
    board: Board
    figures: FiguresWatch
    operators: Operators
    operator_changes: Changes
    link: Link
    pools: Pools
    live: Live
    lines: Callable[[], Lines]
    publication: Publication | None
    reload: Callable[[], Coroutine[Any, Any, dict[str, int]]]
    listens: Callable[[], bool]
    """Whether callers may speak: some recogniser is at work."""
    sounds_of: Callable[[str], Sequence[str]]
    """See MediaServer.sounds_of."""

    @cached_property
    def cards(self) -> Cards:
        """What the operators have in hand."""
        return Cards(self)

    async def in_thread(self, function: Callable[..., _T], *args: Any) -> _T:
        """Run what blocks in the reactor's thread pool."""
        result: _T = await deferToThreadPool(self.reactor, self.reactor.getThreadPool(), function, *args)
        return result

    async def read(self, function: Callable[..., _T], *args: Any) -> _T:
        """`function(connection, *args)` in a thread, on one moment of the store. Raises Unavailable, and what it raises."""

        def look() -> _T:
            with self.store.administration.look() as connection:
                return function(connection, *args)

        return await self.in_thread(look)

    async def write(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """`function(connection)` in the writer's thread, all of it or nothing. Raises Unavailable, and what it raises."""
        result: Deferred[_T] = Deferred()
        written = self.store.writer.submit("console", function)

        def settled(_future: object) -> None:
            if not written.cancelled():
                self.reactor.callFromThread(settle)

        def settle() -> None:
            if result.called:
                return
            error = written.exception()
            if error is None:
                result.callback(written.result())
            else:
                result.errback(error)

        written.add_done_callback(settled)
        result.addTimeout(_STORE_S, self.reactor)
        try:
            return await result
        except defer.TimeoutError as error:
            written.cancel()
            raise Unavailable("the store cannot be written now", "nothing was saved: try again in a moment") from error


class Upload(NamedTuple):
    """A file of a form. `filename` is the sender's word and used for display alone."""

    filename: str
    content_type: str
    content: bytes


class Fields:
    """What a query or a form says, bounded and cleaned; a field that is missing is empty."""

    def __init__(self, values: Mapping[str, list[str]] | None = None) -> None:
        self._values = values or {}

    def text(self, name: str, limit: int = 200) -> str:
        """The field without its outer blanks and control characters other than line ends, cut at `limit` characters."""
        return _clean(next(iter(self._values.get(name, ())), ""))[:limit]

    def typed(self, name: str, limit: int) -> str:
        """A password: as it was typed, since cleaning would change it."""
        return next(iter(self._values.get(name, ())), "")[:limit]

    def all(self, name: str, limit: int = 200) -> list[str]:
        """Every value of a field that comes several times."""
        return [_clean(value)[:limit] for value in self._values.get(name, ())]

    def whole(self, name: str, default: int = 0, most: int = 10**9) -> int:
        """A whole number between nought and `most`; `default` when it is none."""
        text = self.text(name, 20)
        return min(int(text), most) if text.isascii() and text.isdigit() else default

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Any:
        return iter(self._values)


def _clean(value: str) -> str:
    kept = "".join(character for character in value if character.isprintable() or character in "\n\t\u200d\ufe0f")
    return kept.strip()


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def download(filename: str, content: bytes, content_type: str) -> Answer:
    """A file to be kept, never shown."""
    disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
    return Answer(200, content, content_type, {"Content-Disposition": disposition, "Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request. `now`: seconds on the engine's clock; `here`: the address of its page; `partial`: htmx asked, for a part of a
    page."""

    office: Office
    user: User
    language: str
    now: float
    path: str
    here: str
    query: Fields
    form: Fields
    files: Mapping[str, Upload]
    partial: bool
    csrf: str
    templates: Templates

    def t(self, key: str, /, **values: object) -> str:
        """A text of the catalogue in the visitor's language."""
        return self.templates.texts.say(self.language, key, **values)

    def refusal(self, error: IvrError) -> str:
        """What the engine refused, in the visitor's language."""
        return self.templates.refusals.say(self.language, error)

    async def read(self, function: Callable[..., _T], *args: Any) -> _T:
        """See Office.read."""
        return await self.office.read(function, *args)

    async def write(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """See Office.write."""
        return await self.office.write(function)

    async def note(self, what: str, object_: str, detail: str = "") -> None:
        """Write into the audit log what this person saw or did."""
        await self.write(lambda connection: audit.note(connection, self.now, self.user.name, what, object_, detail))

    def page(self, template: str, /, status: int = 200, **context: Any) -> Answer:
        """A template, filled in."""
        return Answer(status, self.templates.render(template, self, context).encode())

    def see(self, path: str) -> Answer:
        """Go there: what a form does when all went well."""
        return Answer(303, headers={"Location": path})

    def part(self, template: str, /, **context: Any) -> str:
        """A template as text, to be sent over the live feed."""
        return self.templates.render(template, self, context)


def one_of(value: str, allowed: Iterable[str]) -> str:
    """The value if it is allowed, else ""."""
    return value if value in set(allowed) else ""
