"""What each event changes in the tables. The journal comes first; everything else can be derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
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
    """Events that are carried into the tables together, within one transaction: the journal's rows, what changed of each contact,
    and the figures of contacts that ended go in at once at the end. Nothing of it may be used when anything of it fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: list[journal.Row] = []
        self._places: dict[str, int] = {}  # of each contact's last event
        self._contacts: dict[str, dict[str, Any]] = {}  # each one's columns that matter here, as they are by now
        self._changed: dict[str, dict[str, Any]] = {}  # the columns that are yet to be written
        self._ended: list[str] = []

    def apply(self, event: Event) -> CaseTouched | None:
        """Take one event; what others want to hear of once it is committed."""
        connection, contact = self._connection, event.contact
        row = self._contacts.get(contact)
        if row is not None and row["ended"] is None and not _changes(event):
            self._write_down(event)
            return None
        if row is None:
            row = self._contacts[contact] = _row(connection, event)
        if isinstance(event, PrivateNoted):
            private.note(connection, event)
            citizens.note(connection, event)
            row["citizen"] = connection.execute("SELECT citizen FROM contacts WHERE id = ?", (contact,)).fetchone()["citizen"]
            return None
        self._write_down(event)
        if row["ended"] is not None:
            log.warning("an event after the contact's end stays in the journal alone", contact=contact, kind=type(event).__name__)
            return None
        if isinstance(event, CallbackWished):
            callbacks.note(connection, event)
        changed = _changed(event, row)
        row.update(changed)
        self._changed.setdefault(contact, {}).update(changed)
        if isinstance(event, ContactEnded):
            self._ended.append(contact)
        return cases.answered(connection, event, row) if isinstance(event, OperatorAnswered) else None

    def finish(self) -> None:
        """All are taken."""
        journal.add_rows(self._connection, self._rows)
        for contact, values in self._changed.items():
            if values:
                columns = ", ".join(f"{name} = :{name}" for name in values)
                values["contact"] = contact
                self._connection.execute(f"UPDATE contacts SET {columns} WHERE id = :contact", values)  # noqa: S608 - own names
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


def _row(connection: sqlite3.Connection, event: Event) -> dict[str, Any]:
    """The contact's row. One is made for a contact this database has not heard of: it was replaced in the middle of the call."""
    query = "SELECT line, citizen, ended, operator, wait_s, talk_s, answer_line, answer FROM contacts WHERE id = ?"
    row: sqlite3.Row | None = connection.execute(query, (event.contact,)).fetchone()
    if row is None:
        connection.execute("INSERT INTO contacts (id, started) VALUES (?, ?)", (event.contact, milliseconds(event.at)))
        row = connection.execute(query, (event.contact,)).fetchone()
        assert row is not None
    return dict(row)


def _changes(event: Event) -> bool:
    """Whether it matters to a table beside the journal."""
    return type(event) in _CHANGING or (isinstance(event, PromptHeard) and event.counts)


_CHANGING = frozenset(
    {CallbackWished, ContactEnded, ContactStarted, LineChosen, OperatorAnswered, PrivateNoted, QueueEntered, QueueLeft}
)


def _changed(event: Event, row: dict[str, Any]) -> dict[str, Any]:
    """The columns of the contact's row that an event changes."""
    match event:
        case ContactStarted():
            values = msgspec.structs.asdict(event)
            del values["contact"], values["at"]
            return {**values, "started": milliseconds(event.at)}
        case LineChosen():
            return {"line": event.line}
        case PromptHeard() if event.counts and event.prompt.startswith(ARTICLE):
            return {"answer_line": row["line"], "answer": event.prompt.removeprefix(ARTICLE)}
        case QueueEntered():
            return {"queue": event.queue, "queued": milliseconds(event.at), "answered": None}
        case OperatorAnswered():
            return {"operator": event.operator, "answered": milliseconds(event.at)}
        case QueueLeft():
            waited, talked = row["wait_s"] + event.wait_s, row["talk_s"] + event.talk_s
            operator = row["operator"] or event.operator
            return {"queue": event.queue, "queued": None, "operator": operator, "wait_s": waited, "talk_s": talked}
        case ContactEnded():
            return {"ended": milliseconds(event.at), "outcome": event.outcome, "cause": event.cause, "queued": None}
    return {}
