"""What a store knows of a year that is played again into it: which plan it is of, how far it has come, what came of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.errors import IvrError
from ivr_engine.events import Outcome
from ivr_engine.records import settings
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3

_MARK = "replay"
EMAIL = "email"


class Kept(NamedTuple):
    """The days whose calls, and those whose e-mails, are in the store: each day's are all there, or none."""

    calls: frozenset[date]
    mails: frozenset[date]


def take(connection: sqlite3.Connection, plan: str, since: float, until: float) -> None:
    """Mark the store as that plan's, once. Raises IvrError when it holds contacts that are none of it: those of another plan, or
    any that began outside `since` to `until` (seconds since 1970 UTC), as real ones do."""
    mark = settings.get(connection, _MARK)
    if mark is None:
        if connection.execute("SELECT 1 FROM contacts LIMIT 1").fetchone() is not None:
            raise IvrError(
                "this store holds real contacts, and a replay would mix with them", "set engine.data to an empty folder"
            )
        settings.put(connection, _MARK, plan)
        return
    if mark != plan:
        raise IvrError(f"this store holds another replay ({mark})", "go on with that one, or set engine.data to an empty folder")
    strange = "SELECT 1 FROM contacts WHERE started < ? OR started >= ? LIMIT 1"
    if connection.execute(strange, (milliseconds(since), milliseconds(until))).fetchone() is not None:
        raise IvrError("this store holds real contacts beside a replay", "set engine.data to an empty folder")


def kept(connection: sqlite3.Connection) -> Kept:
    """What is there already. Calls of a replay begin in daylight: their day is the same in Rome and in UTC."""
    rows = connection.execute("SELECT DISTINCT medium = ?, started / 86400000 FROM contacts", (EMAIL,)).fetchall()
    days = {(bool(mail), datetime.fromtimestamp(day * 86400, UTC).date()) for mail, day in rows}
    return Kept(frozenset(day for mail, day in days if not mail), frozenset(day for mail, day in days if mail))


def outcomes(connection: sqlite3.Connection, since: float, until: float) -> Counter[tuple[str, Outcome | None]]:
    """Line and outcome (None: still open) → telephone contacts that began from `since` to `until`, from their journals' end."""
    rows = connection.execute(
        "SELECT line, outcome, count(*) AS contacts FROM contacts WHERE medium IN ('phone', '') AND started >= ? AND started < ?"
        " GROUP BY line, outcome",
        (milliseconds(since), milliseconds(until)),
    )
    found = ((row["line"], row["outcome"], row["contacts"]) for row in rows)
    return Counter({(line, None if outcome is None else Outcome(outcome)): count for line, outcome, count in found})


def mails(connection: sqlite3.Connection, since: float, until: float) -> int:
    """E-mails that arrived from `since` to `until`."""
    span = (EMAIL, milliseconds(since), milliseconds(until))
    (count,) = connection.execute(
        "SELECT count(*) FROM contacts WHERE medium = ? AND started >= ? AND started < ?", span
    ).fetchone()
    return int(count)
