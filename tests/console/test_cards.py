"""What becomes of a card that nobody has in hand any more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ivr_engine.console.cards import Card, Cards
from ivr_engine.exchange.interface import OperatorConnected
from ivr_engine.routing.feed import Feed
from ivr_engine.routing.link import Link
from ivr_engine.routing.operators import Changes, Operators

POP: Any = SimpleNamespace(contact="C1")


@pytest.mark.parametrize(("filed", "kept"), [(False, 1), (True, 0)])
def test_a_note_outlives_a_browser_that_never_came_back(filed: bool, kept: int) -> None:
    changes, jobs = Changes(), list[str]()
    clock: Any = SimpleNamespace(now=lambda: 0.0, callLater=lambda *_: None)
    operators = Operators(clock, lambda _member: None, changes.tell)
    writer = SimpleNamespace(submit=lambda name, _do: jobs.append(name) or SimpleNamespace(add_done_callback=lambda _told: None))
    live = SimpleNamespace(listen=lambda *_: None, tell=lambda *_: None)
    office: Any = SimpleNamespace(
        feed=Feed(), operator_changes=changes, link=Link(), live=live, operators=operators, clock=clock,
        reactor=SimpleNamespace(seconds=lambda: 0.0, callLater=lambda *_: None), store=SimpleNamespace(writer=writer),
    )  # fmt: skip
    cards = Cards(office)
    operators.sit_down("anna", "PJSIP/anna", ("lavoro",))
    cards._cards["anna"] = Card(POP, "ch1", 0.0, answered=True, note="Ha il PIN scaduto", filed=filed)
    operators.take(OperatorConnected("ch1", "lavoro", "anna", 0))
    operators.leave("anna")
    assert len(jobs) == kept
