"""Every page of the console and who may see it: the one place where that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.console.pages import (
    agreements,
    answers,
    audit,
    board,
    callbacks,
    cases,
    citizens,
    contacts,
    desk,
    home,
    lines,
    people,
    phone,
    reports,
    staffing,
    versions,
)
from ivr_engine.records.agreements import REGISTRARS
from ivr_engine.records.callbacks import CALLERS
from ivr_engine.records.users import Role
from ivr_engine.records.versions import APPROVERS, WRITERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ivr_engine.console.visit import Answer


class Route(NamedTuple):
    """A page or an act: `path` as klein writes it ("/cases/<number>"); the handler takes a Visit and the path's parts."""

    method: str
    path: str
    roles: frozenset[Role]
    handler: Callable[..., Awaitable[Answer]]


EVERYBODY = frozenset(Role)
ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
OPERATORS = frozenset({Role.OPERATOR})
KEEPERS = frozenset({Role.SUPERVISOR, Role.TUTOR, Role.KNOWLEDGE_MANAGER, Role.MINISTRY, Role.ADMINISTRATOR})
CASE_WORKERS = frozenset({Role.OPERATOR, Role.BACK_OFFICE, Role.TUTOR, Role.SUPERVISOR, Role.MINISTRY})
PRIVACY = frozenset({Role.BACK_OFFICE, Role.SUPERVISOR})
LINE_READERS = KEEPERS | {Role.BACK_OFFICE}
EDITORS = WRITERS | APPROVERS
WATCHERS = frozenset({Role.TUTOR, Role.SUPERVISOR, Role.MINISTRY})
PLANNERS = frozenset({Role.SUPERVISOR, Role.MINISTRY, Role.ADMINISTRATOR})
CLOSERS = frozenset({Role.SUPERVISOR, Role.MINISTRY})
AUDITORS = frozenset({Role.SUPERVISOR, Role.MINISTRY, Role.ADMINISTRATOR})

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", EVERYBODY, home.show),
    Route("GET", "/desk", OPERATORS, desk.show),
    Route("GET", "/desk/call", OPERATORS, desk.call),
    Route("POST", "/desk/state", OPERATORS, desk.become),
    Route("POST", "/desk/answer", OPERATORS, desk.answer),
    Route("POST", "/desk/hang-up", OPERATORS, desk.hang_up),
    Route("POST", "/desk/draft", OPERATORS, desk.draft),
    Route("POST", "/desk/file", OPERATORS, desk.file),
    Route("POST", "/desk/transfer", OPERATORS, desk.transfer),
    Route("GET", "/desk/articles", OPERATORS, desk.find),
    Route("GET", "/desk/articles/<line>/<article>", OPERATORS, desk.article),
    Route("POST", "/desk/articles/<line>/<article>", OPERATORS, desk.give),
    Route("GET", "/cases", CASE_WORKERS, cases.index),
    Route("GET", "/cases/<number>", CASE_WORKERS, cases.show),
    Route("POST", "/cases/<number>", CASE_WORKERS, cases.act),
    Route("GET", "/callbacks", CALLERS, callbacks.index),
    Route("GET", "/callbacks/<contact>", CALLERS, callbacks.show),
    Route("POST", "/callbacks/<contact>", CALLERS, callbacks.tried),
    Route("GET", "/contacts/new", CASE_WORKERS, contacts.new),
    Route("POST", "/contacts/new", CASE_WORKERS, contacts.register),
    Route("GET", "/contacts/<contact>", CASE_WORKERS, contacts.show),
    Route("GET", "/contacts/<contact>/files/<number>", CASE_WORKERS, contacts.file),
    Route("GET", "/citizens", CASE_WORKERS, citizens.index),
    Route("GET", "/citizens/<citizen>", CASE_WORKERS, citizens.show),
    Route("POST", "/citizens/<citizen>", CASE_WORKERS, citizens.change),
    Route("POST", "/citizens/<citizen>/consents", CASE_WORKERS, citizens.consent),
    Route("POST", "/citizens/<citizen>/export", PRIVACY, citizens.export),
    Route("POST", "/citizens/<citizen>/erase", PRIVACY, citizens.erase),
    Route("GET", "/answers", EVERYBODY, answers.index),
    Route("GET", "/answers/review", EDITORS, answers.review),
    Route("GET", "/answers/unanswered", EDITORS, answers.missing),
    Route("POST", "/answers/drafts", WRITERS, answers.begin),
    Route("GET", "/answers/drafts/<draft>", EDITORS, answers.draft),
    Route("POST", "/answers/drafts/<draft>", EDITORS, answers.act),
    Route("GET", "/answers/<line>/<article>", EVERYBODY, answers.show),
    Route("GET", "/board", WATCHERS, board.show),
    Route("GET", "/board/part", WATCHERS, board.part),
    Route("GET", "/staffing", PLANNERS, staffing.show),
    Route("GET", "/reports", AUDITORS, reports.index),
    Route("GET", "/reports/contacts", AUDITORS, reports.contacts),
    Route("POST", "/reports/close", CLOSERS, reports.close),
    Route("GET", "/reports/<kind>", AUDITORS, reports.show),
    Route("GET", "/reports/<kind>/download", AUDITORS, reports.take),
    Route("GET", "/lines", LINE_READERS, lines.index),
    Route("GET", "/lines/<line>", LINE_READERS, lines.show),
    Route("GET", "/lines/<line>/tree.svg", LINE_READERS, lines.tree),
    Route("GET", "/lines/<line>/versions", LINE_READERS, versions.index),
    Route("POST", "/lines/<line>/versions", EDITORS, versions.look),
    Route("POST", "/lines/<line>/versions/<version>", EDITORS, versions.act),
    Route("POST", "/lines/<line>/messages", KEEPERS, lines.tell),
    Route("POST", "/lines/<line>/closures", KEEPERS, lines.close),
    Route("POST", "/lines/<line>/end", KEEPERS, lines.end),
    Route("POST", "/lines/<line>/switch", KEEPERS, lines.switch),
    Route("GET", "/agreements", AUDITORS, agreements.index),
    Route("POST", "/agreements", REGISTRARS, agreements.register),
    Route("POST", "/agreements/<agreement>/end", REGISTRARS, agreements.end),
    Route("GET", "/phone", EVERYBODY, phone.show),
    Route("GET", "/phone/sounds/<language>/<path:file>", EVERYBODY, phone.sound),
    Route("GET", "/audit", AUDITORS, audit.index),
    Route("GET", "/audit/export", AUDITORS, audit.export),
    Route("GET", "/users", ADMINISTRATOR, people.index),
    Route("POST", "/users", ADMINISTRATOR, people.add),
    Route("POST", "/users/<name>", ADMINISTRATOR, people.change),
)

MENU: tuple[tuple[str, str, frozenset[Role]], ...] = (
    ("/desk", "desk.title", OPERATORS),
    ("/cases", "cases.title", CASE_WORKERS),
    ("/callbacks", "callbacks.title", CALLERS),
    ("/citizens", "citizens.title", CASE_WORKERS),
    ("/answers", "answers.title", EVERYBODY),
    ("/board", "board.title", WATCHERS),
    ("/staffing", "staffing.title", PLANNERS),
    ("/reports", "reports.title", AUDITORS),
    ("/lines", "lines.title", LINE_READERS),
    ("/agreements", "agreements.title", AUDITORS),
    ("/phone", "phone.title", EVERYBODY),
    ("/audit", "audit.title", AUDITORS),
    ("/users", "users.title", ADMINISTRATOR),
)
"""The top menu: path, key of its text, who sees it; in this order."""

_PAGES = frozenset(route.path for route in ROUTES if route.method == "GET")


def page_of(route: Route, path: str) -> str:
    """The page that an act at `path` belongs to: the nearest one above."""
    pattern = route.path
    while pattern and pattern not in _PAGES:
        pattern, path = pattern.rpartition("/")[0], path.rpartition("/")[0]
    return path or "/"
