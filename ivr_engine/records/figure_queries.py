"""Asking the figures, and the contacts behind any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ivr_engine.clock import ROME, rome, rome_date
from ivr_engine.events import Outcome
from ivr_engine.records import contacts
from ivr_engine.records.case_search import AGE, DAY_MS
from ivr_engine.records.cases import FINISHED
from ivr_engine.records.figures import DAY, HALF_HOUR_MS, SUMS, THRESHOLDS
from ivr_engine.records.journal import milliseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ivr_engine.records.contacts import ContactRow

PHONE = ("phone", "")
"""Media of telephone contacts; "" is one that began in a store that was lost."""


class Sum(NamedTuple):
    """Sums of the contacts with one value each of what was asked by."""

    by: tuple[Any, ...]
    contacts: int
    queued: int
    transferred: int
    wait_s: int
    talk_s: int
    within: dict[int, int]


def sums(
    connection: sqlite3.Connection, span: str, first: int, last: int, by: tuple[str, ...], lines: Sequence[str] = ()
) -> list[Sum]:
    """Of the periods from `first` to `last` (both counted), by columns of `figures`, or what is reckoned from one; of some lines
    when asked."""
    columns, wanted = ", ".join(by), ", ".join("?" * len(lines))
    own = f" AND line IN ({wanted})" if lines else ""
    rows = connection.execute(
        f"SELECT {columns}, {', '.join(f'sum({name})' for name in SUMS)} FROM figures"  # noqa: S608 - own names
        f" WHERE span = ? AND period BETWEEN ? AND ?{own} GROUP BY {columns} ORDER BY {columns}",
        (span, first, last, *lines),
    )
    return [_sum(tuple(row), len(by)) for row in rows]


def _sum(row: tuple[Any, ...], keys: int) -> Sum:
    fixed = len(SUMS) - len(THRESHOLDS)
    values = row[keys:]
    contacts_, queued, transferred, wait_s, talk_s = values[:fixed]
    within = dict(zip(THRESHOLDS, values[fixed:], strict=True))
    return Sum(row[:keys], contacts_, queued, transferred, wait_s, talk_s, within)


def years(connection: sqlite3.Connection) -> list[int]:
    """Those with figures."""
    rows = connection.execute("SELECT DISTINCT period / 100 AS year FROM figures WHERE span = 'month' ORDER BY year")
    return [row["year"] for row in rows]


def lines(connection: sqlite3.Connection) -> list[str]:
    """Lines that ever had a contact."""
    return [row["line"] for row in connection.execute("SELECT DISTINCT line FROM figures WHERE span = 'month' ORDER BY line")]


class Item(NamedTuple):
    """A step or an article, the outcome of contacts, and how many."""

    line: str
    name: str
    outcome: str
    contacts: int


def items(connection: sqlite3.Connection, kind: str, first: int, last: int, line: str = "") -> list[Item]:
    """Steps where contacts ended ("step"), or articles they heard ("article"), from month `first` to `last`."""
    rows = connection.execute(
        "SELECT line, name, outcome, sum(contacts) AS contacts FROM figure_items WHERE month BETWEEN ?1 AND ?2 AND kind = ?3"
        " AND ?4 IN ('', line) GROUP BY line, name, outcome ORDER BY line, name, outcome",
        (first, last, kind, line),
    )
    return [Item(*row) for row in rows]


class Repeats(NamedTuple):
    """Of contacts whose caller can be told again: how many, and after how many the caller came back."""

    contacts: int
    back: int


_AGAIN = (
    "SELECT 1 FROM contacts AS b WHERE b.caller_key = a.caller_key AND b.caller_key != '' AND b.line = a.line"
    " AND b.started > a.started AND b.started <= a.started + :within AND b.medium IN ('phone', '')"
    " AND (b.answer = a.answer OR b.answer = '' OR a.answer = '')"
)


def repeats(connection: sqlite3.Connection, since: int, until: int, within_s: float, outcome: Outcome, line: str = "") -> Repeats:
    """Telephone contacts that began from `since` to `until` (milliseconds) and ended so: did the same number
    call the same line again within the time, about the same answer, or without having heard one?"""
    row = connection.execute(
        f"SELECT count(*), coalesce(sum(EXISTS ({_AGAIN})), 0)"  # noqa: S608 - own words
        " FROM contacts AS a WHERE a.outcome = :outcome AND a.started >= :since AND a.started < :until"
        " AND :line IN ('', a.line) AND a.caller_key != '' AND a.medium IN ('phone', '')",
        {"since": since, "until": until, "within": milliseconds(within_s), "outcome": outcome, "line": line},
    ).fetchone()
    return Repeats(*row)


def known_callers(connection: sqlite3.Connection, since: int, until: int, line: str = "") -> int:
    """How many telephone contacts of the time have a number that can be told again."""
    ends = ", ".join("?" * len(Outcome))
    row = connection.execute(
        f"SELECT count(*) FROM contacts WHERE outcome IN ({ends}) AND started >= ? AND started < ?"  # noqa: S608 - own words
        " AND ? IN ('', line) AND caller_key != '' AND medium IN ('phone', '')",
        (*Outcome, since, until, line),
    ).fetchone()
    return int(row[0])


class CaseAge(NamedTuple):
    """Cases of a line in a state: `days` is the age they reach at least, `late` those past their deadline."""

    line: str
    state: str
    days: int
    cases: int
    late: int


AGES = (0, 2, 8, 31, 91)
"""Days from which an age counts as the next."""


def case_ages(connection: sqlite3.Connection, since: int, until: int, now: float, line: str = "") -> list[CaseAge]:
    """Cases opened from `since` to `until` (milliseconds): open ones by age now, finished ones by the age they reached."""
    steps = " ".join(f"WHEN age >= {days * DAY_MS} THEN {days}" for days in reversed(AGES))
    rows = connection.execute(
        f"SELECT line, state, CASE {steps} ELSE 0 END AS days, count(*) AS cases, sum(late) AS late FROM ("  # noqa: S608 - own names
        f" SELECT line, state, {AGE} AS age,"
        " state NOT IN (:resolved, :closed) AND coalesce(deadline < :now, 0) AS late FROM cases"
        " WHERE opened >= :since AND opened < :until AND :line IN ('', line))"
        " GROUP BY line, state, days ORDER BY line, state, days",
        {
            "resolved": FINISHED[0],
            "closed": FINISHED[1],
            "now": milliseconds(now),
            "since": since,
            "until": until,
            "line": line,
        },
    )
    return [CaseAge(*row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Contacts that began from `since` to `until` (milliseconds) and are over; "", empty and None: any."""

    since: int
    until: int
    lines: tuple[str, ...] = ()
    media: tuple[str, ...] = PHONE
    outcomes: tuple[str, ...] = ()
    queued: bool = False
    transferred: bool = False
    within: int | None = None
    """Seconds they waited at most."""
    beyond: int | None = None
    """Seconds they waited at least, and more."""
    clock: str = ""
    """HH:MM: the half hour of Rome's day in which they began."""
    once: int | None = None
    """Their number is known, and did not call again on the subject within so many seconds."""
    step: tuple[str, str] | None = None
    """Line and step: where they ended."""
    article: tuple[str, str] | None = None
    """Line and article: they heard it."""

    def condition(self) -> tuple[str, dict[str, str | int]]:
        """Of table `contacts AS a`, and its parameters."""
        values: dict[str, str | int] = {"since": self.since, "until": self.until}
        found = ["a.started >= :since", "a.started < :until", "a.outcome IS NOT NULL"]
        for column, those in (("line", self.lines), ("medium", self.media), ("outcome", self.outcomes)):
            if those:
                found.append(f"a.{column} IN ({', '.join(f':{column}{place}' for place in range(len(those)))})")
                values |= {f"{column}{place}": value for place, value in enumerate(those)}
        if self.queued or self.within is not None or self.beyond is not None:
            found.append("a.queue != ''")
        for name, compared in (("within", "<="), ("beyond", ">")):
            if (seconds := getattr(self, name)) is not None:
                found.append(f"a.wait_s {compared} :{name}_s")
                values[f"{name}_s"] = seconds
        if self.transferred:
            found.append("EXISTS (SELECT 1 FROM journal WHERE contact = a.id AND kind = 'OperatorTransferred')")
        if self.clock:
            halves = range(self.since // HALF_HOUR_MS, self.until // HALF_HOUR_MS)
            own = [str(half) for half in halves if clock_of(half) == self.clock]
            found.append(f"a.started / {HALF_HOUR_MS} IN ({', '.join(own)})")
        if self.once is not None:
            found.append(f"a.caller_key != '' AND NOT EXISTS ({_AGAIN})")
            values["within"] = milliseconds(self.once)
        for name, condition in (("step", _ENDED_AT), ("article", _HEARD)):
            if (named := getattr(self, name)) is not None:
                found.append(condition)
                values |= {f"{name}_line": named[0], name: named[1]}
        return " AND ".join(found), values


# As figures.py folds them: the last step entered; an article heard while the contact was on that line.
_ENDED_AT = (
    "(SELECT json_extract(data, '$.line') = :step_line AND json_extract(data, '$.step') = :step FROM journal"
    " WHERE contact = a.id AND kind = 'StepEntered' ORDER BY seq DESC LIMIT 1)"
)
_HEARD = (
    "EXISTS (SELECT 1 FROM journal AS heard WHERE heard.contact = a.id AND heard.kind = 'PromptHeard'"
    " AND json_extract(heard.data, '$.counts') AND json_extract(heard.data, '$.prompt') = 'article.' || :article"
    " AND :article_line = (SELECT json_extract(data, '$.line') FROM journal WHERE contact = a.id AND seq < heard.seq"
    " AND kind IN ('ContactStarted', 'LineChosen') ORDER BY seq DESC LIMIT 1))"
)


def clock_of(half: int) -> str:
    """The time in Rome at which a half hour, counted since 1970, begins: HH:MM."""
    return half_of_day((half + ahead_of_utc(half)) % 48)


def half_of_day(number: int) -> str:
    """The time at which a day's half hour begins, HH:MM; 0 is the first."""
    return f"{number // 2:02d}:{number % 2 * 30:02d}"


def ahead_of_utc(half: int) -> int:
    """How many half hours Rome is ahead of UTC in a half hour, counted since 1970."""
    return round((rome(half * HALF_HOUR_MS / 1000).utcoffset() or timedelta()) / timedelta(minutes=30))


def behind(connection: sqlite3.Connection, wanted: Wanted, limit: int, offset: int = 0) -> tuple[int, list[ContactRow]]:
    """How many contacts a figure counts, and `limit` of them from `offset` on, in the order in which they came."""
    where, values = wanted.condition()
    (count,) = connection.execute(f"SELECT count(*) FROM contacts AS a WHERE {where}", values).fetchone()  # noqa: S608 - own names
    ids = connection.execute(
        f"SELECT a.id FROM contacts AS a WHERE {where} ORDER BY a.started, a.id LIMIT :limit OFFSET :offset",  # noqa: S608 - own names
        {**values, "limit": limit, "offset": offset},
    )
    return count, contacts.of_ids(connection, [row["id"] for row in ids])


class Balance(NamedTuple):
    """A day in Rome: contacts that began in it, those of them counted in the figures, those still open."""

    day: date
    offered: int
    counted: int
    open: int

    @property
    def adds_up(self) -> bool:
        """Is the sum of outcomes what was offered?"""
        return self.offered == self.counted + self.open


def midnight(day: date) -> int:
    """When a day begins in Rome, in milliseconds since 1970 UTC."""
    return milliseconds(datetime.combine(day, datetime.min.time(), ROME).timestamp())


def balance(connection: sqlite3.Connection, first: date, last: date) -> list[Balance]:
    """Every day from `first` to `last`."""
    numbers = [int(f"{day:%Y%m%d}") for day in (first, last)]
    counted = {row.by[0]: row.contacts for row in sums(connection, DAY, numbers[0], numbers[1], ("period",))}
    found, day = [], first
    while day <= last:
        row = connection.execute(
            "SELECT count(*), coalesce(sum(outcome IS NULL), 0) FROM contacts WHERE started >= ? AND started < ?",
            (midnight(day), midnight(day + timedelta(days=1))),
        ).fetchone()
        found.append(Balance(day, row[0], counted.get(int(f"{day:%Y%m%d}"), 0), row[1]))
        day += timedelta(days=1)
    return found


def days_with_contacts(connection: sqlite3.Connection) -> tuple[date, date] | None:
    """The days in Rome of the first and the last contact, or of the first and last figures; None when there are none."""
    row = connection.execute("SELECT min(started), max(started) FROM contacts").fetchone()
    counted = connection.execute("SELECT min(period), max(period) FROM figures WHERE span = ?", (DAY,)).fetchone()
    days = [rome_date(at / 1000) for at in row if at is not None]
    days += [date(period // 10000, period // 100 % 100, period % 100) for period in counted if period is not None]
    return (min(days), max(days)) if days else None
