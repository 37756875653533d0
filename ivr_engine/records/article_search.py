"""Search in the articles: SQLite's full-text index knows no Italian, so the words' stems are indexed beside the words.

Accents are folded by the index itself; "dimissioni" finds "dimissione", "perche" finds "perché".
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import date

_LANGUAGES = {"it": "italian", "en": "english"}
_WORD = re.compile(r"\w+")
_MOST_WORDS = 12
_SHORTEST = 2
_local = threading.local()  # a stemmer is not to be shared by threads


class Found(NamedTuple):
    """An article that fits, the best first."""

    line: str
    id: str
    language: str
    title: str
    extract: str


def put(connection: sqlite3.Connection, line: str, article: str, language: str, title: str, text: str) -> None:
    """Index an article in place of its earlier version."""
    remove(connection, line, article, language)
    connection.execute(
        "INSERT INTO article_words (title, text, stems, line, id, language) VALUES (?, ?, ?, ?, ?, ?)",
        (title, text, " ".join(_stems(_words(f"{title} {text}"), language)), line, article, language),
    )


def remove(connection: sqlite3.Connection, line: str, article: str, language: str) -> None:
    """It is found no more."""
    connection.execute("DELETE FROM article_words WHERE line = ? AND id = ? AND language = ?", (line, article, language))


def fill(connection: sqlite3.Connection) -> None:
    """Index the newest version of every article that is published."""
    rows = connection.execute(
        "SELECT line, id, language, title, text FROM articles AS a WHERE state = 'published' AND version ="
        " (SELECT max(version) FROM articles WHERE line = a.line AND id = a.id AND language = a.language)"
    ).fetchall()
    for row in rows:
        put(connection, *row)


def search(
    connection: sqlite3.Connection,
    wanted: str,
    *,
    language: str = "it",
    line: str = "",
    on: date | None = None,
    limit: int = 10,
    every: bool = True,
) -> tuple[Found, ...]:
    """The articles with all those words, or their stems; the last word may be unfinished. Nothing for no words. `on`: only those
    in force on that day. Without `every` one of the words is enough."""
    words = _words(wanted)[:_MOST_WORDS]
    if not words:
        return ()
    *whole, last = words
    terms = [f'(stems:"{stem}" OR {{title text}}:"{word}")' for word, stem in zip(whole, _stems(whole, language), strict=True)]
    ending = f' OR {{title text}}:"{last}"*' if len(last) >= _SHORTEST else ""
    terms.append(f'(stems:"{_stems([last], language)[0]}"{ending})')
    rows = connection.execute(
        "SELECT line, id, language, title, snippet(article_words, 1, '', '', ' … ', 24) AS extract FROM article_words"
        " WHERE article_words MATCH ?1 AND language = ?2 AND ?3 IN ('', line)"
        " AND (?5 IS NULL OR EXISTS (SELECT 1 FROM articles AS a"
        " WHERE (a.line, a.id, a.language) = (article_words.line, article_words.id, article_words.language)"
        " AND version = (SELECT max(version) FROM articles WHERE line = a.line AND id = a.id AND language = a.language"
        " AND valid_from <= ?5) AND (valid_to IS NULL OR valid_to >= ?5)))"
        " ORDER BY bm25(article_words, 10.0, 1.0, 2.0) LIMIT ?4",
        ((" AND " if every else " OR ").join(terms), language, line, limit, on and on.isoformat()),
    )
    return tuple(Found(row["line"], row["id"], row["language"], row["title"], row["extract"]) for row in rows)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _stems(words: Iterable[str], language: str) -> list[str]:
    stemmers = _local.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        from snowballstemmer import stemmer  # it brings thirty languages: no start waits for them

        stemmers[language] = stemmer(_LANGUAGES.get(language, "italian"))
    return list(stemmers[language].stemWords(list(words)))
