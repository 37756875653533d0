"""What callers ask that no article answers, as far as it shows: searches in vain, answers that did not end the matter, subjects
of cases without an article."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3

_TYPING_MS = 120_000  # words that one goes on typing are one search
_KEPT_MS = 90 * 86_400_000
_MOST = 100


@dataclass(frozen=True, slots=True)
class Wanting:
    """`line` and `name`: of an article, or of a subject; `times` it came up, `of` how many."""

    line: str
    name: str
    times: int
    of: int = 0


def searched_in_vain(connection: sqlite3.Connection, words: str, who: str, at: float) -> None:
    """An operator looked for this and found nothing; it takes the place of what they typed on the way to it."""
    instant = milliseconds(at)
    connection.execute(
        "DELETE FROM searches_in_vain WHERE who = ?1 AND at > ?2 AND (substr(?3, 1, length(words)) = words"
        " OR substr(words, 1, length(?3)) = ?3)",
        (who, instant - _TYPING_MS, words),
    )
    connection.execute("DELETE FROM searches_in_vain WHERE at < ?", (instant - _KEPT_MS,))
    connection.execute("INSERT INTO searches_in_vain (words, at, who) VALUES (?, ?, ?)", (words, instant, who))


def searches(connection: sqlite3.Connection, since: float) -> list[Wanting]:
    """What operators looked for in vain, the most frequent first."""
    rows = connection.execute(
        "SELECT words, count(*) AS times FROM searches_in_vain WHERE at >= ? GROUP BY words ORDER BY times DESC, words LIMIT ?",
        (milliseconds(since), _MOST),
    )
    return [Wanting("", row["words"], row["times"]) for row in rows]


def not_enough(connection: sqlite3.Connection, since: float) -> list[Wanting]:
    """Articles after which callers went on to an operator's queue: how often, of how many who heard them last."""
    rows = connection.execute(
        "SELECT answer_line, answer, count(*) AS heard, sum(queue != '') AS went_on FROM contacts"
        " WHERE started >= ? AND answer != '' GROUP BY answer_line, answer HAVING went_on > 0"
        " ORDER BY went_on DESC, answer_line, answer LIMIT ?",
        (milliseconds(since), _MOST),
    )
    return [Wanting(row["answer_line"], row["answer"], row["went_on"], row["heard"]) for row in rows]


def subjects(connection: sqlite3.Connection, since: float) -> list[Wanting]:
    """Topics of cases for which no article was ever published on their line."""
    rows = connection.execute(
        "SELECT line, topic, count(*) AS times FROM cases WHERE opened >= ? AND topic != '' AND NOT EXISTS"
        " (SELECT 1 FROM articles WHERE articles.line = cases.line AND articles.topic = cases.topic)"
        " GROUP BY line, topic ORDER BY times DESC, line, topic LIMIT ?",
        (milliseconds(since), _MOST),
    )
    return [Wanting(row["line"], row["topic"], row["times"]) for row in rows]
