"""Contacts that do not come through the exchange, registered by whoever took them: at the counter, by post, fax, e-mail, web."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.events import Cause, ContactEnded, ContactStarted, OperatorAnswered, Outcome, PrivateNoted, new_contact_id
from ivr_engine.records import audit, cases, people, private, projection
from ivr_engine.records.cases import FINISHED

if TYPE_CHECKING:
    import sqlite3

MEDIA = ("counter", "post", "fax", "email", "web")
LONGEST_TEXT = 20_000
LARGEST_FILE = 5 << 20
MOST_FILES = 3


@dataclass(frozen=True, slots=True)
class File:
    """A document that came with a contact. `name` is its sender's word, for display alone."""

    number: int
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came. `at`: when (seconds since 1970 UTC); `case`: "" or a finished one continues the citizen's open case on the line,
    or opens one; `citizen` None: unknown, or the case's; `files`: name and content."""

    medium: str
    line: str
    at: float
    text: str
    citizen: int | None = None
    case: str = ""
    files: tuple[tuple[str, bytes], ...] = ()


def register(connection: sqlite3.Connection, received: Received, who: str, now: float) -> tuple[str, str]:
    """Keep it with its case; the ids of both. Raises IvrError, and then nothing of it is kept."""
    if received.medium not in MEDIA:
        raise IvrError(f"there is no channel {received.medium!r:.20}", f"channels are {', '.join(MEDIA)}")
    if len(received.files) > MOST_FILES or any(len(content) > LARGEST_FILE for _name, content in received.files):
        raise IvrError(f"at most {MOST_FILES} files of {LARGEST_FILE >> 20} MB each", "send fewer, or smaller ones")
    line, citizen, joined = received.line, received.citizen, False
    if received.case:
        file = cases.case_file(connection, received.case)
        if file is None:
            raise IvrError(f"there is no case {received.case:.20}")
        line, citizen, joined = file.case.line, file.case.citizen or citizen, file.case.state not in FINISHED
    if citizen is not None and ((person := people.get(connection, citizen)) is None or person.erased):
        raise IvrError("that citizen is not known, or their data were erased", "register it without a citizen")
    contact = new_contact_id(received.at)
    started = ContactStarted(contact, received.at, line, "", "", "", "", "", "it", received.medium)
    projection.apply(connection, started)
    connection.execute("UPDATE contacts SET citizen = ? WHERE id = ?", (citizen, contact))
    if received.text:
        projection.apply(connection, PrivateNoted(contact, received.at, private.TEXT, received.text))
    if joined:
        cases.attach(connection, received.case, contact, who, now)
    touched = projection.apply(connection, OperatorAnswered(contact, now, "", who))
    projection.apply(connection, ContactEnded(contact, now, Cause.OPERATOR, Outcome.ANSWERED))
    for number, (name, content) in enumerate(received.files, 1):
        connection.execute(
            "INSERT INTO contact_files (contact, number, name, size, sha256, content) VALUES (?, ?, ?, ?, ?, ?)",
            (contact, number, name, len(content), hashlib.sha256(content).hexdigest(), content),
        )
    assert touched is not None
    audit.note(connection, now, who, "registered", f"contact {contact}", f"{received.medium}, case {touched.case}")
    return contact, touched.case


def text(connection: sqlite3.Connection, contact: str) -> str:
    """What was said or written, "" for nothing or when it was erased."""
    row = connection.execute("SELECT value FROM private WHERE contact = ? AND name = ?", (contact, private.TEXT)).fetchone()
    return row["value"] if row else ""


def files(connection: sqlite3.Connection, contact: str) -> list[File]:
    """The documents that came with a contact."""
    rows = connection.execute(
        "SELECT number, name, size, sha256 FROM contact_files WHERE contact = ? ORDER BY number", (contact,)
    )
    return [File(*row) for row in rows]


def content(connection: sqlite3.Connection, contact: str, number: int) -> bytes | None:
    """A document itself; None when there is none."""
    row = connection.execute("SELECT content FROM contact_files WHERE contact = ? AND number = ?", (contact, number)).fetchone()
    return row["content"] if row else None
