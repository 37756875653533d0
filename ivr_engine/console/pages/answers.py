"""Answers: what callers hear and operators read, with versions; drafts on their way; what is due, and what is missing."""

from __future__ import annotations

from datetime import date
from functools import partial
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

from ivr_engine.clock import rome_date
from ivr_engine.console import words
from ivr_engine.console.differences import differences
from ivr_engine.console.problems import told
from ivr_engine.console.texts import LANGUAGES
from ivr_engine.console.visit import Answer, Forbidden, NotFound, one_of
from ivr_engine.dialogue.files import ARTICLES
from ivr_engine.dialogue.slots import present
from ivr_engine.errors import Invalid, IvrError
from ivr_engine.records import article_search, articles, drafts, unanswered
from ivr_engine.records.drafts import DraftState
from ivr_engine.records.versions import APPROVERS, WRITERS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from ivr_engine.console.problems import Told
    from ivr_engine.console.visit import Visit
    from ivr_engine.dialogue.model import Line
    from ivr_engine.engine.answers import Answers
    from ivr_engine.records.drafts import Body, Draft

CERTAINTIES = ("A", "B", "C")
_WORDS = ("source", "category", "topic")
_DAYS = ("valid_from", "valid_to", "verified")
_LONGEST = 3000
_FOUND = 50
_MONTH_S = 30 * 86400.0


async def index(visit: Visit) -> Answer:
    """GET /answers: what is on its way, and what callers may hear today."""
    wanted, lines = visit.query.text("q"), visit.office.lines()
    line = one_of(visit.query.text("line"), lines.lines)

    def look(connection: sqlite3.Connection) -> dict[str, Any]:
        known = articles.all_latest(connection, visit.language, line)
        if wanted:
            search = article_search.search(connection, wanted, language=visit.language, line=line, limit=_FOUND)
            by_name = {(it.article.line, it.article.id): it for it in known}
            known = [by_name[it.line, it.id] for it in search if (it.line, it.id) in by_name]
        return {"found": known, "cut": bool(wanted) and len(known) >= _FOUND, "drafts": drafts.on_the_way(connection)}

    return visit.page(
        "answers/list.html",
        **await visit.read(look),
        wanted=wanted,
        line=line,
        titles={name: words.title(lines, name, visit.language) for name in sorted(lines.lines)},
        today=rome_date(visit.now),
        due_before=_due_before(visit),
        may_write=visit.user.role in WRITERS,
    )


async def review(visit: Visit) -> Answer:
    """GET /answers/review: in force, and not compared with its source for long."""
    before, today, lines = _due_before(visit), rome_date(visit.now), visit.office.lines()
    known = await visit.read(articles.all_latest, visit.language)
    due = [it for it in known if it.article.verified < before and (it.article.valid_to is None or it.article.valid_to >= today)]
    return visit.page(
        "answers/review.html",
        due=sorted(due, key=lambda it: (it.article.verified, it.article.line, it.article.id)),
        months=visit.office.settings.console.review_months,
        titles={name: words.title(lines, name, visit.language) for name in lines.lines},
    )


async def missing(visit: Visit) -> Answer:
    """GET /answers/unanswered"""
    since, lines = visit.now - _MONTH_S, visit.office.lines()

    def look(connection: sqlite3.Connection) -> dict[str, Any]:
        return {
            "searches": unanswered.searches(connection, since),
            "not_enough": unanswered.not_enough(connection, since),
            "subjects": unanswered.subjects(connection, since),
            "names": articles.titles(connection, visit.language),
        }

    titles = {name: words.title(lines, name, visit.language) for name in lines.lines}
    return visit.page("answers/unanswered.html", **await visit.read(look), titles=titles)


async def show(visit: Visit, line: str, article: str) -> Answer:
    """GET /answers/LINE/ARTICLE: its versions, and what changed from one to the next; of a line that is no more, too."""
    found = visit.office.lines().lines.get(line)

    def look(connection: sqlite3.Connection) -> dict[str, tuple[articles.PublishedArticle, ...]]:
        languages = found.languages if found is not None else LANGUAGES
        known = {language: articles.versions(connection, line, article, language) for language in languages}
        return {language: its for language, its in known.items() if its}

    versions = await visit.read(look)
    if not versions:
        raise NotFound
    return visit.page(
        "answers/article.html",
        line=line,
        article=article,
        line_title=words.title(visit.office.lines(), line, visit.language),
        latest={language: its[-1] for language, its in versions.items()},
        changes={
            language: [(after, _changed(before, after)) for before, after in pairwise(its)] for language, its in versions.items()
        },
        any_language=next(iter(versions)),
        steps=_readers(found, article) if found is not None else [],
        today=rome_date(visit.now),
        may_write=visit.user.role in WRITERS and found is not None and article in found.articles,
    )


def _changed(before: articles.PublishedArticle, after: articles.PublishedArticle) -> list[tuple[str, list[Any]]]:
    fields = ("title", "text", *_WORDS, "certainty", *_DAYS)
    pairs = [(name, str(getattr(before.article, name) or "—"), str(getattr(after.article, name) or "—")) for name in fields]
    return [(name, differences(old, new)) for name, old, new in pairs if old != new]


# Drafts


async def begin(visit: Visit) -> Answer:
    """POST /answers/drafts: to change an article, or a new one; `verify`: nothing changes but the day it was compared."""
    line, article = visit.form.text("line"), visit.form.text("article", 60)
    found, today = _line(visit, line), rome_date(visit.now).isoformat()

    def start() -> Draft:
        answers = _answers(visit)
        file, body = answers.file(line, article) if article else (ARTICLES, _empty(found, visit.now))
        if visit.form.text("verify") == "1":
            body["verified"] = today
        with visit.office.store.administration.change() as connection:
            name = article or _new_name(found, drafts.names(connection, line))
            return drafts.start(connection, line, file, name, body, visit.user.name, visit.now)

    return visit.see(f"/answers/drafts/{(await visit.office.in_thread(start)).id}")


async def draft(visit: Visit, draft: str) -> Answer:
    """GET /answers/drafts/ID"""
    return await _page(visit, await _get(visit, draft))


async def act(visit: Visit, draft: str) -> Answer:
    """POST /answers/drafts/ID: one thing, named by `do`."""
    found, what = await _get(visit, draft), visit.form.text("do")
    if what in {"approve", "publish"} and visit.user.role not in APPROVERS:
        raise Forbidden(f"{what} an article")
    if what in {"save", "submit", "withdraw"} and visit.user.role not in WRITERS:
        raise Forbidden(f"{what} an article")
    body = found.body
    if what in {"save", "submit"}:
        body, mistakes = _read(visit, found, complete=what == "submit")
        if mistakes:
            return await _page(visit, found, body, mistakes)
    actions: dict[str, Callable[[], object]] = {
        "save": lambda: _save(visit, found, body),
        "submit": lambda: _submit(visit, found, body),
        "approve": lambda: _approve(visit, found),
        "publish": lambda: _answers(visit).publish(_now(visit, found.id), visit.user.name, visit.now),
        "back": lambda: _store(visit, found, drafts.send_back),
        "withdraw": lambda: _store(visit, found, drafts.withdraw),
    }
    if what not in actions:
        raise NotFound
    try:
        await visit.office.in_thread(actions[what])
    except Invalid as error:
        return await _page(visit, await _get(visit, draft), body, {"": visit.t("answers.refused")}, problems=told(visit, error))
    except IvrError as error:
        return await _page(visit, await _get(visit, draft), body, {"": visit.refusal(error)})
    if what in {"approve", "publish"}:
        await visit.office.reload()
    return visit.see("/answers" if what == "withdraw" else f"/answers/drafts/{found.id}")


def _save(visit: Visit, draft: Draft, body: Body) -> Draft:
    with visit.office.store.administration.change() as connection:
        drafts.save(
            connection,
            drafts.get(connection, draft.id),
            body,
            visit.user.name,
            visit.now,
            seen=visit.form.whole("seen", most=10**15),
        )
        return drafts.get(connection, draft.id)


def _submit(visit: Visit, draft: Draft, body: Body) -> None:
    saved = _save(visit, draft, body)
    _answers(visit).check(saved, visit.now)
    _store(visit, saved, drafts.submit)


def _approve(visit: Visit, draft: Draft) -> None:
    """And let callers hear it at once, if its day has come."""
    seen = visit.form.whole("seen", most=10**15)
    _store(visit, draft, partial(drafts.approve, seen=seen))
    if date.fromisoformat(draft.body["valid_from"]) <= rome_date(visit.now):
        _answers(visit).publish(_now(visit, draft.id), visit.user.name, visit.now)


def _store(visit: Visit, draft: Draft, change: Callable[[sqlite3.Connection, Draft, str, float], None]) -> None:
    with visit.office.store.administration.change() as connection:
        change(connection, drafts.get(connection, draft.id), visit.user.name, visit.now)


def _now(visit: Visit, number: int) -> Draft:
    with visit.office.store.administration.look() as connection:
        return drafts.get(connection, number)


async def _get(visit: Visit, number: str) -> Draft:
    if not (number.isascii() and number.isdigit() and len(number) < 12):
        raise NotFound
    try:
        return await visit.read(drafts.get, int(number))
    except IvrError as error:
        raise NotFound(visit.refusal(error)) from error


def _answers(visit: Visit) -> Answers:
    if visit.office.publication is None:
        raise NotFound
    return visit.office.publication.answers


def _line(visit: Visit, line: str) -> Line:
    found = visit.office.lines().lines.get(line)
    if found is None:
        raise NotFound
    return found


def _empty(line: Line, now: float) -> Body:
    today = rome_date(now).isoformat()
    nothing = dict.fromkeys(line.languages, "")
    return {
        "title": nothing,
        "text": dict(nothing),
        "source": "",
        "certainty": "B",
        "topic": "",
        "category": line.name,
        "valid_from": today,
        "valid_to": None,
        "verified": today,
    }


def _new_name(line: Line, taken: set[str]) -> str:
    return next(name for name in (f"N{number:02d}" for number in count(1)) if name not in line.articles and name not in taken)


def _read(visit: Visit, draft: Draft, *, complete: bool) -> tuple[Body, dict[str, str]]:
    """The form as an article, and what is wrong with it by field. `complete`: nothing may be missing."""
    form, mistakes = visit.form, {}
    body: Body = {"title": {}, "text": {}}
    for language in draft.body["text"]:
        body["title"][language] = form.text(f"title_{language}")
        body["text"][language] = " ".join(form.text(f"text_{language}", _LONGEST).split())
        if present(body["text"][language]):
            mistakes[f"text_{language}"] = visit.t("answers.no-braces")
    body |= {name: form.text(name) for name in _WORDS}
    body["certainty"] = one_of(form.text("certainty"), CERTAINTIES) or "C"
    body |= {name: form.text(name, 10) or None for name in _DAYS}
    if complete:
        empty = [f"{kind}_{language}" for kind in ("title", "text") for language, said in body[kind].items() if not said]
        mistakes |= dict.fromkeys([*empty, *(name for name in _WORDS if not body[name])], visit.t("answers.missing"))
    for name in _DAYS:
        if not (body[name] is None and name == "valid_to") and not _is_day(body[name]):
            mistakes[name] = visit.t("answers.no-day")
    if body["valid_to"] and not mistakes.keys() & set(_DAYS) and body["valid_to"] < body["valid_from"]:
        mistakes["valid_to"] = visit.t("answers.ends-before")
    return body, mistakes


def _is_day(text: str | None) -> bool:
    try:
        return date.fromisoformat(text or "").isoformat() == text
    except ValueError:
        return False


def _readers(line: Line, article: str) -> list[str]:
    return [name for name, step in line.tree.steps.items() if article in {its for _field, its in step.articles()}]


def _due_before(visit: Visit) -> date:
    today, months = rome_date(visit.now), visit.office.settings.console.review_months
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, 28))


async def _page(
    visit: Visit,
    draft: Draft,
    body: Body | None = None,
    mistakes: dict[str, str] | None = None,
    problems: Sequence[Told] = (),
) -> Answer:
    said = body or draft.body
    lines = visit.office.lines().lines
    line = lines.get(draft.line)  # it may be gone, and what was meant for it can be withdrawn

    def look(connection: sqlite3.Connection) -> dict[str, articles.PublishedArticle]:
        known = {language: articles.versions(connection, draft.line, draft.article, language) for language in said["text"]}
        return {language: its[-1] for language, its in known.items() if its}

    published = await visit.read(look)
    compared = [
        (f"{kind}_{language}", differences(getattr(published[language].article, kind) if language in published else "", text))
        for kind in ("title", "text")
        for language, text in said[kind].items()
    ]
    return visit.page(
        "answers/draft.html",
        status=422 if mistakes else 200,
        draft=draft,
        body=said,
        compared=compared,
        is_new=not published,
        editable=draft.state is DraftState.DRAFT and visit.user.role in WRITERS,
        may_write=visit.user.role in WRITERS,
        may_approve=visit.user.role in APPROVERS,
        own=visit.user.name in {*draft.authors, draft.submitted_by},
        publishes_itself=draft.state is DraftState.APPROVED and draft.body["valid_from"] > rome_date(visit.now).isoformat(),
        steps=_readers(line, draft.article) if line is not None else [],
        line_title=words.title(visit.office.lines(), draft.line, visit.language),
        lines_of=[name for name in sorted(lines) if draft.shared and draft.file.partition("/")[0] in lines[name].parts],
        seen=round(draft.updated * 1000),
        mistakes=mistakes,
        problems=problems,
    )
