"""What people do with a case: notes, classification, passing it between levels, states, and its end. Every change is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.records import users
from ivr_engine.records.cases import FINISHED, CaseState, Level, case_row
from ivr_engine.records.deadlines import DAY_HOURS, due
from ivr_engine.records.journal import milliseconds
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.records.articles import PublishedArticle
    from ivr_engine.records.cases import CaseRow
    from ivr_engine.records.users import User

LONGEST_NOTE = 5000


class Disposition(StrEnum):
    """The operator's one choice at wrap-up (domain.md §8)."""

    SOLVED = "solved"
    SECOND_LEVEL = "second_level"
    OTHER_BODY = "other_body"
    CALL_BACK = "call_back"
    EMERGENCY = "emergency"
    IMPROPER = "improper"
    DROPPED = "dropped"
    OUTAGE = "outage"


_STATE_AFTER = {
    Disposition.CALL_BACK: CaseState.IN_PROGRESS,
    Disposition.DROPPED: CaseState.WAITING_CITIZEN,
    Disposition.OUTAGE: CaseState.WAITING_CITIZEN,
}
_ALL_LEVELS = frozenset(Level)
WORKS_ON = {
    Role.OPERATOR: frozenset({Level.FRONT_LINE}),
    Role.BACK_OFFICE: frozenset({Level.FRONT_LINE, Level.BACK_OFFICE}),
    Role.MINISTRY: frozenset({Level.MINISTRY}),
    Role.TUTOR: _ALL_LEVELS,
    Role.SUPERVISOR: _ALL_LEVELS,
}
"""Whose cases a role may change; the others it may read."""
PASSES = {
    Level.FRONT_LINE: (Level.BACK_OFFICE,),
    Level.BACK_OFFICE: (Level.FRONT_LINE, Level.MINISTRY),
    Level.MINISTRY: (Level.BACK_OFFICE,),
}
"""Where a case may go from each level."""
_HOURS = {Level.FRONT_LINE: DAY_HOURS, Level.BACK_OFFICE: 2 * DAY_HOURS, Level.MINISTRY: 10 * DAY_HOURS}
_MOVES = {
    CaseState.OPEN: {CaseState.IN_PROGRESS, CaseState.WAITING_CITIZEN, CaseState.RESOLVED, CaseState.CLOSED},
    CaseState.IN_PROGRESS: {CaseState.WAITING_CITIZEN, CaseState.RESOLVED, CaseState.CLOSED},
    CaseState.WAITING_CITIZEN: {CaseState.IN_PROGRESS, CaseState.RESOLVED, CaseState.CLOSED},
    CaseState.WAITING_MINISTRY: {CaseState.IN_PROGRESS, CaseState.RESOLVED},
    CaseState.RESOLVED: {CaseState.CLOSED, CaseState.REOPENED},
    CaseState.CLOSED: {CaseState.REOPENED},
    CaseState.REOPENED: {CaseState.IN_PROGRESS, CaseState.WAITING_CITIZEN, CaseState.RESOLVED, CaseState.CLOSED},
}


def moves(case: CaseRow) -> list[CaseState]:
    """The states it may go to."""
    return sorted(_MOVES[case.state])


def may_change(case: CaseRow, user: User) -> bool:
    """Is it this person's to work on?"""
    return case.level in WORKS_ON.get(user.role, ())


@dataclass(frozen=True, slots=True)
class Given:
    """A version of an article that was read to a citizen."""

    line: str
    article: str
    language: str
    version: int
    at: float
    who: str


def of_contact(connection: sqlite3.Connection, contact: str, line: str) -> CaseRow | None:
    """The case that a contact opened or continued on a line; transferred callers have one on each."""
    row = connection.execute(
        "SELECT cases.* FROM cases JOIN case_contacts ON case_id = id WHERE contact = ? AND line = ?", (contact, line)
    ).fetchone()
    return None if row is None else case_row(row)


def given(connection: sqlite3.Connection, number: str) -> list[Given]:
    """The articles read in a case, oldest first."""
    rows = connection.execute(
        "SELECT case_articles.* FROM case_articles JOIN cases ON id = case_id WHERE number = ? ORDER BY at", (number,)
    )
    return [Given(row["line"], row["article"], row["language"], row["version"], row["at"] / 1000, row["who"]) for row in rows]


def filed(connection: sqlite3.Connection, number: str, contact: str, operator: str, since: float) -> bool:
    """Whether that operator has filed the contact of that case since then (seconds since 1970 UTC)."""
    row = connection.execute(
        "SELECT 1 FROM case_history JOIN cases ON cases.id = case_id"
        " WHERE number = ? AND what = 'disposition' AND contact = ? AND operator = ? AND at >= ?",
        (number, contact, operator, milliseconds(since)),
    ).fetchone()
    return row is not None


class Work:
    """One person's changes to one case, in one transaction; each raises IvrError and then nothing of it is kept.

    `contact`: one of this case that the person took. They may file it, and read answers, though the case is with others by now:
    its history then has what was said, and its state, level and subject stay theirs.
    """

    def __init__(self, connection: sqlite3.Connection, number: str, user: User, at: float, *, contact: str = "") -> None:
        row = connection.execute("SELECT * FROM cases WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise IvrError(f"there is no case {number}")
        self._connection, self._id, self._user, self._at = connection, row["id"], user, at
        self.case = case_row(row)
        self._own = may_change(self.case, user)
        self._contact = contact
        if not self._own and not contact:
            raise IvrError(f"case {number} is with {self.case.level.replace('_', ' ')}", "only they may change it now")

    def note(self, text: str) -> None:
        """Write something down; of a contact, the same words once: what was kept for somebody their page may send again."""
        if not text or len(text) > LONGEST_NOTE:
            raise IvrError(f"a note has 1 to {LONGEST_NOTE} characters")
        if self._contact and self._noted(text):
            return
        self._keep("note", text, self._contact)

    def _noted(self, text: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM case_history WHERE case_id = ? AND what = 'note' AND contact = ? AND operator = ? AND detail = ?",
            (self._id, self._contact, self._user.name, text),
        ).fetchone()
        return row is not None

    def classify(self, category: str, topic: str) -> None:
        """What it is about."""
        if (category, topic) != (self.case.category, self.case.topic):
            self._set(category=category, topic=topic)
            self._keep("subject", f"{category}: {topic}")

    def assign(self, name: str) -> None:
        """Whose it is; "" for nobody's."""
        if name:
            users.get(self._connection, name)
        self._set(assigned=name)
        self._keep("assigned", name)

    def move(self, state: CaseState) -> None:
        """To another state."""
        if state not in _MOVES[self.case.state]:
            raise IvrError(f"a case that is {self.case.state} cannot become {state}")
        self._become(state)

    def hand_to(self, level: Level, note: str) -> None:
        """Pass it on, with a word of why."""
        if level not in PASSES[self.case.level] or self.case.state in FINISHED:
            raise IvrError(f"a case cannot go from {self.case.level} to {level}")
        if not note:
            raise IvrError("say why it is passed on", "a note of a sentence or two")
        self._keep("note", note)
        deadline = milliseconds(due(self._at, _HOURS[level]))
        self._set(level=level, assigned="", deadline=deadline)
        self._keep("level", level)
        self._become(CaseState.WAITING_MINISTRY if level is Level.MINISTRY else CaseState.IN_PROGRESS)

    def file(self, disposition: Disposition, note: str, subject: tuple[str, str]) -> None:
        """The talk is over: one disposition, which says what becomes of the case, and what it was about (category, topic)."""
        self._keep("disposition", disposition, self._contact)
        if not self._own:
            if note:
                self.note(note)
            return
        self.classify(*subject)
        if self.case.state in FINISHED:
            self._become(CaseState.REOPENED)
        self._set(disposition=disposition)
        if disposition is Disposition.SECOND_LEVEL:
            self.hand_to(Level.BACK_OFFICE, note)
            return
        if note:
            self.note(note)
        self._become(_STATE_AFTER.get(disposition, CaseState.RESOLVED))

    def read_aloud(self, article: PublishedArticle) -> None:
        """This version of an article was given to the citizen."""
        it = article.article
        self._connection.execute(
            "INSERT OR IGNORE INTO case_articles (case_id, line, article, language, version, at, who)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._id, it.line, it.id, it.language, article.version, milliseconds(self._at), self._user.name),
        )
        self._keep("article", f"{it.line}/{it.id} {article.version}", self._contact)

    def _become(self, state: CaseState) -> None:
        if state is self.case.state:
            return
        if state in {*FINISHED, CaseState.WAITING_CITIZEN}:
            self._set(state=state, deadline=None)
        elif state is CaseState.REOPENED or self.case.deadline is None:
            self._set(state=state, deadline=milliseconds(due(self._at, _HOURS[self.case.level])))
        else:
            self._set(state=state)
        self._keep("state", state)

    def _set(self, **values: str | int | None) -> None:
        columns = ", ".join(f"{name} = :{name}" for name in values)
        self._connection.execute(f"UPDATE cases SET {columns} WHERE id = :id", {**values, "id": self._id})  # noqa: S608 - own names
        self.case = case_row(self._connection.execute("SELECT * FROM cases WHERE id = ?", (self._id,)).fetchone())

    def _keep(self, what: str, detail: str, contact: str = "") -> None:
        at = milliseconds(self._at)
        self._connection.execute("UPDATE cases SET updated = max(updated, ?) WHERE id = ?", (at, self._id))
        self._connection.execute(
            "INSERT INTO case_history (case_id, seq, at, what, contact, operator, detail)"
            " SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM case_history WHERE case_id = ?1",
            (self._id, at, what, contact, self._user.name, detail),
        )
