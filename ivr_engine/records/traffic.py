"""How callers went through a line's tree: derived from the journal, row by row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ivr_engine.events import Cause
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    from ivr_engine.records.database import Reader


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of one line: how often each step was entered, how often callers went from one to the other, and where they hung up."""

    visits: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    hang_ups: Counter[str] = field(default_factory=Counter)


def traffic(reader: Reader, line: str, since: float, until: float) -> Traffic:
    """Of the contacts that began from `since` to `until` (seconds since 1970 UTC). Raises Unavailable."""
    found = Traffic()
    before: tuple[str, str] | None = None  # contact and step
    with reader.open() as connection:
        rows = connection.execute(
            "SELECT journal.contact, kind, json_extract(data, '$.line') AS line, json_extract(data, '$.step') AS step,"
            " json_extract(data, '$.cause') AS cause FROM journal JOIN contacts ON contacts.id = journal.contact"
            " WHERE kind IN ('StepEntered', 'ContactEnded') AND started >= ? AND started < ? ORDER BY journal.contact, seq",
            (milliseconds(since), milliseconds(until)),
        )
        for row in rows:
            here = before is not None and before[0] == row["contact"]
            if row["kind"] == "StepEntered":
                if row["line"] != line:
                    before = None
                    continue
                found.visits[row["step"]] += 1
                if here and before is not None:
                    found.moves[before[1], row["step"]] += 1
                before = (row["contact"], row["step"])
            elif here and before is not None and row["cause"] == Cause.CALLER:
                found.hang_ups[before[1]] += 1
    return found
