"""Outcomes sum to what was offered; counted as contacts end or anew from the journal, the figures are the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr_engine.clock import ROME
from ivr_engine.events import Cause, ContactEnded, ContactStarted, Outcome, ScreenPopShown
from ivr_engine.records import figure_queries, figures, projection, schema
from ivr_engine.records.store import Store

from .conftest import Year, empty

if TYPE_CHECKING:
    from pathlib import Path

SUMMER, WINTER = date(2026, 3, 29), date(2026, 10, 25)  # 23 and 25 hours

calls = st.builds(
    dict,
    when=st.integers(1_766_000_000, 1_799_000_000).map(float),
    line=st.sampled_from(["lavoro", "sociale", "comunicazioni_obbligatorie"]),
    outcome=st.sampled_from(list(Outcome)),
    wait=st.integers(0, 400),
    medium=st.sampled_from(["phone", "phone", "email"]),
    article=st.sampled_from(["", "L01", "L02"]),
    transferred=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(calls, max_size=12), st.randoms(use_true_random=False))
def test_outcomes_sum_to_offered_and_counting_anew_changes_nothing(those: list[dict[str, object]], chance: object) -> None:
    with closing(empty()) as connection:  # hypothesis may leave in the middle
        outcomes_sum(connection, those, chance)


def outcomes_sum(connection: sqlite3.Connection, those: list[dict[str, object]], chance: object) -> None:
    it = Year(connection)
    queues = [it.events(**call) for call in those]  # type: ignore[arg-type]
    still_open = ContactStarted("OPEN", 1_780_000_000.0, "lavoro", "", "virtual", "ch", "", "", "it")
    projection.apply(connection, still_open)
    while queues:  # facts of different contacts come as they may
        one = chance.choice(queues)  # type: ignore[attr-defined]
        projection.apply(connection, one.pop(0))
        queues = [queue for queue in queues if queue]
    span = figure_queries.days_with_contacts(connection)
    assert span is not None
    days = figure_queries.balance(connection, *span)
    assert all(day.adds_up for day in days)
    assert (sum(day.offered for day in days), sum(day.counted for day in days)) == (len(those) + 1, len(those))
    before = it.rows()
    for name in (figures.MONTH, figures.DAY, figures.HALF):
        found = figure_queries.sums(connection, name, 0, 10**9, ("span",))
        assert sum(one.contacts for one in found) == len(those)
    assert figures.differences(connection) == 0
    assert figures.rebuild(connection) == len(those)
    assert it.rows() == before


def test_what_comes_after_the_end_changes_no_figure(year: Year) -> None:
    contact = year.add("2026-05-04 10:00", "lavoro", Outcome.ANSWERED)
    before = year.rows()
    projection.apply(year.connection, ScreenPopShown(contact, 1_800_000_000.0, "op1", 40))
    projection.apply(year.connection, ContactEnded(contact, 1_800_000_000.0, Cause.CALLER, Outcome.ABANDONED_IVR))
    assert year.rows() == before
    assert figures.differences(year.connection) == 0


@pytest.mark.parametrize(
    ("when", "month", "day"),
    [("2025-12-31 23:59:59", 202512, 20251231), ("2026-01-01 00:00:00", 202601, 20260101)],
)
def test_new_years_eve_is_romes(year: Year, when: str, month: int, day: int) -> None:
    year.add(when, "lavoro", Outcome.ANSWERED)
    found = {row["span"]: row["period"] for row in year.connection.execute("SELECT span, period FROM figures")}
    assert (found["month"], found["day"]) == (month, day)


@pytest.mark.parametrize(("day", "hours"), [(SUMMER, 23), (WINTER, 25), (date(2026, 6, 1), 24)])
def test_days_of_23_and_25_hours_keep_all_their_half_hours(year: Year, day: date, hours: int) -> None:
    first = datetime(day.year, day.month, day.day, tzinfo=ROME).timestamp()
    for half in range(2 * hours):
        year.add(first + half * 1800, "lavoro", Outcome.SERVED_BY_IVR)
    (whole,) = figure_queries.sums(year.connection, figures.DAY, *[int(f"{day:%Y%m%d}")] * 2, ("period",))
    assert whole.contacts == 2 * hours
    halves = figure_queries.sums(year.connection, figures.HALF, 0, 10**9, ("period",))
    assert [one.contacts for one in halves] == [1] * (2 * hours)


def test_the_daily_check_finds_a_lost_figure(year: Year) -> None:
    year.add("2026-05-04 10:00", "lavoro", Outcome.ANSWERED)
    year.connection.execute("DELETE FROM figures")
    (day,) = figure_queries.balance(year.connection, date(2026, 5, 4), date(2026, 5, 4))
    assert (day.offered, day.counted, day.adds_up) == (1, 0, False)
    assert figures.differences(year.connection) == 3


def test_an_old_stores_figures_are_filled_when_its_schema_comes_up_to_date(year: Year) -> None:
    year.add("2026-05-04 10:00", "lavoro", Outcome.ANSWERED)
    year.add("2026-05-04 11:00", "sociale", Outcome.SERVED_BY_IVR, article="S01")
    before = year.rows()
    for table in ("figures", "figure_items", "closed_months", "staff_time"):
        year.connection.execute(f"DROP TABLE {table}")
    year.connection.execute("DROP INDEX contacts_by_caller")
    year.connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm011_figures'")
    schema.migrate(year.connection)
    assert before
    assert year.rows() == before


def test_a_half_written_spool_loses_no_figure(tmp_path: Path, year: Year) -> None:
    events = year.events("2026-05-04 10:00", "lavoro", Outcome.ANSWERED)
    store = Store(tmp_path)
    for event in events[:-1]:
        store.record(event)
    store.spool.close()
    store._lock.release()  # as when the process dies
    newest = max((tmp_path / "spool").iterdir(), key=lambda path: path.name)
    with newest.open("ab") as file:
        file.write(b'["ContactEnded", {"contact": "C0')
    again = Store(tmp_path)
    again.start()
    again.record(events[-1])
    assert again.writer.flush(10)
    again.close()
    with sqlite3.connect(tmp_path / "ivr.db") as connection:
        connection.row_factory = sqlite3.Row
        (month,) = figure_queries.sums(connection, figures.MONTH, 0, 10**9, ("period",))
        assert (month.by, month.contacts, month.talk_s) == ((202605,), 1, 60)
        assert figures.differences(connection) == 0
    connection.close()
