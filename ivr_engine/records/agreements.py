"""Agreements with the unions, or authorisations: without one, figures per operator, listening and recording stay off for a line.

Art. 4 of law 300/1970; Garante, doc. web 9722661.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.records import audit
from ivr_engine.records.journal import milliseconds, seconds
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    import sqlite3

REGISTRARS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who may say what is allowed."""
KINDS = ("per_operator", "listening", "recording")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What it allows on which line, its own name, day (yyyy-mm-dd) and document; `ended`: seconds since 1970 UTC, or None."""

    id: int
    kind: str
    line: str
    name: str
    day: str
    document: str
    registered: float
    who: str
    ended: float | None


def register(
    connection: sqlite3.Connection, *, kind: str, line: str, name: str, day: str, document: str, who: str, at: float
) -> None:
    """From now on that is allowed on the line. Raises IvrError when a field is missing."""
    if kind not in KINDS or not (line and name and day and document):
        raise IvrError("an agreement has a kind, a line, a name, a day and a document")
    connection.execute(
        "INSERT INTO agreements (kind, line, name, day, document, registered, who) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kind, line, name, day, document, milliseconds(at), who),
    )
    audit.note(connection, at, who, "agreement registered", f"line {line}", f"{kind}: {name}, {day}, {document}")


def end(connection: sqlite3.Connection, id_: int, who: str, at: float) -> None:
    """It holds no longer. Raises IvrError when there is none."""
    row = connection.execute("SELECT line, kind, name FROM agreements WHERE id = ? AND ended IS NULL", (id_,)).fetchone()
    if row is None:
        raise IvrError(f"there is no agreement {id_} in force")
    connection.execute("UPDATE agreements SET ended = ? WHERE id = ?", (milliseconds(at), id_))
    audit.note(connection, at, who, "agreement ended", f"line {row['line']}", f"{row['kind']}: {row['name']}")


def everything(connection: sqlite3.Connection) -> list[Agreement]:
    """All, the newest first."""
    rows = connection.execute("SELECT * FROM agreements ORDER BY id DESC")
    return [
        Agreement(
            id=row["id"],
            kind=row["kind"],
            line=row["line"],
            name=row["name"],
            day=row["day"],
            document=row["document"],
            registered=seconds(row["registered"]),
            who=row["who"],
            ended=None if row["ended"] is None else seconds(row["ended"]),
        )
        for row in rows
    ]


def in_force(connection: sqlite3.Connection, kind: str, at: float) -> frozenset[str]:
    """The lines on which it is allowed at that time."""
    rows = connection.execute(
        "SELECT line FROM agreements WHERE kind = ?1 AND registered <= ?2 AND (ended IS NULL OR ended > ?2)",
        (kind, milliseconds(at)),
    )
    return frozenset(row["line"] for row in rows)
