"""The rules of the mandatory communications, row by row."""

from datetime import date

import pytest

from ivr_engine import Request
from ivr_plugins.comunicazioni_obbligatorie.functions import (
    TERMS,
    Term,
    communication_code,
    deadline,
    filing,
    node,
    node_of_province,
    urgent,
)

ROWS = [
    ("cessazione", date(2011, 12, 13), date(2011, 12, 19)),  # the fifth day is a Sunday
    ("cessazione", date(2011, 3, 12), date(2011, 3, 18)),  # 17 March 2011, a holiday that year only
    ("proroga", date(2012, 4, 4), date(2012, 4, 10)),  # Easter Monday
    ("cessazione", date(2012, 12, 20), date(2012, 12, 27)),  # Christmas and the day after
    ("cessazione", date(2012, 10, 27), date(2012, 11, 2)),  # All Saints
    ("trasformazione", date(2027, 9, 29), date(2027, 10, 5)),  # Saint Francis, a holiday since 2026
    ("assunzione", date(2012, 3, 19), date(2012, 3, 18)),  # a Sunday, and it stays
    ("pubblica_amministrazione", date(2012, 1, 31), date(2012, 2, 20)),
    ("unisomm", date(2011, 12, 5), date(2012, 1, 20)),
    ("unimare", date(2012, 1, 31), date(2012, 2, 20)),
]


@pytest.mark.parametrize(("event", "day", "last"), ROWS)
def test_the_last_day_to_communicate(event: str, day: date, last: date) -> None:
    assert deadline(TERMS[event], day) == last


def test_a_saturday_is_a_working_day() -> None:
    assert deadline(Term.FIVE_DAYS, date(2026, 11, 23)) == date(2026, 11, 28)


def test_a_patron_saint_moves_no_term() -> None:
    assert deadline(Term.FIVE_DAYS, date(2026, 6, 24)) == date(2026, 6, 29)  # Saint Peter and Saint Paul, in Rome


@pytest.mark.parametrize(("today", "label"), [(18, "open"), (19, "today"), (20, "passed")])
def test_a_term_that_ends_today_is_told_apart(today: int, label: str) -> None:
    result = filing(Term.FIVE_DAYS, Request("co", {"data": "2011-12-13"}, date(2011, 12, today)))
    assert (result.label, result.values["scadenza"]) == (label, date(2011, 12, 19))
    assert dict(result.facts) == {"termine": "five_days", "scadenza": "2011-12-19"}


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("1300112000123456", {"nodo": "Piemonte"}),
        ("2100112000123456", {"nodo": "21"}),
        ("1300000000000000", {"nodo": "Piemonte", "tipo": "UNIURG"}),
        ("0000000000000000", {"nodo": "00", "tipo": "UNIURG"}),
    ],
)
def test_a_code_is_handed_to_the_operator_with_what_it_tells(code: str, facts: dict[str, str]) -> None:
    result = communication_code(Request("co", {"codice": code}, date(2026, 11, 24)))
    assert (result.label, dict(result.facts)) == ("noted", facts)


def test_terms_that_no_holiday_moves() -> None:
    assert deadline(Term.FIVE_FROM_SENDING, date(2011, 12, 13)) == date(2011, 12, 18)  # a Sunday
    assert deadline(Term.START, date(2012, 4, 9)) == date(2012, 4, 9)


def test_private_schools_have_ten_days() -> None:
    assert deadline(Term.TEN_DAYS, date(2011, 12, 5)) == date(2011, 12, 15)


def test_an_urgent_hiring_has_two_forms() -> None:
    result = urgent(Request("co", {"data": "2026-12-01"}, date(2026, 11, 24)))
    assert (result.label, dict(result.values)) == ("open", {"scadenza": date(2026, 11, 30), "completo": date(2026, 12, 7)})


@pytest.mark.parametrize(("cap", "region"), [("10121", "piemonte"), ("38122", "trento"), ("90133", "sicilia"), ("86010", "")])
def test_the_node_of_a_postcode(cap: str, region: str) -> None:
    result = node(Request("co", {"cap": cap}, date(2026, 11, 24)))
    assert (result.label, result.values.get("regione", "")) == (("found", f"regione.{region}") if region else ("unknown", ""))


def test_the_node_of_a_province() -> None:
    result = node_of_province(Request("co", {"provincia": "CB"}, date(2026, 11, 24)))
    assert (result.label, result.values["regione"]) == ("found", "regione.molise")
