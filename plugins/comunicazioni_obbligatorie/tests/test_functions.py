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
    statement,
    urgent,
)

TODAY = date(2026, 11, 24)

ROWS = [
    ("cessazione", date(2011, 12, 13), date(2011, 12, 19)),  # the fifth day is a Sunday
    ("cessazione", date(2011, 3, 12), date(2011, 3, 18)),  # 17 March 2011, a holiday that year only
    ("proroga", date(2012, 4, 4), date(2012, 4, 10)),  # Easter Monday
    ("cessazione", date(2012, 12, 20), date(2012, 12, 27)),  # Christmas and the day after
    ("cessazione", date(2012, 10, 27), date(2012, 11, 2)),  # All Saints
    ("trasformazione", date(2027, 9, 29), date(2027, 10, 5)),  # Saint Francis, a holiday since 2026
    ("assunzione", date(2012, 3, 19), date(2012, 3, 18)),  # a Sunday, and it stays
    ("pubblica_amministrazione", date(2012, 1, 31), date(2012, 2, 20)),
    ("pubblica_amministrazione", date(2011, 12, 5), date(2012, 1, 20)),
    ("unisomm", date(2012, 1, 31), date(2012, 2, 20)),
    ("unisomm", date(2011, 12, 5), date(2012, 1, 20)),
    ("unimare", date(2012, 1, 31), date(2012, 2, 20)),
    ("unimare", date(2011, 12, 5), date(2012, 1, 20)),
]


def request(today: date = TODAY, **inputs: str) -> Request:
    return Request("comunicazioni_obbligatorie", inputs, today)


@pytest.mark.parametrize(("event", "day", "last"), ROWS)
def test_the_last_day_to_communicate(event: str, day: date, last: date) -> None:
    assert deadline(TERMS[event], day) == last


def test_a_saturday_is_a_working_day() -> None:
    assert deadline(Term.FIVE_DAYS, date(2026, 11, 23)) == date(2026, 11, 28)


def test_a_patron_saint_moves_no_term() -> None:
    assert deadline(Term.FIVE_DAYS, date(2026, 6, 24)) == date(2026, 6, 29)  # Saint Peter and Saint Paul, in Rome


@pytest.mark.parametrize(
    ("event", "day", "last"),
    [
        ("rettifica", date(2011, 12, 13), date(2011, 12, 18)),  # a Sunday
        ("forza_maggiore", date(2012, 12, 20), date(2012, 12, 25)),  # Christmas
        ("scuola_privata", date(2011, 12, 8), date(2011, 12, 18)),  # a Sunday
        ("annullo", date(2012, 4, 9), date(2012, 4, 9)),  # Easter Monday
        ("unimare", date(2012, 4, 30), date(2012, 5, 20)),  # a Sunday
    ],
)
def test_the_terms_that_no_holiday_moves(event: str, day: date, last: date) -> None:
    assert deadline(TERMS[event], day) == last


@pytest.mark.parametrize(("today", "label"), [(18, "open"), (19, "today"), (20, "passed")])
def test_a_term_that_ends_today_is_told_apart(today: int, label: str) -> None:
    result = filing(Term.FIVE_DAYS, request(date(2011, 12, today), data="2011-12-13"))
    assert (result.label, result.values["scadenza"]) == (label, date(2011, 12, 19))
    assert dict(result.facts) == {"scadenza": "2011-12-19"}


@pytest.mark.parametrize(
    ("start", "label", "last"),
    [
        ("2026-12-01", "open", date(2026, 11, 30)),
        ("2026-11-25", "today", TODAY),  # the short form
        ("2026-11-21", "today", TODAY),  # the complete one, in tourism
        ("2026-11-19", "today", TODAY),  # the complete one
        ("2026-11-20", "passed", date(2026, 11, 19)),
    ],
)
def test_an_urgent_hiring_has_two_forms_and_three_terms(start: str, label: str, last: date) -> None:
    result = urgent(request(data=start))
    assert (result.label, result.values["scadenza"], result.facts["scadenza"]) == (label, last, last.isoformat())
    if start == "2026-12-01":
        assert (result.values["turismo"], result.values["completo"]) == (date(2026, 12, 4), date(2026, 12, 6))


@pytest.mark.parametrize(
    ("today", "label", "last"),
    [
        (date(2012, 1, 30), "open", date(2012, 1, 31)),
        (date(2012, 1, 31), "today", date(2012, 1, 31)),
        (date(2012, 2, 1), "open", date(2013, 1, 31)),
    ],
)
def test_the_statement_on_disabled_workers(today: date, label: str, last: date) -> None:
    result = statement(request(today))
    assert (result.label, result.values["scadenza"]) == (label, last)


@pytest.mark.parametrize(
    ("cap", "region"),
    [
        ("10121", "piemonte"),
        ("28100", "piemonte"),  # Novara, whose letters YAML may take for "no"
        ("46100", "lombardia"),  # Mantova, among postcodes of Emilia-Romagna
        ("38122", "trento"),
        ("39100", "bolzano"),
        ("90133", "sicilia"),
        ("33100", "friuli"),  # Udine or Pordenone, one region
        ("34121", "friuli"),
        ("86100", "molise"),
        ("09124", "sardegna"),
    ],
)
def test_the_node_of_a_postcode(cap: str, region: str) -> None:
    result = node(request(cap=cap))
    assert (result.label, dict(result.values), dict(result.facts)) == (
        "found",
        {"regione": f"regione.{region}"},
        {"nodo": region},
    )


@pytest.mark.parametrize("cap", ["12071", "18025"])
def test_a_postcode_of_two_regions_tells_no_node(cap: str) -> None:
    assert node(request(cap=cap)).label == "unknown"


def test_the_node_of_a_province() -> None:
    result = node_of_province(request(provincia="CB"))
    assert (result.label, result.values["regione"]) == ("found", "regione.molise")


@pytest.mark.parametrize(
    ("code", "label", "values", "facts"),
    [
        ("1300112000123456", "node", {"regione": "regione.piemonte"}, {"nodo": "piemonte"}),
        ("2100112000123456", "other", {"nodo": "21"}, {"nodo": "21"}),
        ("1300000000000000", "uniurg", {}, {"nodo": "piemonte", "tipo": "UNIURG"}),
        ("0000000000000000", "uniurg", {}, {"nodo": "00", "tipo": "UNIURG"}),
    ],
)
def test_what_a_code_tells_of_its_node(code: str, label: str, values: dict[str, str], facts: dict[str, str]) -> None:
    result = communication_code(request(codice=code))
    assert (result.label, dict(result.values), dict(result.facts)) == (label, values, facts)
