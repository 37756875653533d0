"""Versions of a line: what its files propose, who agrees, what callers hear, and the way back."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.console import words
from ivr_engine.console.differences import Piece
from ivr_engine.console.problems import told
from ivr_engine.console.visit import Forbidden, NotFound
from ivr_engine.errors import Invalid, IvrError
from ivr_engine.records import versions
from ivr_engine.records.versions import APPROVERS, UNDER_WAY, WRITERS, VersionState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from ivr_engine.console.problems import Told
    from ivr_engine.console.visit import Answer, Visit
    from ivr_engine.engine.publication import Publication
    from ivr_engine.records.users import Role
    from ivr_engine.records.versions import Version

_MOST = 20
_LONGEST = 400  # lines of one version's differences
_ROLES: Mapping[str, frozenset[Role]] = {
    "look": WRITERS | APPROVERS,
    "submit": WRITERS,
    "approve": APPROVERS,
    "withdraw": WRITERS | APPROVERS,
    "publish": APPROVERS,
    "rollback": APPROVERS,
}


class Row(NamedTuple):
    """A version, what this person `may` do with it, and by file what it changes for callers."""

    version: Version
    may: tuple[str, ...]
    changes: list[tuple[str, list[Piece]]]


async def index(visit: Visit, line: str) -> Answer:
    """GET /lines/LINE/versions"""
    return await _page(visit, line)


async def look(visit: Visit, line: str) -> Answer:
    """POST /lines/LINE/versions: take in what the lines' files say now."""
    return await _carry_out(visit, line, "look", lambda: _publication(visit).propose(visit.now))


async def act(visit: Visit, line: str, version: str) -> Answer:
    """POST /lines/LINE/versions/NUMBER: one step, named by `do`."""
    what, publication = visit.form.text("do"), _publication(visit)
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise NotFound
    number, who, at = int(version), visit.user.name, visit.now
    actions: dict[str, Callable[[], object]] = {
        "submit": lambda: publication.submit(publication.version(line, number), who, at),
        "approve": lambda: publication.approve(publication.version(line, number), who, at),
        "withdraw": lambda: publication.withdraw(publication.version(line, number), who, at),
        "publish": lambda: publication.publish(publication.version(line, number), who, at),
        "rollback": lambda: publication.roll_back(line, number, who, at),
    }
    if what not in actions:
        raise NotFound
    return await _carry_out(visit, line, what, actions[what])


async def _carry_out(visit: Visit, line: str, what: str, action: Callable[[], object]) -> Answer:
    """In a thread: publication makes sounds. What callers hear changes at once."""
    if visit.user.role not in _ROLES[what]:
        raise Forbidden(f"{what} a version")
    _known(visit, line)
    try:
        await visit.office.in_thread(action)
    except Invalid as error:
        return await _page(visit, line, visit.t("versions.refused"), told(visit, error))
    except IvrError as error:
        return await _page(visit, line, visit.refusal(error))
    if what in {"publish", "rollback"}:
        await visit.office.reload()
    return visit.see(f"/lines/{line}/versions")


def _publication(visit: Visit) -> Publication:
    if visit.office.publication is None:
        raise NotFound
    return visit.office.publication


def _known(visit: Visit, line: str) -> None:
    if line not in visit.office.lines().lines:
        raise NotFound


def _may(visit: Visit, version: Version, *, approval: bool) -> tuple[str, ...]:
    own = visit.user.name in {version.author, version.submitted_by}
    possible = {
        VersionState.DRAFT: ("submit",) if approval else ("submit", "publish"),
        VersionState.SUBMITTED: (*(() if own else ("approve",)), *(() if approval else ("publish",)), "withdraw"),
        VersionState.APPROVED: ("publish", "withdraw"),
        VersionState.RETIRED: ("rollback",) if version.published is not None else (),
    }
    return tuple(what for what in possible.get(version.state, ()) if visit.user.role in _ROLES[what])


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, list[Piece]]]:
    """By file, the lines that are gone and new, with one beside them; bounded, and the last piece is "…" when there were more."""
    kinds, left, found = {"-": "gone", "+": "new", " ": "same"}, _LONGEST, []
    for name in sorted({*before, *after}):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        lines = [line for line in list(unified_diff(old, new, n=1, lineterm=""))[2:] if not line.startswith("@@")]
        pieces = [Piece(kinds[line[0]], f"{line[1:]}\n") for line in lines[:left]]
        if len(lines) > left:
            pieces.append(Piece("same", "…\n"))
        if pieces and left:
            found.append((name, pieces))
        left = max(0, left - len(lines))
    return found


async def _page(visit: Visit, line: str, mistake: str = "", problems: list[Told] | None = None) -> Answer:
    _known(visit, line)
    approval = _publication(visit).approval

    def look(connection: sqlite3.Connection) -> list[Row]:
        heard = versions.published(connection, line)
        files = heard.files if heard is not None else {}
        return [
            Row(
                version,
                _may(visit, version, approval=approval),
                changed(files, version.files) if version.state in UNDER_WAY else [],
            )
            for version in versions.latest(connection, line, _MOST)
        ]

    return visit.page(
        "lines/versions.html",
        status=422 if mistake else 200,
        line=line,
        title=words.title(visit.office.lines(), line, visit.language),
        rows=await visit.read(look),
        approval=approval,
        serving=visit.office.lines().versions.get(line),
        mistake=mistake,
        problems=problems or [],
    )
