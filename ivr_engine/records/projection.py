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
from ivr_engine.sounds import ARTICLE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ivr_engine.events import Event
    from ivr_engine.records.cases import CaseTouched

log = structlog.get_logger()


class Group:
    """Events that are carried into the tables together, within one transaction: the journal's rows and the figures of contacts
    that ended go in at once at the end. Nothing of it may be used when anything of it fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: list[journal.Row] = []
        self._places: dict[str, int] = {}  # of each contact's last event
        self._open: set[str] = set()  # contacts that have a row and no end
        self._ended: list[str] = []

    def apply(self, event: Event) -> CaseTouched | None:
        """Take one event; what others want to hear of once it is committed."""
        connection, contact = self._connection, event.contact
        if contact in self._open and not _changes(event):
            self._write_down(event)
            return None
        row = _row(connection, event)
        if isinstance(event, PrivateNoted):
            private.note(connection, event)
            citizens.note(connection, event)
            return None
        self._write_down(event)
        if row["ended"] is not None:
            log.warning("an event after the contact's end stays in the journal alone", contact=contact, kind=type(event).__name__)
            return None
        self._open.add(contact)
        if isinstance(event, ContactEnded):
            self._open.remove(contact)
            self._ended.append(contact)
        if isinstance(event, OperatorAnswered):
            _set(connection, event, operator=event.operator, answered=milliseconds(event.at))
            return cases.answered(connection, event, row)
        _change(connection, event, row)
        return None

    def finish(self) -> None:
        """All are taken."""
        journal.add_rows(self._connection, self._rows)
        if self._ended:
            figures.count(self._connection, self._ended)

    def _write_down(self, event: Event) -> None:
        place = self._places.get(event.contact)
        if place is None:
            place = journal.last_place(self._connection, event.contact)
        self._places[event.contact] = place = place + 1
        self._rows.append(journal.row_of(event, place))


def apply(connection: sqlite3.Connection, event: Event) -> CaseTouched | None:
    """Carry one event into the tables; what others want to hear of once it is committed."""
    (touched,) = apply_all(connection, [event])
    return touched


def apply_all(connection: sqlite3.Connection, events: Iterable[Event]) -> list[CaseTouched | None]:
    """The same for a group of them, in order."""
    group = Group(connection)
    touched = [group.apply(event) for event in events]
    group.finish()
    return touched


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


def _changes(event: Event) -> bool:
    """Whether it matters to a table beside the journal."""
    return isinstance(event, _CHANGING) or (isinstance(event, PromptHeard) and event.counts)


_CHANGING = (CallbackWished, ContactEnded, ContactStarted, LineChosen, OperatorAnswered, PrivateNoted, QueueEntered, QueueLeft)


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


def _set(connection: sqlite3.Connection, event: Event, **values: str | int | None) -> None:
    columns = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(f"UPDATE contacts SET {columns} WHERE id = :contact", {**values, "contact": event.contact})  # noqa: S608 - own names
