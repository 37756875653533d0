"""Versions of lines: draft, submitted (its checks passed), approved by a second person, published, retired.

What is published is what callers hear. A line's files are proposals: its first version is published as it is; when the files
change there is a new draft.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ivr_engine.errors import IvrError
from ivr_engine.records import audit, users
from ivr_engine.records.journal import milliseconds, seconds
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

ENGINE = "engine"
"""The author of what comes from the files."""
LOCAL = "local"
"""Who did it where no approval is asked for and nobody signs."""

WRITERS = frozenset({Role.BACK_OFFICE, Role.TUTOR, Role.SUPERVISOR, Role.KNOWLEDGE_MANAGER, Role.ADMINISTRATOR})
APPROVERS = frozenset({Role.SUPERVISOR, Role.KNOWLEDGE_MANAGER, Role.MINISTRY, Role.ADMINISTRATOR})


class VersionState(StrEnum):
    """How far a version has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUBLISHED = "published"
    RETIRED = "retired"  # was published, or was overtaken


UNDER_WAY = (VersionState.DRAFT, VersionState.SUBMITTED, VersionState.APPROVED)
"""Not heard yet."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a line: its texts by file name, and who brought it how far. `published`: seconds since 1970 UTC."""

    line: str
    version: int
    state: VersionState
    digest: str
    files: Mapping[str, str]
    author: str
    created: float
    submitted_by: str
    approved_by: str
    published_by: str
    published: float | None

    def __str__(self) -> str:
        return f"{self.line} version {self.version}"


def propose(connection: sqlite3.Connection, line: str, digest: str, files: Mapping[str, str], at: float) -> Version | None:
    """What a line's files say now: version 1 at once, a new draft when they differ (by `digest`) from what they said last, else
    None."""
    known = versions(connection, line)
    proposals = [version for version in known if version.author == ENGINE]
    if proposals and proposals[-1].digest == digest:
        return None
    for version in proposals:
        if version.state is VersionState.DRAFT:
            _set(connection, version, state=VersionState.RETIRED)
    number = known[-1].version + 1 if known else 1
    state = VersionState.DRAFT if known else VersionState.PUBLISHED
    connection.execute(
        "INSERT INTO line_versions (line, version, state, digest, files, author, created, published_by, published)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(line, number, state, digest, json.dumps(dict(files), ensure_ascii=False), ENGINE, milliseconds(at)),
            *(("", None) if known else (ENGINE, milliseconds(at))),
        ),
    )
    audit.note(connection, at, ENGINE, "proposed" if known else "published", f"line {line}", f"version {number}")
    return get(connection, line, number)


def submit(connection: sqlite3.Connection, version: Version, who: str, at: float) -> None:
    """Its checks passed (the caller's duty): somebody asks for approval. Raises IvrError."""
    users.entitled(connection, who, WRITERS, "submit a version")
    _need(connection, version, VersionState.DRAFT)
    _set(connection, version, state=VersionState.SUBMITTED, submitted_by=who)
    audit.note(connection, at, who, "submitted", f"line {version.line}", f"version {version.version}")


def approve(connection: sqlite3.Connection, version: Version, who: str, at: float) -> None:
    """A second person agrees. Raises IvrError, as for one's own version."""
    users.entitled(connection, who, APPROVERS, "approve a version")
    _need(connection, version, VersionState.SUBMITTED)
    if who in {version.author, version.submitted_by}:
        raise IvrError(f"{version} was submitted by {version.submitted_by}: somebody else must approve it", "two pairs of eyes")
    _set(connection, version, state=VersionState.APPROVED, approved_by=who)
    audit.note(connection, at, who, "approved", f"line {version.line}", f"version {version.version}")


def withdraw(connection: sqlite3.Connection, version: Version, who: str, at: float) -> VersionState:
    """Nobody asks for it any more: a draft again or, when the files have proposed a later one, retired. Raises IvrError."""
    users.entitled(connection, who, WRITERS | APPROVERS, "withdraw a version")
    _need(connection, version, VersionState.SUBMITTED, VersionState.APPROVED)
    overtaken = connection.execute(
        "SELECT 1 FROM line_versions WHERE line = ? AND version > ? AND author = ?", (version.line, version.version, ENGINE)
    ).fetchone()
    state = VersionState.RETIRED if overtaken else VersionState.DRAFT
    _set(connection, version, state=state, submitted_by="", approved_by="")
    audit.note(connection, at, who, "withdrawn", f"line {version.line}", f"version {version.version}")
    return state


def publish(connection: sqlite3.Connection, version: Version, who: str, at: float, *, approval: bool) -> None:
    """From now on callers hear it, and earlier ones under way are retired. Without `approval` any version under way will do, and
    nobody need sign. Raises IvrError."""
    if approval or who:
        users.entitled(connection, who, APPROVERS, "publish a version")
    if approval:
        _need(connection, version, VersionState.APPROVED)
    elif (state := _now(connection, version)) not in UNDER_WAY:
        raise IvrError(f"{version} is {state}", "to go back to an earlier version: ivr lines rollback")
    connection.execute(
        "UPDATE line_versions SET state = ? WHERE line = ? AND version < ? AND state IN (?, ?, ?)",
        (VersionState.RETIRED, version.line, version.version, *UNDER_WAY),
    )
    _switch(connection, version, who or LOCAL, at, "published")


def revise(
    connection: sqlite3.Connection, line: str, digest: str, files: Mapping[str, str], author: str, who: str, at: float
) -> Version:
    """What callers hear, but for an article whose publication by `who` is allowed (the caller's duty): a version of its own."""
    number = newest(connection, line).version + 1
    connection.execute(
        "INSERT INTO line_versions (line, version, state, digest, files, author, created, submitted_by, approved_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(line, number, VersionState.APPROVED, digest, json.dumps(dict(files), ensure_ascii=False), author),
            *(milliseconds(at), author, who),
        ),
    )
    version = get(connection, line, number)
    _switch(connection, version, who, at, "published")
    return version


def rollback(connection: sqlite3.Connection, version: Version, who: str, at: float, *, approval: bool) -> None:
    """An earlier version, once published, is heard again. Raises IvrError."""
    if approval or who:
        users.entitled(connection, who, APPROVERS, "roll back a line")
    if version.state is not VersionState.RETIRED or version.published is None:
        raise IvrError(f"{version} is {version.state} and was never retired", "see: ivr lines versions")
    _switch(connection, version, who or LOCAL, at, "rolled back")


def _switch(connection: sqlite3.Connection, version: Version, who: str, at: float, what: str) -> None:
    before = published(connection, version.line)
    if before is not None:
        _set(connection, before, state=VersionState.RETIRED)
    files = json.dumps(dict(version.files), ensure_ascii=False)
    _set(connection, version, state=VersionState.PUBLISHED, files=files, published_by=who, published=milliseconds(at))
    detail = f"version {version.version}" + (f", before: {before.version}" if before else "")
    audit.note(connection, at, who, what, f"line {version.line}", detail)


def published(connection: sqlite3.Connection, line: str) -> Version | None:
    """What callers of the line hear."""
    row = connection.execute(
        "SELECT * FROM line_versions WHERE line = ? AND state = ?", (line, VersionState.PUBLISHED)
    ).fetchone()
    return None if row is None else _version(row)


def before_published(connection: sqlite3.Connection, line: str) -> Version | None:
    """What callers heard before, by the time it was published."""
    row = connection.execute(
        "SELECT * FROM line_versions WHERE line = ? AND state = ? AND published IS NOT NULL ORDER BY published DESC LIMIT 1",
        (line, VersionState.RETIRED),
    ).fetchone()
    return None if row is None else _version(row)


def versions(connection: sqlite3.Connection, line: str) -> tuple[Version, ...]:
    """All versions of a line, oldest first."""
    rows = connection.execute("SELECT * FROM line_versions WHERE line = ? ORDER BY version", (line,))
    return tuple(map(_version, rows))


def latest(connection: sqlite3.Connection, line: str, most: int) -> tuple[Version, ...]:
    """The last `most` versions of a line, newest first."""
    rows = connection.execute("SELECT * FROM line_versions WHERE line = ? ORDER BY version DESC LIMIT ?", (line, most))
    return tuple(map(_version, rows))


def get(connection: sqlite3.Connection, line: str, number: int) -> Version:
    """Raises IvrError when there is no such version."""
    row = connection.execute("SELECT * FROM line_versions WHERE line = ? AND version = ?", (line, number)).fetchone()
    if row is None:
        raise IvrError(f"line {line} has no version {number}", f"see: ivr lines versions {line}")
    return _version(row)


def newest(connection: sqlite3.Connection, line: str) -> Version:
    """Raises IvrError when the store knows no version of the line."""
    known = versions(connection, line)
    if not known:
        raise IvrError(f"the store knows no line {line!r}", "a line's first version is made when the engine starts with it")
    return known[-1]


def _need(connection: sqlite3.Connection, version: Version, *states: VersionState) -> None:
    if (state := _now(connection, version)) not in states:
        hint = "a version goes: draft, submitted, approved, published"
        raise IvrError(f"{version} is {state}, not {' or '.join(states)}", hint)


def _now(connection: sqlite3.Connection, version: Version) -> VersionState:
    """Sounds may have been made since it was read."""
    return get(connection, version.line, version.version).state


def _set(connection: sqlite3.Connection, version: Version, **values: str | int) -> None:
    columns = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(
        f"UPDATE line_versions SET {columns} WHERE line = :the_line AND version = :the_version",  # noqa: S608 - own names
        {**values, "the_line": version.line, "the_version": version.version},
    )


def _version(row: sqlite3.Row) -> Version:
    return Version(
        line=row["line"],
        version=row["version"],
        state=VersionState(row["state"]),
        digest=row["digest"],
        files=json.loads(row["files"]),
        author=row["author"],
        created=seconds(row["created"]),
        submitted_by=row["submitted_by"],
        approved_by=row["approved_by"],
        published_by=row["published_by"],
        published=None if row["published"] is None else seconds(row["published"]),
    )
