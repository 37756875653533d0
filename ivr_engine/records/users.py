"""Who may change what: names and roles. Passwords come with the console."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.records import audit
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_NAME = re.compile(r"[a-z][a-z0-9._-]{0,39}")


class Role(StrEnum):
    """What a person does here."""

    OPERATOR = "operator"
    BACK_OFFICE = "back_office"
    TUTOR = "tutor"
    SUPERVISOR = "supervisor"
    KNOWLEDGE_MANAGER = "knowledge_manager"
    MINISTRY = "ministry"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in, or signs with `--as`."""

    name: str
    full_name: str
    role: Role
    disabled: bool


def add(connection: sqlite3.Connection, name: str, role: Role, full_name: str, at: float, who: str) -> None:
    """A new user. Raises IvrError: a name taken or malformed, or a first user who is no administrator."""
    if not _NAME.fullmatch(name):
        raise IvrError(f"{name!r} is no user's name", "small letters, digits, dots, dashes and underscores, a letter first")
    known = everybody(connection)
    if any(user.name == name for user in known):
        raise IvrError(f"there is a user {name} already", "see: ivr users list")
    if not known and role is not Role.ADMINISTRATOR:
        raise IvrError("the first user must be an administrator", f"add --role {Role.ADMINISTRATOR}")
    connection.execute(
        "INSERT INTO users (name, full_name, role, created) VALUES (?, ?, ?, ?)", (name, full_name, role, milliseconds(at))
    )
    audit.note(connection, at, who, "user added", f"user {name}", role)


def disable(connection: sqlite3.Connection, name: str, at: float, who: str) -> None:
    """This user signs no more; what they did stays theirs. Raises IvrError when there is no such user."""
    get(connection, name)
    connection.execute("UPDATE users SET disabled = ? WHERE name = ?", (milliseconds(at), name))
    audit.note(connection, at, who, "user disabled", f"user {name}")


def get(connection: sqlite3.Connection, name: str) -> User:
    """Raises IvrError when there is no such user."""
    row = connection.execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise IvrError(f"there is no user {name!r}", "see: ivr users list; add one with: ivr users add NAME --role ROLE")
    return _user(row)


def entitled(connection: sqlite3.Connection, name: str, roles: Collection[Role], what: str) -> User:
    """That user, if their role may do `what`. Raises IvrError."""
    user = get(connection, name)
    if user.disabled:
        raise IvrError(f"user {name} is disabled", "another user must do it")
    if user.role not in roles:
        raise IvrError(f"{name} is {user.role} and may not {what}", f"it takes one of: {', '.join(sorted(roles))}")
    return user


def everybody(connection: sqlite3.Connection) -> tuple[User, ...]:
    """All users, by name."""
    return tuple(map(_user, connection.execute("SELECT * FROM users ORDER BY name")))


def _user(row: sqlite3.Row) -> User:
    return User(row["name"], row["full_name"], Role(row["role"]), row["disabled"] is not None)
