"""The plan of the year 2011: every fact that is known of the Ministry's tables holds, and chance is a parameter."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from statistics import correlation
from typing import TYPE_CHECKING

import pytest

from ivr_engine.clock import rome
from ivr_engine.errors import Invalid, IvrError
from ivr_engine.events import Outcome
from ivr_engine.reports.replay_plan import CO, Plan, working_days
from ivr_engine.reports.replay_tables import COLUMNS, Tables, load_tables

if TYPE_CHECKING:
    from pathlib import Path

MONTHS = range(1, 13)
JANUARY, JULY, AUGUST, SEPTEMBER, NOVEMBER, DECEMBER = 0, 6, 7, 8, 10, 11


@pytest.fixture(scope="module")
def tables() -> Tables:
    return load_tables(2011)


def share(part: int, whole: int, places: str) -> Decimal:
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal(places), ROUND_HALF_UP)


def test_totals_are_the_ministrys_and_every_row_says_that_it_is_an_estimate(tables: Tables) -> None:
    totals = {column: sum(getattr(row, column) for row in tables.rows) for column in COLUMNS}
    assert totals == {
        "lavoro": 9667, "sociale": 9241, "tfr_cliclavoro": 360, "email": 7619,
        "ivr": 47452, "call_center": 26289, "abandoned": 562,
    }  # fmt: skip
    assert sum(row.calls for row in tables.rows) == 93_009
    assert all(row.estimated for row in tables.rows)
    assert {row.month: row.known for row in tables.rows if row.known} == {1: ("call_center", "abandoned")}


def test_facts_of_single_months_hold(tables: Tables) -> None:
    rows = tables.rows
    assert (rows[JANUARY].call_center, rows[JANUARY].abandoned) == (3741, 119)
    days = [len(working_days(2011, month)) for month in MONTHS]
    assert sum(days) == 251
    a_day = [row.call_center / count for row, count in zip(rows, days, strict=True)]
    assert [round(a_day[JANUARY]), round(a_day[NOVEMBER]), round(a_day[AUGUST], 1)] == [187, 195, 49.5]
    self_served = [share(row.ivr, row.ivr + row.call_center, ".01") for row in rows]
    assert (
        (min(self_served), max(self_served)) == (self_served[DECEMBER], self_served[JULY]) == (Decimal("60.88"), Decimal("66.90"))
    )
    assert max(row.ivr for row in rows) == 7531
    exact = [100 * row.ivr / (row.ivr + row.call_center) for row in rows]
    assert round(sum(exact) / 12, 2) == 64.28
    for month, printed, otherwise in (
        (JANUARY, "3.2", "3.1"),
        (SEPTEMBER, "2.5", "2.4"),
        (NOVEMBER, "2.6", "2.5"),
        (DECEMBER, "1.8", "1.7"),
    ):
        lost, calls = rows[month].abandoned, rows[month].call_center
        assert (str(share(lost, calls, ".1")), str(share(lost, calls + lost, ".1"))) == (printed, otherwise)
    assert round(correlation([row.abandoned / row.call_center for row in rows], a_day), 2) == 0.86


def test_printed_shares_of_the_first_table_add_up_as_the_ministrys_do(tables: Tables) -> None:
    sums = []
    for row in tables.rows:
        themes = (row.lavoro, row.sociale, row.tfr_cliclavoro)
        sums.append(str(sum(share(count, sum(themes), ".01") for count in themes)))
    odd = {2: "100.01", 5: "99.99", 6: "99.99", 11: "99.99"}
    assert sums == [odd.get(month, "100.00") for month in MONTHS]


def test_a_month_is_planned_to_the_last_call(tables: Tables) -> None:
    plan = Plan(tables)
    callers = [caller for day in plan.days([8]) for caller in plan.day(day).callers]
    assert Counter((caller.line, caller.outcome) for caller in callers) == plan.expected([8])
    assert sum(len(plan.day(day).mails) for day in plan.days([8])) == tables.rows[AUGUST].email
    working = set(working_days(2011, 8))
    assert {rome(caller.at).date() for caller in callers} <= working
    assert all(9 * 60 <= rome(caller.at).hour * 60 + rome(caller.at).minute < 18 * 60 for caller in callers)
    assert all(caller.patience_s < 6 for caller in callers if caller.outcome is Outcome.ABANDONED_QUEUE)


def test_holidays_of_that_year_are_free(tables: Tables) -> None:
    days = {f"{day:%d/%m}" for day in Plan(tables).days(MONTHS)}
    assert days.isdisjoint({"06/01", "17/03", "25/04", "02/06", "29/06", "15/08", "01/11", "08/12", "26/12", "12/02"})


def test_the_same_seed_is_the_same_year(tables: Tables) -> None:
    day = working_days(2011, 11)[3]
    first, again, other = (Plan(tables, seed, 50).day(day) for seed in (1, 1, 2))
    assert first == again
    assert first.callers != other.callers


def test_a_scale_rounds_each_count(tables: Tables) -> None:
    plan = Plan(tables, scale=10)
    assert plan.counts(1) == {
        "lavoro": 87, "sociale": 79, "tfr_cliclavoro": 3, "email": 69, "ivr": 707, "call_center": 374, "abandoned": 12,
    }  # fmt: skip
    assert plan.expected([1])[CO, Outcome.ANSWERED] == 362


def test_a_sites_own_tables_are_read_and_checked(tables: Tables, tmp_path: Path) -> None:
    import yaml

    own = tables.model_dump(mode="json")
    for row in own["rows"]:
        row["estimated"] = False
    file = tmp_path / "vere.yaml"
    file.write_text(yaml.safe_dump(own), encoding="utf-8")
    assert not load_tables(2011, file).estimated
    with pytest.raises(IvrError, match="holds the tables of 2011"):
        load_tables(2012, file)
    own["rows"][0]["ivr"] += 1
    own["rows"][1]["abandoned"] = 99_999
    file.write_text(yaml.safe_dump(own), encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        load_tables(2011, file)
    assert "the months add up to 47453, not 47452" in str(refused.value)
    assert "more than call_center" in str(refused.value)
    with pytest.raises(IvrError, match="no tables of 2010"):
        load_tables(2010)
