"""Articles on their way to callers: draft, submitted (its checks passed), approved by somebody else, published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from ivr_engine.errors import IvrError
from ivr_engine.records import audit, users
from ivr_engine.records.journal import milliseconds, seconds
from ivr_engine.records.versions import APPROVERS, WRITERS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

Body: TypeAlias = dict[str, Any]
"""An article as `articles.yaml` has it, days as text: title and text by language, source, certainty, category, topic, valid_from,
valid_to (None: until further notice), verified."""


class DraftState(StrEnum):
    """How far a draft has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


OPEN = (DraftState.DRAFT, DraftState.SUBMITTED, DraftState.APPROVED)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an article shall say. `file` is where it stands among the line's files: with a folder it is a shared part's, and every
    line with that part gets it. `authors` are all who wrote in it; `base` is what the file on disk said when it was published
    (None: nothing). Instants are seconds since 1970 UTC."""

    id: int
    line: str
    file: str
    article: str
    body: Body
    state: DraftState
    authors: tuple[str, ...]
    updated: float
    submitted_by: str
    approved_by: str
    published_by: str
    published: float | None
    base: Body | None

    def __str__(self) -> str:
        return f"article {self.line}/{self.article}"

    @property
    def shared(self) -> bool:
        """Does it belong to a part of several lines?"""
        return "/" in self.file


def start(connection: sqlite3.Connection, line: str, file: str, article: str, body: Body, who: str, at: float) -> Draft:
    """A new draft, or the one of that article that is on its way already. Raises IvrError."""
    users.entitled(connection, who, WRITERS, "write an article")
    for draft in on_the_way(connection):
        if (draft.file, draft.article) == (file, article) and (draft.shared or draft.line == line):
            return draft
    row = connection.execute(
        "INSERT INTO article_drafts (line, file, article, body, state, authors, updated) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (line, file, article, _text(body), DraftState.DRAFT, json.dumps([who]), milliseconds(at)),
    )
    assert row.lastrowid is not None
    audit.note(connection, at, who, "began a draft", f"article {line}/{article}")
    return get(connection, row.lastrowid)


def save(connection: sqlite3.Connection, draft: Draft, body: Body, who: str, at: float, *, seen: int) -> None:
    """Write in it. `seen`: the milliseconds of `updated` as the writer saw it; what somebody else wrote since is not lost. Raises
    IvrError."""
    users.entitled(connection, who, WRITERS, "write an article")
    _need(draft, DraftState.DRAFT)
    _unchanged(draft, seen)
    if body != draft.body:
        _set(connection, draft, body=_text(body), authors=json.dumps(sorted({*draft.authors, who})), updated=milliseconds(at))
        audit.note(connection, at, who, "wrote a draft", str(draft))


def submit(connection: sqlite3.Connection, draft: Draft, who: str, at: float) -> None:
    """Its checks passed (the caller's duty): somebody asks for approval. Raises IvrError."""
    users.entitled(connection, who, WRITERS, "submit an article")
    _move(connection, draft, DraftState.DRAFT, DraftState.SUBMITTED, who, at, submitted_by=who)


def send_back(connection: sqlite3.Connection, draft: Draft, who: str, at: float) -> None:
    """Not yet: it may be written in again. Raises IvrError."""
    users.entitled(connection, who, WRITERS | APPROVERS, "send an article back")
    _need(draft, DraftState.SUBMITTED, DraftState.APPROVED)
    _move(connection, draft, draft.state, DraftState.DRAFT, who, at, submitted_by="", approved_by="")


def withdraw(connection: sqlite3.Connection, draft: Draft, who: str, at: float) -> None:
    """It is given up. Raises IvrError."""
    users.entitled(connection, who, WRITERS, "withdraw an article")
    _need(draft, *OPEN)
    _move(connection, draft, draft.state, DraftState.WITHDRAWN, who, at)


def approve(connection: sqlite3.Connection, draft: Draft, who: str, at: float, *, seen: int) -> None:
    """A second person, or the Ministry, agrees to what they have `seen` (see `save`). Raises IvrError, as for what one wrote
    oneself."""
    users.entitled(connection, who, APPROVERS, "approve an article")
    _need(draft, DraftState.SUBMITTED)
    _unchanged(draft, seen)
    if who in {*draft.authors, draft.submitted_by}:
        raise IvrError(f"{draft} was written by {', '.join(draft.authors)}: somebody else must approve it", "two pairs of eyes")
    _move(connection, draft, DraftState.SUBMITTED, DraftState.APPROVED, who, at, approved_by=who)


def publish(connection: sqlite3.Connection, draft: Draft, base: Body | None, who: str, at: float) -> None:
    """Callers and operators get it from now on (the caller's duty). Raises IvrError."""
    users.entitled(connection, who, APPROVERS, "publish an article")
    _unchanged(get(connection, draft.id), milliseconds(draft.updated))
    _set(connection, draft, published_by=who, published=milliseconds(at), base=_text(base))
    _move(connection, draft, DraftState.APPROVED, DraftState.PUBLISHED, who, at)


def get(connection: sqlite3.Connection, number: int) -> Draft:
    """Raises IvrError when there is no such draft."""
    row = connection.execute("SELECT * FROM article_drafts WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise IvrError(f"there is no draft {number}", "see the list of answers")
    return _draft(row)


def on_the_way(connection: sqlite3.Connection) -> list[Draft]:
    """Drafts that are neither published nor withdrawn, the last touched first."""
    rows = connection.execute("SELECT * FROM article_drafts WHERE state IN (?, ?, ?) ORDER BY updated DESC, id DESC", OPEN)
    return [_draft(row) for row in rows]


def latest_published(connection: sqlite3.Connection, line: str, files: Iterable[str], since: float = 0.0) -> list[Draft]:
    """Of a line's files, the last draft of each article that was published after `since`."""
    known = set(files)
    rows = connection.execute(
        "SELECT * FROM article_drafts WHERE state = ? AND published > ? ORDER BY published, id",
        (DraftState.PUBLISHED, milliseconds(since)),
    )
    found = {(draft.file, draft.article): draft for draft in map(_draft, rows) if draft.shared or draft.line == line}
    return [draft for (file, _article), draft in found.items() if file in known]


def names(connection: sqlite3.Connection, line: str) -> set[str]:
    """Names of articles that drafts of a line have ever borne."""
    return {row["article"] for row in connection.execute("SELECT article FROM article_drafts WHERE line = ?", (line,))}


def _move(
    connection: sqlite3.Connection, draft: Draft, before: DraftState, after: DraftState, who: str, at: float, **values: str | int
) -> None:
    _need(draft, before)
    _set(connection, draft, state=after, updated=milliseconds(at), **values)
    audit.note(connection, at, who, "sent back" if after is DraftState.DRAFT else after.value, str(draft), f"draft {draft.id}")


def _unchanged(draft: Draft, seen: int) -> None:
    if seen != milliseconds(draft.updated):
        raise IvrError(f"somebody has changed {draft} meanwhile", "look at it again: what you wrote is still here")


def _need(draft: Draft, *states: DraftState) -> None:
    if draft.state not in states:
        hint = "an article goes: draft, submitted, approved, published"
        raise IvrError(f"{draft} is {draft.state}, not {' or '.join(states)}", hint)


def _set(connection: sqlite3.Connection, draft: Draft, **values: str | int) -> None:
    columns = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(f"UPDATE article_drafts SET {columns} WHERE id = :id", {**values, "id": draft.id})  # noqa: S608 - own names


def _text(body: Mapping[str, Any] | None) -> str:
    return json.dumps(body, ensure_ascii=False)


def _draft(row: sqlite3.Row) -> Draft:
    return Draft(
        id=row["id"],
        line=row["line"],
        file=row["file"],
        article=row["article"],
        body=json.loads(row["body"]),
        state=DraftState(row["state"]),
        authors=tuple(json.loads(row["authors"])),
        updated=seconds(row["updated"]),
        submitted_by=row["submitted_by"],
        approved_by=row["approved_by"],
        published_by=row["published_by"],
        published=None if row["published"] is None else seconds(row["published"]),
        base=json.loads(row["base"]),
    )
