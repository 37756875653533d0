"""What the engine's own validators take and what they make of it."""

from __future__ import annotations

from datetime import date

import pluggy
import pytest

from ivr_engine import Refused, hookspecs
from ivr_engine.dialogue import validators

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
        ("codice_comunicazione", "123456789012345"),
    ],
)
def test_refuses(name: str, digits: str) -> None:
    with pytest.raises(Refused):
        validators.VALIDATORS[name](digits, TODAY)


def test_the_module_is_a_plugin() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(validators)
    manager.check_pending()
    assert manager.hook.ivr_validators() == [validators.VALIDATORS]
