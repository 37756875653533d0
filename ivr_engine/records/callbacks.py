"""Wishes to be called back, and what came of them. The number is private data, kept apart; people dial it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.records import audit
from ivr_engine.records.citizens import caller_of
from ivr_engine.records.journal import milliseconds, seconds
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.events import CallbackWished

NUMBER = "callback_number"
"""The name of PrivateNoted that holds it."""
CALLERS = frozenset({Role.OPERATOR, Role.BACK_OFFICE, Role.TUTOR, Role.SUPERVISOR})
"""Who calls back, and sees the numbers."""
PAGE = 200


class Result(StrEnum):
    """What came of a call back. After `no_answer` the wish stays."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    GIVEN_UP = "given_up"


_RENEWED = "renewed"  # they called, and wished it once more: the later wish has the place of this one
_OPEN = f"result IN ('', '{Result.NO_ANSWER}')"


@dataclass(frozen=True, slots=True)
class Callback:
    """Who wants to be called back, when best (morning, afternoon, any) and about what; `number` is "" once it was erased.

    `result`: "" while nobody has tried; `tries`, the last of them at `tried` by `who`. `answered`: when they have talked to an
    operator of the line since, or None. Instants are seconds since 1970 UTC.
    """

    contact: str
    line: str
    topic: str
    best_time: str
    wished: float
    number: str
    citizen: int | None
    tries: int
    tried: float | None
    who: str
    result: str
    answered: float | None

    @property
    def open(self) -> bool:
        """Is somebody still to call?"""
        return self.result in {"", Result.NO_ANSWER}


def note(connection: sqlite3.Connection, event: CallbackWished) -> None:
    """Keep a wish; the last one of a contact counts. Whoever waits already on that line, by that number, keeps their place."""
    connection.execute(
        "INSERT OR REPLACE INTO callbacks (contact, line, topic, best_time, wished) VALUES (?, ?, ?, ?, ?)",
        (event.contact, event.line, event.topic, event.best_time, milliseconds(event.at)),
    )
    waiting = connection.execute(
        f"SELECT contact, wished, value FROM callbacks JOIN private USING (contact) WHERE {_OPEN} AND line = ? AND name = ?",  # noqa: S608
        (event.line, NUMBER),
    ).fetchall()
    numbers = {row["contact"]: caller_of(row["value"]).number or row["value"] for row in waiting}
    for row in waiting:
        if row["contact"] != event.contact and numbers[row["contact"]] == numbers.get(event.contact):
            connection.execute("UPDATE callbacks SET result = ? WHERE contact = ?", (_RENEWED, row["contact"]))
            connection.execute("UPDATE callbacks SET wished = min(wished, ?) WHERE contact = ?", (row["wished"], event.contact))


_QUERY = f"""
SELECT callbacks.*, contacts.citizen, coalesce(private.value, '') AS number,
    (SELECT max(later.started) FROM contacts AS later WHERE later.caller_key = contacts.caller_key AND later.caller_key != ''
        AND later.line = callbacks.line AND later.started > callbacks.wished AND later.outcome = 'answered') AS answered
FROM callbacks JOIN contacts ON contacts.id = callbacks.contact
LEFT JOIN private ON private.contact = callbacks.contact AND private.name = '{NUMBER}'
"""  # noqa: S608 - own names


def to_call(connection: sqlite3.Connection, line: str = "") -> list[Callback]:
    """Who is still to be called, of one line or of all, the longest waiting first; 200 at most."""
    rows = connection.execute(
        f"{_QUERY} WHERE {_OPEN} AND ?1 IN ('', callbacks.line) ORDER BY wished, callbacks.contact LIMIT ?2", (line, PAGE)
    )
    return [_callback(row) for row in rows]


def called(connection: sqlite3.Connection, line: str = "") -> list[Callback]:
    """Those that are over, the last first; 200 at most."""
    rows = connection.execute(
        f"{_QUERY} WHERE NOT {_OPEN} AND result != ?3 AND ?1 IN ('', callbacks.line) ORDER BY tried DESC LIMIT ?2",
        (line, PAGE, _RENEWED),
    )
    return [_callback(row) for row in rows]


def count(connection: sqlite3.Connection) -> int:
    """How many are still to be called."""
    (number,) = connection.execute(f"SELECT count(*) FROM callbacks WHERE {_OPEN}").fetchone()  # noqa: S608 - own names
    return int(number)


def get(connection: sqlite3.Connection, contact: str) -> Callback | None:
    """The wish of a contact."""
    row = connection.execute(f"{_QUERY} WHERE callbacks.contact = ?", (contact,)).fetchone()
    return None if row is None else _callback(row)


def tried(connection: sqlite3.Connection, contact: str, result: Result, tries: int, who: str, at: float) -> None:
    """Somebody called. `tries`: how many there had been when they looked. Raises IvrError: no such wish, it is over, or somebody
    else has called meanwhile."""
    wish = get(connection, contact)
    if wish is None:
        raise IvrError(f"nobody wishes to be called back in contact {contact}")
    if not wish.open or wish.tries != tries:
        raise IvrError("somebody has called them meanwhile", "look at the list again")
    connection.execute(
        "UPDATE callbacks SET result = ?, tries = tries + ?, tried = ?, who = ? WHERE contact = ?",
        (result, result is not Result.GIVEN_UP, milliseconds(at), who, contact),
    )
    audit.note(connection, at, who, "called back", f"contact {contact}", result)


def give_up(connection: sqlite3.Connection, citizen: int, who: str, at: float) -> None:
    """Nobody is to call a citizen any more."""
    theirs = "contact IN (SELECT id FROM contacts WHERE citizen = ?)"
    connection.execute(
        f"UPDATE callbacks SET result = ?, tried = ?, who = ? WHERE {_OPEN} AND {theirs}",  # noqa: S608 - own names
        (Result.GIVEN_UP, milliseconds(at), who, citizen),
    )


def _callback(row: sqlite3.Row) -> Callback:
    return Callback(
        contact=row["contact"],
        line=row["line"],
        topic=row["topic"],
        best_time=row["best_time"],
        wished=seconds(row["wished"]),
        number=row["number"],
        citizen=row["citizen"],
        tries=row["tries"],
        tried=None if row["tried"] is None else seconds(row["tried"]),
        who=row["who"],
        result=row["result"],
        answered=None if row["answered"] is None else seconds(row["answered"]),
    )
