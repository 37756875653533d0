"""The rules of the line Sociale, row by row."""

from datetime import date

import pytest

from ivr_engine import Request
from ivr_plugins.sociale.functions import card


@pytest.mark.parametrize(
    ("age", "label"),
    [
        ("0", "child"),
        ("2", "child"),
        ("3", "none"),
        ("18", "none"),
        ("64", "none"),
        ("65", "elderly"),
        ("69", "elderly"),
        ("70", "higher_limit"),
        ("103", "higher_limit"),
    ],
)
def test_the_age_decides_the_rules_of_the_card(age: str, label: str) -> None:
    result = card(Request("sociale", {"eta": age}, date(2026, 11, 24)))
    assert (result.label, result.values["eta"], result.facts["carta_acquisti"]) == (label, int(age), label)
