"""What each event changes in the tables. The journal comes first; everything else can be derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ivr_engine.events import (
    CallbackWished,
    ContactEnded,
    ContactStarted,
    LineChosen,
    OperatorAnswered,
    PrivateNoted,
    PromptHeard,
    QueueEntered,
    QueueLeft,
)
from ivr_engine.records import callbacks, cases, citizens, figures, journal, private
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.events import Event
    from ivr_engine.records.cases import CaseTouched

log = structlog.get_logger()

ARTICLE = "article."  # an article is heard under this name and its id


def apply(connection: sqlite3.Connection, event: Event) -> CaseTouched | None:
    """Carry one event into the tables; what others want to hear of once it is committed."""
    row = _row(connection, event)
    if isinstance(event, PrivateNoted):
        private.note(connection, event)
        citizens.note(connection, event)
        return None
    journal.add(connection, event)
    if row["ended"] is not None:
        log.warning(
            "an event after the contact's end stays in the journal alone", contact=event.contact, kind=type(event).__name__
        )
        return None
    if isinstance(event, OperatorAnswered):
        _set(connection, event, operator=event.operator, answered=milliseconds(event.at))
        return cases.answered(connection, event, row)
    _change(connection, event, row)
    return None


def journal_only(connection: sqlite3.Connection, event: Event) -> None:
    """At least write it down: for an event whose effect on the other tables failed."""
    if not isinstance(event, PrivateNoted):
        journal.add(connection, event)


def _row(connection: sqlite3.Connection, event: Event) -> sqlite3.Row:
    """The contact's row. One is made for a contact this database has not heard of: it was replaced in the middle of the call."""
    query = "SELECT line, citizen, ended, operator, answer_line, answer FROM contacts WHERE id = ?"
    row: sqlite3.Row | None = connection.execute(query, (event.contact,)).fetchone()
    if row is None:
        connection.execute("INSERT INTO contacts (id, started) VALUES (?, ?)", (event.contact, milliseconds(event.at)))
        row = connection.execute(query, (event.contact,)).fetchone()
        assert row is not None
    return row


def _change(connection: sqlite3.Connection, event: Event, row: sqlite3.Row) -> None:
    match event:
        case ContactStarted():
            _set(
                connection,
                event,
                medium=event.medium,
                line=event.line,
                language=event.language,
                dialled=event.dialled,
                exchange=event.exchange,
                channel=event.channel,
                caller_key=event.caller_key,
                caller_kind=event.caller_kind,
                started=milliseconds(event.at),
            )
        case LineChosen():
            _set(connection, event, line=event.line)
        case PromptHeard() if event.counts and event.prompt.startswith(ARTICLE):
            _set(connection, event, answer_line=row["line"], answer=event.prompt.removeprefix(ARTICLE))
        case CallbackWished():
            callbacks.note(connection, event)
        case QueueEntered():
            _set(connection, event, queue=event.queue, queued=milliseconds(event.at), answered=None)
        case QueueLeft():
            _set(connection, event, queue=event.queue, queued=None, operator=row["operator"] or event.operator)
            connection.execute(
                "UPDATE contacts SET wait_s = wait_s + ?, talk_s = talk_s + ? WHERE id = ?",
                (event.wait_s, event.talk_s, event.contact),
            )
        case ContactEnded():
            _set(connection, event, ended=milliseconds(event.at), outcome=event.outcome, cause=event.cause, queued=None)
            figures.count(connection, event.contact)


def _set(connection: sqlite3.Connection, event: Event, **values: str | int | None) -> None:
    columns = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(f"UPDATE contacts SET {columns} WHERE id = :contact", {**values, "contact": event.contact})  # noqa: S608 - own names
