"""What identifies somebody, apart from everything else and keyed by contact: emptying it changes no journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.events import PrivateNoted

NUMBER = "number"
NAME = "name"
INPUT = "input."
TEXT = "text"


def note(connection: sqlite3.Connection, event: PrivateNoted) -> None:
    """Keep a value; of a name noted twice the later one."""
    connection.execute(
        "INSERT INTO private (contact, name, value, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (contact, name) DO UPDATE SET value = excluded.value, at = excluded.at",
        (event.contact, event.name, event.value, milliseconds(event.at)),
    )


def erase(connection: sqlite3.Connection, contact: str) -> None:
    """Forget what identifies the caller of a contact: what they keyed and sent, and the key by which their calls are alike."""
    connection.execute("DELETE FROM private WHERE contact = ?", (contact,))
    connection.execute("DELETE FROM contact_files WHERE contact = ?", (contact,))
    connection.execute("UPDATE contacts SET caller_key = '' WHERE id = ?", (contact,))
    connection.execute(
        "UPDATE journal SET data = json_set(data, '$.caller_key', '') WHERE contact = ? AND kind = 'ContactStarted'", (contact,)
    )


def inputs(connection: sqlite3.Connection, contact: str) -> dict[str, str]:
    """What the caller of a contact has keyed and the engine understood, by name."""
    rows = connection.execute("SELECT name, value FROM private WHERE contact = ? AND name LIKE ?", (contact, f"{INPUT}%"))
    return {row["name"].removeprefix(INPUT): row["value"] for row in rows}
