"""Who is signed in. A session is known by the hash of its token alone: the table is of no use to a thief."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from ivr_engine.records import audit, users
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ivr_engine.records.users import User

IDLE_S = 4 * 3600.0
LONGEST_S = 12 * 3600.0
_TOUCH_S = 60.0


def begin(connection: sqlite3.Connection, user: User, at: float) -> str:
    """A new session of that user; its token. Sessions that are over go."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        "DELETE FROM sessions WHERE seen < ? OR created < ?", (milliseconds(at - IDLE_S), milliseconds(at - LONGEST_S))
    )
    connection.execute(
        "INSERT INTO sessions (token, user, created, seen) VALUES (?, ?, ?, ?)",
        (_hash(token), user.name, milliseconds(at), milliseconds(at)),
    )
    audit.note(connection, at, user.name, "signed in", f"user {user.name}")
    return token


def find(connection: sqlite3.Connection, token: str, at: float) -> tuple[User, bool] | None:
    """Whose session it is, and whether it is time to `touch` it; None when it is over or its user is disabled."""
    row = connection.execute(
        "SELECT user, seen FROM sessions WHERE token = ? AND seen >= ? AND created >= ?",
        (_hash(token), milliseconds(at - IDLE_S), milliseconds(at - LONGEST_S)),
    ).fetchone()
    if row is None:
        return None
    user = users.get(connection, row["user"])
    return None if user.disabled else (user, row["seen"] < milliseconds(at - _TOUCH_S))


def alive(connection: sqlite3.Connection, tokens: Iterable[str], at: float) -> set[str]:
    """Those of the tokens whose sessions are not over."""
    return {token for token in tokens if find(connection, token, at) is not None}


def touch(connection: sqlite3.Connection, token: str, at: float) -> None:
    """It is in use."""
    connection.execute("UPDATE sessions SET seen = ? WHERE token = ?", (milliseconds(at), _hash(token)))


def end(connection: sqlite3.Connection, token: str, at: float) -> None:
    """Sign out."""
    row = connection.execute("SELECT user FROM sessions WHERE token = ?", (_hash(token),)).fetchone()
    if row is not None:
        connection.execute("DELETE FROM sessions WHERE token = ?", (_hash(token),))
        audit.note(connection, at, row["user"], "signed out", f"user {row['user']}")


def end_all(connection: sqlite3.Connection, name: str) -> None:
    """Of a user whose password changed or who may sign in no more."""
    connection.execute("DELETE FROM sessions WHERE user = ?", (name,))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
