"""What the engine's own validators take and what they make of it."""

from __future__ import annotations

from datetime import date

import pluggy
import pytest

from ivr_engine import Ambiguous, Refused, hookspecs
from ivr_engine.dialogue import validators
from ivr_engine.speech.catalogue import core_texts

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("name", "digits", "value"),
    [
        ("cap", "00010", "00010"),
        ("cap", "98168", "98168"),
        ("date", "29022024", "2024-02-29"),
        ("date", "01011900", "1900-01-01"),
        ("date", "31122031", "2031-12-31"),
        ("age", "7", "7"),
        ("age", "065", "65"),
        ("age", "120", "120"),
        ("year", "2012", "2012"),
        ("digits", "0", "0"),
        ("partita_iva", "00743110157", "00743110157"),
        ("codice_fiscale", "00743110157", "00743110157"),
        ("amount", "00000150", "150"),
        ("yes_no", "1", "yes"),
        ("yes_no", "2", "no"),
        ("provincia", "53", "LE"),
        ("codice_comunicazione", "1234567890123456", "1234567890123456"),
    ],
)
def test_accepts(name: str, digits: str, value: str) -> None:
    assert validators.VALIDATORS[name](digits, TODAY) == value


@pytest.mark.parametrize(
    ("name", "digits"),
    [
        ("cap", "00009"),
        ("cap", "98169"),
        ("cap", "0018"),
        ("date", "29022023"),
        ("date", "00012020"),
        ("date", "31121899"),
        ("date", "01012032"),
        ("date", "010120"),
        ("age", "121"),
        ("age", ""),
        ("age", "²"),
        ("year", "1899"),
        ("digits", "1" * 21),
        ("partita_iva", "00743110158"),
        ("codice_fiscale", "00743110158"),
        ("amount", "123456789"),
        ("yes_no", "3"),
        ("provincia", "11"),
        ("provincia", "7"),
        ("codice_comunicazione", "123456789012345"),
    ],
)
def test_refuses(name: str, digits: str) -> None:
    with pytest.raises(Refused):
        validators.VALIDATORS[name](digits, TODAY)


def test_a_province_is_one_of_those_on_its_two_keys() -> None:
    found: dict[str, str] = {}
    most = 0
    for digits in (f"{first}{second}" for first in "23456789" for second in "23456789"):
        try:
            province = validators.VALIDATORS["provincia"](digits, TODAY)
            found[province] = f"provincia.{province}"
        except Ambiguous as ambiguous:
            found.update(ambiguous.choices)
            most = max(most, len(ambiguous.choices))
        except Refused:
            pass
    assert found == {province: f"provincia.{province}" for province in found}
    assert set(found.values()) == {key for key in core_texts() if key.startswith("provincia.")}
    assert len(found) == 111
    assert most <= 9  # a key for each
    with pytest.raises(Ambiguous) as keyed:
        validators.VALIDATORS["provincia"]("76", TODAY)
    assert {"RM", "RN"} <= keyed.value.choices.keys()


def test_codes_are_masked_and_postcodes_are_not() -> None:
    masks = {name: validator.mask for name, validator in validators.VALIDATORS.items()}
    shown = {"cap", "provincia", "date", "age", "year", "amount", "yes_no"}
    assert masks == {name: "none" if name in shown else "last4" for name in masks}


def test_the_module_is_a_plugin() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(validators)
    manager.check_pending()
    assert manager.hook.ivr_validators() == [validators.VALIDATORS]
