"""Figures that add up: what ended contacts come to by month, day and half hour, folded from their journals alone.

A contact is counted once, when it ends, where it began: the half hour is that of its first fact (a half hour in Rome is one in
UTC, so days of 23 and 25 hours need no care), day and month are Rome's. Counting anew from the journal gives the same rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from ivr_engine.clock import rome
from ivr_engine.sounds import ARTICLE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

THRESHOLDS = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)
"""Seconds of waiting that figures know of."""
HALF_HOUR_MS = 1_800_000
MONTH, DAY, HALF = "month", "day", "half"
SUMS = ("contacts", "queued", "transferred", "wait_s", "talk_s", *(f"in_{seconds}" for seconds in THRESHOLDS))
_KEYS = ("span", "period", "line", "medium", "article", "outcome")
_ITEM_KEYS = ("month", "kind", "line", "name", "outcome")
_BEARING = (
    *("ContactStarted", "LineChosen", "StepEntered", "PromptHeard", "QueueEntered", "QueueLeft", "OperatorTransferred"),
    "ContactEnded",
)
_MANY = 50_000  # rows held in memory while all is counted anew

TABLES = f"""
CREATE TABLE figures (
    span TEXT NOT NULL, period INTEGER NOT NULL, line TEXT NOT NULL, medium TEXT NOT NULL, article TEXT NOT NULL,
    outcome TEXT NOT NULL, {", ".join(f"{name} INTEGER NOT NULL" for name in SUMS)},
    PRIMARY KEY ({", ".join(_KEYS)})
) WITHOUT ROWID;
CREATE TABLE figure_items (
    month INTEGER NOT NULL, kind TEXT NOT NULL, line TEXT NOT NULL, name TEXT NOT NULL, outcome TEXT NOT NULL,
    contacts INTEGER NOT NULL,
    PRIMARY KEY ({", ".join(_ITEM_KEYS)})
) WITHOUT ROWID
"""
"""`period` of a month is 202611, of a day 20261125, of a half hour its count since 1970. `article`: "line/id" of the answer
heard last. Items: of every `step` how many contacts ended there, of every `article` how many heard it."""


@dataclass(slots=True)
class Facts:
    """What one ended contact adds. `started`: milliseconds since 1970 UTC; `step`: where it ended in the tree, (line, step)."""

    started: int
    medium: str = ""
    line: str = ""
    outcome: str = ""
    article: str = ""
    queued: bool = False
    transferred: bool = False
    wait_s: int = 0
    talk_s: int = 0
    step: tuple[str, str] | None = None
    heard: set[tuple[str, str]] = field(default_factory=set)

    def sums(self) -> tuple[int, ...]:
        """In the order of SUMS."""
        within = (int(self.queued and self.wait_s <= threshold) for threshold in THRESHOLDS)
        return (1, int(self.queued), int(self.transferred), self.wait_s, self.talk_s, *within)

    def periods(self) -> tuple[tuple[str, int], ...]:
        """Its month, day and half hour."""
        day = rome(self.started / 1000)
        month = day.year * 100 + day.month
        return (MONTH, month), (DAY, month * 100 + day.day), (HALF, self.started // HALF_HOUR_MS)

    def items(self) -> Iterator[tuple[str, str, str]]:
        """Kind, line and name of the step and the articles."""
        if self.step is not None:
            yield ("step", *self.step)
        for line, article in self.heard:
            yield ("article", line, article)


def fold(rows: Iterable[Any]) -> Facts | None:
    """Facts of one contact from its journal rows (at, kind, data) in order; None while it is open. What follows its end is
    passed over."""
    facts: Facts | None = None
    for row in rows:
        data = msgspec.json.decode(row["data"])
        if facts is None:
            facts = Facts(row["at"])
        if row["kind"] == "ContactEnded":
            facts.outcome = data["outcome"]
            return facts
        _take(facts, row["at"], row["kind"], data)
    return None


def _take(facts: Facts, at: int, kind: str, data: dict[str, Any]) -> None:
    match kind:
        case "ContactStarted":
            facts.started, facts.line, facts.medium = at, data["line"], data["medium"]
        case "LineChosen":
            facts.line = data["line"]
        case "StepEntered":
            facts.step = (data["line"], data["step"])
        case "PromptHeard" if data["counts"] and data["prompt"].startswith(ARTICLE):
            article = data["prompt"].removeprefix(ARTICLE)
            facts.article = f"{facts.line}/{article}"
            facts.heard.add((facts.line, article))
        case "QueueEntered":
            facts.queued = True
        case "QueueLeft":
            facts.queued = True
            facts.wait_s += data["wait_s"]
            facts.talk_s += data["talk_s"]
        case "OperatorTransferred":
            facts.transferred = True


class _Tally:
    """Sums on their way into a pair of tables."""

    def __init__(self, connection: sqlite3.Connection, figures: str = "figures", items: str = "figure_items") -> None:
        self._connection = connection
        self._cells: dict[tuple[str | int, ...], list[int]] = {}
        self._items: Counter[tuple[str | int, ...]] = Counter()
        marks = ", ".join("?" * (len(_KEYS) + len(SUMS)))
        adds = ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS)
        self._put = f"INSERT INTO {figures} VALUES ({marks}) ON CONFLICT DO UPDATE SET {adds}"  # noqa: S608 - own names
        self._put_item = (
            f"INSERT INTO {items} VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - own names
            " ON CONFLICT DO UPDATE SET contacts = contacts + excluded.contacts"
        )

    def add(self, facts: Facts) -> None:
        """One contact more."""
        sums, periods = facts.sums(), facts.periods()
        for span, period in periods:
            key = (span, period, facts.line, facts.medium, facts.article, facts.outcome)
            cell = self._cells.setdefault(key, [0] * len(SUMS))
            for place, value in enumerate(sums):
                cell[place] += value
        for kind, line, name in facts.items():
            self._items[periods[0][1], kind, line, name, facts.outcome] += 1
        if len(self._cells) >= _MANY:
            self.flush()

    def flush(self) -> None:
        """Into the tables."""
        self._connection.executemany(self._put, ((*key, *sums) for key, sums in self._cells.items()))
        self._connection.executemany(self._put_item, ((*key, count) for key, count in self._items.items()))
        self._cells.clear()
        self._items.clear()


_KINDS = ", ".join(f"'{kind}'" for kind in _BEARING)


def count(connection: sqlite3.Connection, contacts: Iterable[str]) -> None:
    """These contacts have just ended: add them, from their journals."""
    tally = _Tally(connection)
    for contact in contacts:
        rows = connection.execute(
            f"SELECT at, kind, data FROM journal WHERE contact = ? AND kind IN ({_KINDS}) ORDER BY seq",  # noqa: S608 - own names
            (contact,),
        )
        facts = fold(rows)
        if facts is not None:
            tally.add(facts)
    tally.flush()


def rebuild(connection: sqlite3.Connection) -> int:
    """Count everything anew from the journal; how many contacts that were."""
    connection.execute("DELETE FROM figures")
    connection.execute("DELETE FROM figure_items")
    return _fill(connection, _Tally(connection))


def differences(connection: sqlite3.Connection) -> int:
    """How many rows differ from what the journal gives: 0 when all is right. Writes to temporary tables only."""
    for table in ("figures", "figure_items"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}_again")
    for statement in (
        TABLES.replace("TABLE figures", "TEMP TABLE figures_again")
        .replace("TABLE figure_items", "TEMP TABLE figure_items_again")
        .split(";")
    ):
        connection.execute(statement)
    _fill(connection, _Tally(connection, "temp.figures_again", "temp.figure_items_again"))
    found = 0
    for table in ("figures", "figure_items"):
        for one, other in ((f"main.{table}", f"temp.{table}_again"), (f"temp.{table}_again", f"main.{table}")):
            (count_,) = connection.execute(f"SELECT count(*) FROM (SELECT * FROM {one} EXCEPT SELECT * FROM {other})").fetchone()  # noqa: S608 - own names
            found += count_
    return found


def _fill(connection: sqlite3.Connection, tally: _Tally) -> int:
    rows = connection.execute(f"SELECT contact, at, kind, data FROM journal WHERE kind IN ({_KINDS}) ORDER BY contact, seq")  # noqa: S608 - own names
    counted = 0
    for _contact, own in groupby(rows, key=lambda row: row["contact"]):
        facts = fold(own)
        if facts is not None:
            tally.add(facts)
            counted += 1
    tally.flush()
    return counted
