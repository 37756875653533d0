"""What administrators switch by hand: closures, front messages, lines and functions that are off. All but switches expire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ivr_engine.clock import rome
from ivr_engine.errors import IvrError
from ivr_engine.records import audit, users
from ivr_engine.records.journal import milliseconds
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

ALL_LINES = ""
EVERY_FUNCTION = ""
KEEPERS = frozenset({Role.SUPERVISOR, Role.TUTOR, Role.KNOWLEDGE_MANAGER, Role.MINISTRY, Role.ADMINISTRATOR})
_LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Closure:
    """Other hours than a line's own, on Rome's wall clock; no periods: closed. An emergency closes whatever else says."""

    id: int
    line: str
    emergency: bool
    starts: datetime
    until: datetime
    periods: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class FrontMessage:
    """What callers of a line (`ALL_LINES`: of every line) are told first, by language, on Rome's wall clock."""

    id: int
    line: str
    starts: datetime
    until: datetime
    texts: Mapping[str, str]

    def holds(self, line: str, local: datetime) -> bool:
        """Whether callers of that line hear it at that moment."""
        return self.line in {ALL_LINES, line} and self.starts <= local < self.until


@dataclass(frozen=True, slots=True)
class Notices:
    """All that is switched on now: closures and messages that have not expired, and (line, function) pairs that are off."""

    closures: tuple[Closure, ...] = ()
    messages: tuple[FrontMessage, ...] = ()
    off: frozenset[tuple[str, str]] = field(default_factory=frozenset)


def current(connection: sqlite3.Connection, at: float) -> Notices:
    """What holds at that time or will."""
    local = rome(at).replace(tzinfo=None).isoformat(timespec="minutes")
    closures = connection.execute("SELECT * FROM closures WHERE ended IS NULL AND until > ? ORDER BY id", (local,))
    messages = connection.execute("SELECT * FROM front_messages WHERE ended IS NULL AND until > ? ORDER BY id", (local,))
    off = connection.execute("SELECT line, function FROM switches")
    return Notices(
        tuple(map(_closure, closures)),
        tuple(map(_message, messages)),
        frozenset((row["line"], row["function"]) for row in off),
    )


def close_line(
    connection: sqlite3.Connection,
    *,
    line: str,
    emergency: bool,
    starts: datetime,
    until: datetime,
    periods: Sequence[str],
    reason: str,
    who: str,
    at: float,
) -> int:
    """Other hours for a line for a while; its id. Raises IvrError."""
    _may(connection, who, "change opening hours")
    _check(starts, until, at)
    cursor = connection.execute(
        "INSERT INTO closures (line, emergency, starts, until, periods, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (line, emergency, _minute(starts), _minute(until), json.dumps(list(periods)), reason),
    )
    what = "emergency closure" if emergency else "other hours"
    audit.note(connection, at, who, what, f"line {line}", f"until {_minute(until)}: {', '.join(periods) or 'closed'}; {reason}")
    return int(cursor.lastrowid or 0)


def tell_callers(
    connection: sqlite3.Connection,
    *,
    line: str,
    starts: datetime,
    until: datetime,
    texts: Mapping[str, str],
    who: str,
    at: float,
) -> int:
    """A front message for a while; its id. Raises IvrError."""
    _may(connection, who, "put up a message")
    _check(starts, until, at)
    cursor = connection.execute(
        "INSERT INTO front_messages (line, starts, until, texts) VALUES (?, ?, ?, ?)",
        (line, _minute(starts), _minute(until), json.dumps(dict(texts), ensure_ascii=False)),
    )
    audit.note(
        connection, at, who, "front message", f"line {line or 'every'}", f"until {_minute(until)}: {' / '.join(texts.values())}"
    )
    return int(cursor.lastrowid or 0)


def end(connection: sqlite3.Connection, table: str, id_: int, who: str, at: float) -> None:
    """A closure ("closures") or message ("front_messages") holds no longer. Raises IvrError when none of that id does."""
    assert table in {"closures", "front_messages"}
    _may(connection, who, "end it")
    changed = connection.execute(
        f"UPDATE {table} SET ended = ? WHERE id = ? AND ended IS NULL",  # noqa: S608 - one of two names
        (milliseconds(at), id_),
    )
    if not changed.rowcount:
        raise IvrError(f"there is none with number {id_} to be ended", "see its list")
    what = "closures: ended" if table == "closures" else "front messages: ended"
    audit.note(connection, at, who, what, f"{table} {id_}")


def switch(connection: sqlite3.Connection, *, line: str, function: str, off: bool, reason: str, who: str, at: float) -> None:
    """A line's self-service (`EVERY_FUNCTION`), or one function, off or on again. Raises IvrError."""
    _may(connection, who, "switch a line")
    if off:
        connection.execute(
            "INSERT OR REPLACE INTO switches (line, function, since, who, reason) VALUES (?, ?, ?, ?, ?)",
            (line, function, milliseconds(at), who, reason),
        )
    else:
        connection.execute("DELETE FROM switches WHERE line = ? AND function = ?", (line, function))
    what = "switched off" if off else "switched on"
    audit.note(connection, at, who, what, f"line {line}", "; ".join(filter(None, (function, reason))))


def _may(connection: sqlite3.Connection, who: str, what: str) -> None:
    users.entitled(connection, who, KEEPERS, what)


def _check(starts: datetime, until: datetime, at: float) -> None:
    now = rome(at).replace(tzinfo=None)
    if until <= starts or until <= now:
        raise IvrError(f"{_minute(until)} is not later than its beginning or than now", "give a later --until")
    if until - max(starts, now) > _LONGEST:
        raise IvrError(f"{_minute(until)} is more than 400 days away", "what lasts longer belongs into the line's own files")


def _minute(local: datetime) -> str:
    return local.isoformat(timespec="minutes")


def _closure(row: sqlite3.Row) -> Closure:
    starts, until = datetime.fromisoformat(row["starts"]), datetime.fromisoformat(row["until"])
    periods = tuple(json.loads(row["periods"]))
    return Closure(row["id"], row["line"], bool(row["emergency"]), starts, until, periods, row["reason"])


def _message(row: sqlite3.Row) -> FrontMessage:
    starts, until = datetime.fromisoformat(row["starts"]), datetime.fromisoformat(row["until"])
    return FrontMessage(row["id"], row["line"], starts, until, json.loads(row["texts"]))
