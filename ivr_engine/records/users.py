"""Who may change what: names, roles, passwords and teams."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import argon2

from ivr_engine.errors import IvrError
from ivr_engine.records import audit
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

_NAME = re.compile(r"[a-z][a-z0-9._-]{0,39}")
_WORD = re.compile(r"[A-Za-z0-9._@/-]{0,80}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
TEAM = 10
"""Operators a tutor leads at most."""
_HASHER = argon2.PasswordHasher()


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
    """A person who signs in, or signs with `--as`. `tutor`: the name of the one who leads them, "" for nobody; `phone`
    and `queues`: where an operator is rung (PJSIP/anna), and for whom."""

    name: str
    full_name: str
    role: Role
    disabled: bool
    tutor: str = ""
    phone: str = ""
    queues: tuple[str, ...] = ()


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
    connection.execute("DELETE FROM sessions WHERE user = ?", (name,))
    audit.note(connection, at, who, "user disabled", f"user {name}")


def enable(connection: sqlite3.Connection, name: str, at: float, who: str) -> None:
    """This user signs again, with a new password. Raises IvrError when there is no such user."""
    get(connection, name)
    connection.execute("UPDATE users SET disabled = NULL, password = '' WHERE name = ?", (name,))
    audit.note(connection, at, who, "user enabled", f"user {name}")


def set_role(connection: sqlite3.Connection, name: str, role: Role, at: float, who: str) -> None:
    """What a person does here from now on; they sign in anew, unless it is what they do already. Raises IvrError: no such user,
    a tutor whose team is not empty, or the last administrator."""
    before = get(connection, name).role
    if before is role:
        return
    others = [user for user in everybody(connection) if user.name != name and not user.disabled]
    if before is Role.TUTOR and any(user.tutor == name for user in others):
        raise IvrError(f"{name} leads a team", "give its operators another tutor first")
    if before is Role.ADMINISTRATOR and not any(user.role is Role.ADMINISTRATOR for user in others):
        raise IvrError(f"{name} is the last administrator", "make another one first")
    connection.execute("UPDATE users SET role = ?, tutor = '', queues = '' WHERE name = ?", (role, name))
    connection.execute("DELETE FROM sessions WHERE user = ?", (name,))
    audit.note(connection, at, who, "role changed", f"user {name}", f"{before} to {role}")


def hashed(password: str) -> str:
    """The password's argon2 hash; takes a tenth of a second and much memory: call it in a thread. Raises IvrError."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise IvrError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters", "a few words are easy to remember")
    return _HASHER.hash(password)


def set_password(connection: sqlite3.Connection, name: str, password_hash: str, at: float, who: str) -> None:
    """Give a user a password (its hash); their sessions end. Raises IvrError when there is no such user."""
    get(connection, name)
    connection.execute("UPDATE users SET password = ? WHERE name = ?", (password_hash, name))
    connection.execute("DELETE FROM sessions WHERE user = ?", (name,))
    audit.note(connection, at, who, "password set", f"user {name}")


def password_hash(connection: sqlite3.Connection, name: str) -> str:
    """Of a user who may sign in; "" for everybody else."""
    row = connection.execute("SELECT password FROM users WHERE name = ? AND disabled IS NULL", (name,)).fetchone()
    return str(row["password"]) if row else ""


def matches(password_hash: str, password: str) -> bool:
    """Is it the password? Takes as long for a user who does not exist. Call it in a thread."""
    try:
        return _HASHER.verify(password_hash or _nobodys(), password) and bool(password_hash)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")


def set_tutor(connection: sqlite3.Connection, name: str, tutor: str, at: float, who: str) -> None:
    """Who leads an operator; "" for nobody. Raises IvrError: no operator, no tutor, or a team that is full."""
    if get(connection, name).role is not Role.OPERATOR:
        raise IvrError(f"{name} is no operator", "a tutor leads operators")
    if tutor:
        if get(connection, tutor).role is not Role.TUTOR:
            raise IvrError(f"{tutor} is no tutor", "name one, or nobody")
        team = [one for one in everybody(connection) if one.tutor == tutor and one.name != name and not one.disabled]
        if len(team) >= TEAM:
            raise IvrError(f"{tutor} leads {TEAM} operators already", "choose another tutor")
    connection.execute("UPDATE users SET tutor = ? WHERE name = ?", (tutor, name))
    audit.note(connection, at, who, "team changed", f"user {name}", tutor or "nobody")


def set_desk(
    connection: sqlite3.Connection, name: str, phone: str, queues: Sequence[str], known: Collection[str], at: float, who: str
) -> None:
    """Where an operator is rung, and for which of the `known` queues. Raises IvrError: no operator, no telephone, or no queue."""
    if get(connection, name).role is not Role.OPERATOR:
        raise IvrError(f"{name} is no operator", "only operators have a desk")
    if not _WORD.fullmatch(phone):
        raise IvrError(f"{phone!r} is no telephone", "letters, digits and . _ @ / - only")
    for queue in queues:
        if queue not in known:
            raise IvrError(f"no line has a queue {queue!r:.40}", f"queues are {', '.join(sorted(known))}")
    connection.execute("UPDATE users SET phone = ?, queues = ? WHERE name = ?", (phone, " ".join(queues), name))
    audit.note(connection, at, who, "desk changed", f"user {name}", f"{phone}: {', '.join(queues)}")


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
    return User(
        name=row["name"],
        full_name=row["full_name"],
        role=Role(row["role"]),
        disabled=row["disabled"] is not None,
        tutor=row["tutor"],
        phone=row["phone"],
        queues=tuple(row["queues"].split()),
    )
