"""`if`: each condition alone, all of one case together, and what it does not know."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from ivr_engine.clock import ROME
from ivr_engine.dialogue.runner import Caller
from ivr_engine.dialogue.steps import KINDS
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from ivr_engine.dialogue.model import Line

TUESDAY = datetime(2026, 11, 24, 10, 30, tzinfo=ROME).timestamp()


def chosen(line: Line, when: dict[str, Any], **how: Any) -> bool:
    """Whether the case holds."""
    case = {"cases": ({"when": when, "then": "bye"},), "otherwise": "notice"}
    steps = {
        **line.tree.steps,
        "known": KINDS["set"].model_validate({"facts": {"node": "13"}, "then": "which"}),
        "which": KINDS["if"].model_validate(case),
    }
    played = play_line(replace(line, tree=replace(line.tree, start="known", steps=steps)), "!", at=TUESDAY, **how)
    return played.steps[2] == "bye"


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"open": True}, True),
        ({"open": False}, False),
        ({"caller": "mobile"}, True),
        ({"caller": ("landline", "foreign")}, False),
        ({"language": "it"}, True),
        ({"language": "en"}, False),
        ({"from": datetime(2026, 11, 24, tzinfo=ROME).date()}, True),
        ({"from": datetime(2026, 11, 25, tzinfo=ROME).date()}, False),
        ({"until": datetime(2026, 11, 24, tzinfo=ROME).date()}, True),
        ({"until": datetime(2026, 11, 23, tzinfo=ROME).date()}, False),
        ({"weekday": "tue"}, True),
        ({"weekday": ("sat", "sun")}, False),
        ({"time": "10:00-11:00"}, True),
        ({"time": "10:30-10:31"}, True),
        ({"time": "11:00-10:30"}, False),  # over midnight
        ({"time": "22:00-10:31"}, True),
        ({"returning": False}, True),
        ({"returning": True}, False),
        ({"facts": {"node": "13"}}, True),
        ({"facts": {"node": ("12", "21")}}, False),
        ({"set": "node"}, True),
        ({"set": ("node", "other")}, False),
        ({"inputs": {"age": "30"}}, False),  # nothing was keyed
        ({"caller": "mobile", "open": True, "set": "node"}, True),
        ({"caller": "mobile", "open": False}, False),
    ],
)
def test_a_condition(lines: dict[str, Line], when: dict[str, Any], holds: bool) -> None:
    assert chosen(lines["offices"], when) is holds


def test_who_calls_and_when_is_the_calls_own(lines: dict[str, Line]) -> None:
    landline, withheld = Caller("landline", "+390612345678"), Caller()
    assert chosen(lines["offices"], {"caller": "landline"}, from_=landline)
    assert chosen(lines["offices"], {"caller": "anonymous"}, from_=withheld)
    assert chosen(lines["offices"], {"open": False}, operators_there=False)
    assert chosen(lines["offices"], {"returning": True}, open_case=True)
    assert not chosen(lines["offices"], {"returning": True}, open_case=True, from_=withheld)


@pytest.mark.parametrize(
    ("wanted", "holds"), [({"min": 18}, True), ({"max": 29}, False), ({"min": 30, "max": 30}, True), (("30", "31"), True)]
)
def test_what_was_keyed_is_compared(lines: dict[str, Line], wanted: Any, holds: bool) -> None:
    line = lines["offices"]
    steps = {
        **line.tree.steps,
        "age": KINDS["ask"].model_validate({"prompt": "age.ask", "input": "age", "then": "which"}),
        "which": KINDS["if"].model_validate(
            {"cases": ({"when": {"inputs": {"age": wanted}}, "then": "bye"},), "otherwise": "notice"}
        ),
    }
    played = play_line(replace(line, tree=replace(line.tree, start="age", steps=steps)), "30# !")
    assert (played.steps[2] == "bye") is holds


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({}, "must name a condition"),
        ({"opne": True}, "opne"),
        ({"caller": "cellphone"}, "caller"),
        ({"weekday": "mar"}, "weekday"),
        ({"time": "9-18"}, "no period"),
        ({"inputs": {"age": {}}}, "min or a max"),
        (
            {"from": datetime(2026, 2, 1, tzinfo=ROME).date(), "until": datetime(2026, 1, 1, tzinfo=ROME).date()},
            "until is before from",
        ),
    ],
)
def test_what_is_no_condition_is_refused(when: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        KINDS["if"].model_validate({"cases": ({"when": when, "then": "a"},), "otherwise": "b"})
