"""The rules of the line TFR and Cliclavoro, row by row."""

from datetime import date

import pytest

from ivr_engine import Request
from ivr_plugins.tfr_cliclavoro.functions import choice


@pytest.mark.parametrize(
    ("hired", "label", "last"),
    [
        ("2007-01-01", "six_months_passed", date(2007, 7, 1)),
        ("2012-08-31", "six_months_passed", date(2013, 2, 28)),  # no 31 February
        ("2026-05-23", "six_months_passed", date(2026, 11, 23)),
        ("2026-05-24", "six_months", date(2026, 11, 24)),  # today is still good
        ("2026-06-30", "six_months", date(2026, 12, 30)),
        ("2026-07-01", "sixty_days_passed", date(2026, 8, 30)),
        ("2026-09-25", "sixty_days", date(2026, 11, 24)),
        ("2026-11-02", "sixty_days", date(2027, 1, 1)),
    ],
)
def test_the_last_day_to_choose(hired: str, label: str, last: date) -> None:
    result = choice(Request("tfr_cliclavoro", {"data": hired}, date(2026, 11, 24)))
    assert (result.label, result.values["scadenza"]) == (label, last)


def test_who_was_hired_before_2007_has_another_form() -> None:
    result = choice(Request("tfr_cliclavoro", {"data": "2006-12-31"}, date(2026, 11, 24)))
    assert (result.label, dict(result.values)) == ("before_2007", {})
