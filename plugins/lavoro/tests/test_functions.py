"""The rules of the line Lavoro, row by row."""

import re
from datetime import date

import pytest

from ivr_engine import Request, province_of
from ivr_plugins.lavoro.functions import (
    dismissal,
    home_change,
    home_hiring,
    last_day,
    maternity,
    office,
    office_of_province,
)

# Two digits decide: prefix and province, as the table of postcodes has them.
BY_TWO_DIGITS = re.findall(
    r"(\d+) ([A-Z]+)",
    """
00 RM 01 VT 02 RI 03 FR 04 LT 05 TR 06 PG 07 SS 08 NU 10 TO 11 AO 12 CN 14 AT 15 AL 16 GE 17 SV 18 IM 19 SP 21 VA 22 CO 24 BG
25 BS 27 PV 29 PC 30 VE 31 TV 32 BL 35 PD 36 VI 37 VR 38 TN 39 BZ 40 BO 41 MO 42 RE 43 PR 44 FE 45 RO 46 MN 48 RA 50 FI 51 PT
52 AR 53 SI 54 MS 55 LU 56 PI 57 LI 58 GR 59 PO 60 AN 61 PU 62 MC 64 TE 65 PE 66 CH 67 AQ 70 BA 71 FG 72 BR 73 LE 74 TA 75 MT
76 BT 80 NA 81 CE 82 BN 83 AV 84 SA 85 PZ 87 CS 90 PA 91 TP 92 AG 93 CL 94 EN 95 CT 96 SR 97 RG 98 ME
""",
)
BY_THREE_DIGITS = re.findall(
    r"(\d+) ([A-Z]+)",
    """
130 VC 131 VC 138 BI 139 BI 200 MI 201 MI 208 MB 209 MB 230 SO 231 SO 238 LC 239 LC 260 CR 261 CR 268 LO 269 LO 280 NO 281 NO
288 VB 289 VB 470 FC 471 FC 475 FC 478 RN 479 RN 630 AP 631 AP 638 FM 639 FM 880 CZ 881 CZ 888 KR 889 KR 890 RC 891 RC 898 VV
899 VV
""",
)
NOT_TOLD = ["33010", "33170", "34070", "34121", "86010", "86170", "09121", "12071", "18025", "13500", "20500"]
AUTONOMOUS = {
    "90133": ("PA", "sicilia"),
    "91100": ("TP", "sicilia"),
    "92100": ("AG", "sicilia"),
    "93100": ("CL", "sicilia"),
    "94100": ("EN", "sicilia"),
    "95121": ("CT", "sicilia"),
    "96100": ("SR", "sicilia"),
    "97100": ("RG", "sicilia"),
    "98121": ("ME", "sicilia"),
    "38122": ("TN", "trento"),
    "39100": ("BZ", "bolzano"),
}


def request(**inputs: str) -> Request:
    return Request("lavoro", inputs, date(2026, 11, 24))


@pytest.mark.parametrize(("prefix", "code"), BY_TWO_DIGITS)
def test_two_digits_tell_the_province(prefix: str, code: str) -> None:
    assert province_of(f"{prefix}100") == code


@pytest.mark.parametrize(("prefix", "code"), BY_THREE_DIGITS)
def test_three_digits_tell_the_province(prefix: str, code: str) -> None:
    assert province_of(f"{prefix}50") == code


@pytest.mark.parametrize("cap", NOT_TOLD)
def test_a_postcode_that_does_not_tell_is_unknown(cap: str) -> None:
    result = office(request(cap=cap))
    assert (result.label, dict(result.values), dict(result.facts)) == ("unknown", {}, {})


def test_a_state_inspectorate_is_found() -> None:
    result = office(request(cap="00187"))
    assert (result.label, dict(result.values), dict(result.facts)) == (
        "found",
        {"provincia": "provincia.RM", "ufficio": "ufficio.itl"},
        {"provincia": "RM"},
    )


@pytest.mark.parametrize("cap", AUTONOMOUS)
def test_sicily_trento_and_bolzano_have_inspectorates_of_their_own(cap: str) -> None:
    code, body = AUTONOMOUS[cap]
    result = office(request(cap=cap))
    assert result.label == "autonomous"
    assert (result.values["provincia"], result.values["ente"]) == (f"provincia.{code}", f"ente.{body}")
    assert office_of_province(request(provincia=code)) == result


@pytest.mark.parametrize(
    ("today", "name"),
    [(date(2011, 3, 1), "dpl"), (date(2012, 3, 1), "dtl"), (date(2016, 12, 31), "dtl"), (date(2017, 1, 1), "itl")],
)
def test_the_office_is_called_as_it_was_then(today: date, name: str) -> None:
    for inputs, function in (({"cap": "00187"}, office), ({"provincia": "RM"}, office_of_province)):
        assert function(Request("lavoro", inputs, today)).values["ufficio"] == f"ufficio.{name}"


@pytest.mark.parametrize(
    ("received", "contest", "court"),
    [
        ("2012-03-01", date(2012, 4, 30), date(2013, 1, 25)),  # 60 and 270 days
        ("2012-07-18", date(2012, 9, 16), date(2013, 3, 15)),  # 60 and 180 days
        ("2026-11-24", date(2027, 1, 23), date(2027, 7, 22)),
    ],
)
def test_a_dismissal_has_two_terms(received: str, contest: date, court: date) -> None:
    result = dismissal(request(data=received))
    assert (result.values["scadenza"], result.values["ricorso"]) == (contest, court)


def test_maternity_is_two_months_before_and_three_after() -> None:
    result = maternity(request(parto="2027-04-30"))
    assert (result.label, dict(result.values)) == ("told", {"dal": date(2027, 2, 28), "al": date(2027, 7, 30)})


def test_domestic_work_is_told_the_day_before_and_within_five_days() -> None:
    assert home_hiring(request(inizio="2026-12-01")).values["scadenza"] == date(2026, 11, 30)
    assert home_change(request(evento="2026-11-20")).values["scadenza"] == date(2026, 11, 25)
    assert home_change(request(evento="2026-11-18")).label == "expired"


@pytest.mark.parametrize(
    ("days", "event", "last", "label"),
    [
        (7, "2026-11-24", date(2026, 12, 1), "open"),
        (7, "2026-11-20", date(2026, 11, 27), "open"),  # three days in hand
        (7, "2026-11-19", date(2026, 11, 26), "urgent"),
        (7, "2026-11-17", date(2026, 11, 24), "urgent"),  # today
        (7, "2026-11-16", date(2026, 11, 23), "expired"),
        (60, "2026-11-24", date(2027, 1, 23), "open"),
        (60, "2012-03-01", date(2012, 4, 30), "expired"),
        (68, "2026-11-24", date(2027, 1, 31), "open"),
    ],
)
def test_the_last_day_of_a_term(days: int, event: str, last: date, label: str) -> None:
    result = last_day(days, request(data=event))
    assert (result.label, result.values["scadenza"], result.facts["scadenza"]) == (label, last, last.isoformat())
