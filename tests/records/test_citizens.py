import pytest

from ivr_engine.records.citizens import Caller, CallerKind, caller_of


@pytest.mark.parametrize(
    ("raw", "number", "kind"),
    [
        ("+393331234567", "+393331234567", CallerKind.MOBILE),
        ("00393331234567", "+393331234567", CallerKind.MOBILE),
        ("393331234567", "+393331234567", CallerKind.MOBILE),
        ("3331234567", "+393331234567", CallerKind.MOBILE),
        ("333 123-4567", "+393331234567", CallerKind.MOBILE),
        ("0646835500", "+390646835500", CallerKind.LANDLINE),
        ("+390646835500", "+390646835500", CallerKind.LANDLINE),
        ("390646835500", "+390646835500", CallerKind.LANDLINE),
        ("+33142685300", "+33142685300", CallerKind.FOREIGN),
        ("0033142685300", "+33142685300", CallerKind.FOREIGN),
        ("+3780549882914", "+3780549882914", CallerKind.FOREIGN),  # San Marino
        ("800196196", "+39800196196", CallerKind.OTHER),
        ("201", None, CallerKind.OTHER),
        ("12345678901234567890", None, CallerKind.OTHER),
        ("39*99", None, CallerKind.OTHER),
        ("sip:201@pbx", None, CallerKind.OTHER),
        ("", None, CallerKind.ANONYMOUS),
        ("anonymous", None, CallerKind.ANONYMOUS),
        ("<unknown>", None, CallerKind.ANONYMOUS),
        ("Restricted", None, CallerKind.ANONYMOUS),
    ],
)
def test_caller_of(raw, number, kind):
    assert caller_of(raw) == Caller(number, kind)


def test_a_normal_form_is_read_as_itself():
    for raw in ("3331234567", "0646835500", "0033142685300"):
        caller = caller_of(raw)
        assert caller_of(caller.number) == caller


def test_the_kind_is_a_word():
    assert f"{caller_of('3331234567').kind}" == "mobile"
