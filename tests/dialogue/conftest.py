"""Two small lines that lead to each other, and a way to call them."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ivr_engine.dialogue.loader import load_line
from ivr_engine.hookspecs import Request, Result
from ivr_engine.testing import play_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.dialogue.model import Line
    from ivr_engine.testing import Played

LINES = Path(__file__).parent / "lines"


def office(request: Request) -> Result:
    """Knows Milan only."""
    if request.inputs["cap"] != "20121":
        return Result("unknown")
    return Result("found", {"office": "office.milan", "until": date(2026, 12, 31)}, {"office": "Milan"})


@pytest.fixture(scope="session")
def lines() -> dict[str, Line]:
    return {name: load_line(LINES / name, name) for name in ("offices", "cards")}


@pytest.fixture
def call(lines: dict[str, Line]) -> Callable[..., Played]:
    """Call the offices line with these keys."""
    return partial(play_line, lines["offices"], others=[lines["cards"]], functions={"office": office})
