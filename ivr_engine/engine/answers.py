"""An article that people have written becomes what callers hear and operators read: both in the same moment, or neither."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import structlog
import yaml

from ivr_engine.clock import rome_date
from ivr_engine.dialogue.files import ARTICLES, LineFiles
from ivr_engine.dialogue.source import Source
from ivr_engine.engine.lines import proved
from ivr_engine.errors import Invalid, IvrError
from ivr_engine.records import articles, drafts, versions
from ivr_engine.records.articles import Article
from ivr_engine.records.drafts import DraftState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ivr_engine.engine.lines import Lines
    from ivr_engine.engine.publication import Publication
    from ivr_engine.errors import Problem
    from ivr_engine.records.drafts import Body, Draft

log = structlog.get_logger()

_DAYS = ("valid_from", "valid_to", "verified")


def file_of(texts: Mapping[str, str], article: str) -> str | None:
    """Which of a line's files has the article."""
    return next((name for name in texts if _holds_articles(name) and article in Source(name, texts[name]).group()), None)


def body_of(texts: Mapping[str, str], file: str, article: str) -> Body | None:
    """An article as the files have it."""
    body = Source(file, texts.get(file)).group(article)
    if not body:
        return None
    return {"valid_to": None} | {key: str(value) if isinstance(value, date) else value for key, value in body.items()}


def with_article(texts: Mapping[str, str], draft: Draft) -> dict[str, str]:
    """The files with what the draft says."""
    body: dict[str, Any] = dict(draft.body)
    for day in _DAYS:
        if body.get(day):
            body[day] = date.fromisoformat(body[day])
    before = Source(draft.file, texts.get(draft.file)).data if texts.get(draft.file) else {}
    written = yaml.safe_dump({**(before or {}), draft.article: body}, allow_unicode=True, sort_keys=False, width=10_000)
    return {**texts, draft.file: written}


def kept(texts: Mapping[str, str], published: Iterable[Draft], *, unless_changed: bool) -> dict[str, str]:
    """The files with what was published since; `unless_changed`: but for articles that the files themselves say anew."""
    result = dict(texts)
    for draft in published:
        if not unless_changed or body_of(texts, draft.file, draft.article) == draft.base:
            result = with_article(result, draft)
    return result


def _holds_articles(name: str) -> bool:
    return name.rpartition("/")[2] == ARTICLES


def _suffered(lines: Lines, concerned: Iterable[str], day: date) -> dict[tuple[str, str, str], Problem]:
    return {(it.rule, it.field, it.message): it for line in concerned for it in proved(lines, day, line)}


class Answers:
    """Checks and publishes drafts for a site. What it does blocks: not for the reactor's thread."""

    def __init__(self, publication: Publication) -> None:
        self._publication = publication

    def file(self, line: str, article: str) -> tuple[str, Body]:
        """Where a published article stands, and what it says. Raises IvrError when callers of the line have no such article."""
        heard = self._publication.heard()[0]
        texts = heard[line].texts if line in heard else {}
        file = file_of(texts, article)
        body = body_of(texts, file, article) if file else None
        if file is None or body is None:
            raise IvrError(f"line {line} has no article {article}")
        return file, body

    def check(self, draft: Draft, at: float) -> Lines:
        """What callers would hear with it. Raises Invalid, IvrError."""
        files, numbers, current = self._publication.heard(at)
        day = max(rome_date(at), date.fromisoformat(draft.body["valid_from"]))
        concerned = self._lines_of(draft, files)
        known = set(_suffered(self._publication.build(files, numbers, current), concerned, day))
        for line in concerned:
            files[line] = LineFiles.of_version(line, numbers[line], with_article(files[line].texts, draft))
        lines = self._publication.build(files, numbers, current)
        suffered = _suffered(lines, concerned, day)
        problems = [
            problem for what, problem in suffered.items() if what not in known
        ]  # the others are the tree's, not its author's
        if problems:
            raise Invalid(problems)
        return lines

    def publish(self, draft: Draft, who: str, at: float) -> int:
        """Check it, make its sounds, then switch every line that has it; how many sounds were made. Raises Invalid, IvrError."""
        first = date.fromisoformat(draft.body["valid_from"])
        if first > rome_date(at):
            raise IvrError(
                f"{draft} holds from {first:%d/%m/%Y}",
                "it is published by itself on that day: until then callers hear what holds now",
            )
        made = self._publication.make_sounds(self.check(draft, at))
        from_folder = self._publication.files_now()
        with self._publication.store.change() as connection:
            files, _numbers, current = self._publication.heard(at)
            base = body_of(from_folder[draft.line].texts, draft.file, draft.article)
            drafts.publish(connection, draft, base, who, at)
            numbers: dict[str, int] = {}
            for line in self._lines_of(draft, files):
                texts = with_article(files[line].texts, draft)
                files[line] = LineFiles.of_version(line, 0, texts)
                numbers[line] = versions.revise(connection, line, files[line].digest, texts, draft.authors[0], who, at).version
            lines = self._publication.build(files, numbers, current)
            for line in numbers:
                articles.publish(connection, articles_of(lines, line), at, line)
        return made

    def publish_due(self, at: float) -> list[Draft]:
        """Publish what was approved ahead for a day that has come, in its approver's name. What cannot be published is logged and
        stays approved: the list of answers shows it."""
        day = rome_date(at)
        with self._publication.store.look() as connection:
            approved = [draft for draft in drafts.on_the_way(connection) if draft.state is DraftState.APPROVED]
        published = []
        for draft in approved:
            first = date.fromisoformat(draft.body["valid_from"])
            if not rome_date(draft.updated) < first <= day:
                continue
            try:
                self.publish(draft, draft.approved_by, at)
            except IvrError as error:
                log.error("an answer is due and cannot be published", draft=str(draft), why=str(error))  # noqa: TRY400
            except Exception:
                log.exception("an answer is due and cannot be published", draft=str(draft))  # the others are due all the same
            else:
                log.info("an answer whose day has come is published", draft=str(draft))
                published.append(draft)
        return published

    def _lines_of(self, draft: Draft, files: Mapping[str, LineFiles]) -> list[str]:
        if draft.line not in files:
            raise IvrError(f"there is no line {draft.line} any more", "withdraw the draft")
        if not draft.shared:
            return [draft.line]
        return sorted(line for line, its in files.items() if draft.file in its.texts)


def articles_of(lines: Lines, only: str | None = None) -> Iterator[Article]:
    """The articles of all lines, or of one, for the store."""
    for line in lines.lines.values():
        if only not in {None, line.name}:
            continue
        for name, article in line.articles.items():
            for language in article.text:
                yield Article(
                    line=line.name,
                    id=name,
                    language=language,
                    title=article.title[language],
                    text=article.text[language],
                    source=article.source,
                    certainty=article.certainty,
                    category=article.category,
                    topic=article.topic,
                    valid_from=article.valid_from,
                    valid_to=article.valid_to,
                    verified=article.verified,
                )
