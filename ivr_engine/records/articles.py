"""Articles: the approved answers of the lines, every version kept."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from datetime import date
from typing import TYPE_CHECKING

from ivr_engine.records import article_search
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ivr_engine.records.database import Reader

_PUBLISHED, _RETIRED = "published", "retired"


@dataclass(frozen=True, slots=True)
class Article:
    """An answer in one language. `source` is its norm, `certainty` how sure it is (A to C), `valid_to` None: until further
    notice, `verified` the day somebody last compared it with its source."""

    line: str
    id: str
    language: str
    title: str
    text: str
    source: str
    certainty: str
    category: str
    topic: str
    valid_from: date
    valid_to: date | None
    verified: date


_COLUMNS = tuple(field.name for field in fields(Article))


@dataclass(frozen=True, slots=True)
class PublishedArticle:
    """An article with its version, counted from 1; `retired` when its line has it no more."""

    article: Article
    version: int
    retired: bool


def publish(connection: sqlite3.Connection, articles: Iterable[Article], at: float, line: str = "") -> int:
    """Store what all lines have, or one, as published: version 1 of a new article, the next version of a changed one, nothing for
    one that is there already; what they have no more is retired until they have it again. How many versions were added."""
    added, had = 0, set()
    for article in articles:
        had.add((article.line, article.id, article.language))
        latest = _latest(connection, article.line, article.id, article.language)
        if latest is not None and latest.retired:
            _bring_back(connection, latest.article)
        if latest is not None and latest.article == article:
            continue
        version = latest.version + 1 if latest else 1
        values = [value.isoformat() if isinstance(value, date) else value for value in astuple(article)]
        marks = ", ".join("?" * (len(values) + 3))
        connection.execute(
            f"INSERT INTO articles ({', '.join(_COLUMNS)}, version, state, published) VALUES ({marks})",  # noqa: S608 - own names
            (*values, version, _PUBLISHED, milliseconds(at)),
        )
        article_search.put(connection, article.line, article.id, article.language, article.title, article.text)
        added += 1
    _retire_others(connection, had, line)
    return added


def _bring_back(connection: sqlite3.Connection, it: Article) -> None:
    """All its versions: the newest may only begin on a later day."""
    connection.execute(
        "UPDATE articles SET state = ? WHERE line = ? AND id = ? AND language = ?", (_PUBLISHED, it.line, it.id, it.language)
    )
    article_search.put(connection, it.line, it.id, it.language, it.title, it.text)


def _retire_others(connection: sqlite3.Connection, had: set[tuple[str, str, str]], line: str) -> None:
    rows = connection.execute(
        "SELECT DISTINCT line, id, language FROM articles WHERE state = ?1 AND ?2 IN ('', line)", (_PUBLISHED, line)
    ).fetchall()
    for name in {tuple(row) for row in rows} - had:
        connection.execute("UPDATE articles SET state = ? WHERE line = ? AND id = ? AND language = ?", (_RETIRED, *name))
        article_search.remove(connection, *name)


def subject_of(connection: sqlite3.Connection, line: str, article: str) -> tuple[str, str]:
    """Category and topic of an article, "" when it is unknown: what a talk is about if this was the last answer heard."""
    row = connection.execute(
        "SELECT category, topic FROM articles WHERE line = ? AND id = ? ORDER BY version DESC LIMIT 1", (line, article)
    ).fetchone()
    return (row["category"], row["topic"]) if row else ("", "")


def in_force(connection: sqlite3.Connection, line: str, article: str, language: str, on: date) -> PublishedArticle | None:
    """The latest version that had begun by that day; None when it had ended or is retired, and no earlier one comes back."""
    row = connection.execute(
        "SELECT * FROM (SELECT * FROM articles WHERE line = ?1 AND id = ?2 AND language = ?3 AND valid_from <= ?4"
        " ORDER BY version DESC LIMIT 1) WHERE state = ?5 AND (valid_to IS NULL OR valid_to >= ?4)",
        (line, article, language, on.isoformat(), _PUBLISHED),
    ).fetchone()
    return None if row is None else _article(row)


def versions(connection: sqlite3.Connection, line: str, article: str, language: str) -> tuple[PublishedArticle, ...]:
    """All versions, oldest first."""
    rows = connection.execute(
        "SELECT * FROM articles WHERE line = ? AND id = ? AND language = ? ORDER BY version", (line, article, language)
    )
    return tuple(map(_article, rows))


def all_latest(connection: sqlite3.Connection, language: str, line: str = "") -> list[PublishedArticle]:
    """The latest version of every article that is not retired, of one line when asked, by line and id."""
    rows = connection.execute(
        "SELECT * FROM articles AS a WHERE language = ?1 AND ?2 IN ('', line) AND state = ?3 AND version ="
        " (SELECT max(version) FROM articles WHERE line = a.line AND id = a.id AND language = a.language) ORDER BY line, id",
        (language, line, _PUBLISHED),
    )
    return [_article(row) for row in rows]


def titles(connection: sqlite3.Connection, language: str) -> dict[tuple[str, str], str]:
    """The latest title of every article there ever was, by line and id: figures tell of retired ones too."""
    rows = connection.execute("SELECT line, id, title FROM articles WHERE language = ? ORDER BY version", (language,))
    return {(line, article): title for line, article, title in rows}


class Articles:
    """Looks articles up. Every method may raise Unavailable."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def get(self, line: str, article: str, language: str, on: date) -> PublishedArticle | None:
        """The version that is in force on that day."""
        with self._reader.open() as connection:
            return in_force(connection, line, article, language, on)

    def search(self, words: str, language: str) -> tuple[article_search.Found, ...]:
        """Those that have any of these words, the best first: for what people say, not for what they type."""
        with self._reader.open() as connection:
            return article_search.search(connection, words, language=language, every=False)

    def versions(self, line: str, article: str, language: str) -> tuple[PublishedArticle, ...]:
        """All versions, oldest first."""
        with self._reader.open() as connection:
            return versions(connection, line, article, language)


def _latest(connection: sqlite3.Connection, line: str, article: str, language: str) -> PublishedArticle | None:
    row = connection.execute(
        "SELECT * FROM articles WHERE line = ? AND id = ? AND language = ? ORDER BY version DESC LIMIT 1",
        (line, article, language),
    ).fetchone()
    return None if row is None else _article(row)


def _article(row: sqlite3.Row) -> PublishedArticle:
    values = {name: row[name] for name in _COLUMNS}
    for name in ("valid_from", "valid_to", "verified"):
        values[name] = values[name] and date.fromisoformat(values[name])
    return PublishedArticle(Article(**values), row["version"], row["state"] == _RETIRED)
