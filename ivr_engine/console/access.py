"""Who is there: sessions, sign-in with its throttle, and the tokens that keep other sites from posting forms."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.internet.defer import DeferredSemaphore

from ivr_engine.errors import Unavailable
from ivr_engine.records import audit, sessions, users

if TYPE_CHECKING:
    from ivr_engine.console.live import Live
    from ivr_engine.console.visit import Office
    from ivr_engine.records.users import User

COOKIE = "ivr_session"
NAME, ADDRESS = "name", "address"
_FREE_TRIES = {NAME: 5, ADDRESS: 50}  # behind a proxy many people share an address
_WINDOW_S, _LONGEST_WAIT_S = 900.0, 900.0
_REMEMBERED = 10_000
_HASHES = 2
"""Passwords looked at in the same moment: each takes much memory, and a thread that pages wait for."""


class SignedIn(NamedTuple):
    """A session: whose, and its token."""

    user: User
    token: str

    @property
    def csrf(self) -> str:
        """What a form of this session must carry."""
        return hashlib.sha256(b"csrf:" + self.token.encode()).hexdigest()

    def allows(self, token: str) -> bool:
        """Is it this session's form?"""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


class Throttle:
    """Wrong passwords in a quarter of an hour, by user's name and by address: beyond what is free each doubles the wait."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def wait(self, name: str, address: str) -> float:
        """Seconds until the next try is allowed; 0: now."""
        return max(self._wait(NAME, name), self._wait(ADDRESS, address))

    def _wait(self, kind: str, key: str) -> float:
        count, last = self._wrong.get((kind, key), (0, 0.0))
        beyond = count - _FREE_TRIES[kind]
        if beyond < 0:
            return 0.0
        return max(0.0, last + min(2.0 ** min(beyond + 1, 20), _LONGEST_WAIT_S) - time.monotonic())

    def tried(self, name: str, address: str) -> None:
        """One more, counted before its password is looked at: many at once get no more tries than one after the other."""
        now = time.monotonic()
        for key in ((NAME, name), (ADDRESS, address)):
            count, last = self._wrong.pop(key, (0, now))
            self._wrong[key] = (count + 1 if now - last < _WINDOW_S else 1, now)
        while len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """It was not wrong: the name's count begins anew, and the address's is as before the try."""
        self._wrong.pop((NAME, name), None)
        count, last = self._wrong.get((ADDRESS, address), (1, 0.0))
        self._wrong[ADDRESS, address] = (max(0, count - 1), last)


class Access:
    """Signs people in and out. Sessions are on the wall clock: the engine's may run faster."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.throttle = Throttle()
        self._hashing = DeferredSemaphore(_HASHES)
        self._seen: OrderedDict[str, None] = OrderedDict()

    def knows(self, token: str) -> bool:
        """Was a session found by it when it was last used here? Tells at once, and nothing of what it may do now."""
        return token in self._seen

    async def session(self, token: str) -> SignedIn | None:
        """Whose token it is, if anybody's. Raises Unavailable."""
        if not token:
            return None
        found = await self._office.read(sessions.find, token, time.time())
        self._seen.pop(token, None)
        if found is None:
            return None
        self._seen[token] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        user, stale = found
        if stale:
            await self._office.write(lambda connection: sessions.touch(connection, token, time.time()))
        return SignedIn(user, token)

    async def sign_in(self, name: str, password: str, address: str) -> str | None:
        """The token of a new session; None when name or password is wrong. Ask the throttle first. Raises Unavailable."""
        self.throttle.tried(name, address)
        hashed = await self._office.read(users.password_hash, name)
        if not await self._hashing.run(self._office.in_thread, users.matches, hashed, password):
            await self._office.write(
                lambda connection: audit.note(connection, time.time(), "nobody", "sign-in refused", f"user {name}", address)
            )
            return None
        self.throttle.succeeded(name, address)

        def begin(connection: Any) -> str:
            return sessions.begin(connection, users.get(connection, name), time.time())

        return await self._office.write(begin)

    async def look_after(self, live: Live) -> None:
        """End the connections whose sessions are over: too old, or of somebody whom the command line has disabled."""
        tabs = live.tabs()
        try:
            alive = await self._office.read(sessions.alive, {tab.token for tab in tabs}, time.time())
        except Unavailable:
            return  # the next look will tell
        for tab in tabs:
            if tab.token not in alive:
                tab.over()

    async def sign_out(self, token: str) -> None:
        """End the session."""
        await self._office.write(lambda connection: sessions.end(connection, token, time.time()))
