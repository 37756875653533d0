"""How callers went through a tree, and who wants to be called back: derived from what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.events import (
    CallbackWished,
    Cause,
    ContactEnded,
    ContactStarted,
    Outcome,
    PrivateNoted,
    StepEntered,
)
from ivr_engine.records import callbacks
from ivr_engine.records.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from ivr_engine.events import Event

AT = 1_700_000_000.0


def call(contact: str, steps: str, cause: Cause, at: float = AT) -> list[Event]:
    started = ContactStarted(contact, at, "lavoro", "800196001", "virtual", f"{contact}.1", "", "mobile", "it")
    entered = [StepEntered(contact, at + n, *step.split("/"), "menu") for n, step in enumerate(steps.split(), 1)]
    return [started, *entered, ContactEnded(contact, at + 99, cause, Outcome.ABANDONED_IVR)]


def test_visits_moves_and_hang_ups_of_one_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.start()
    for event in (
        *call("A", "lavoro/menu lavoro/one lavoro/more", Cause.CALLER),
        *call("B", "lavoro/menu lavoro/one lavoro/menu lavoro/one", Cause.GOODBYE),
        *call("C", "lavoro/menu sociale/menu lavoro/one", Cause.CALLER),  # over another line: no move between the two
        *call("D", "lavoro/menu", Cause.CALLER, AT + 5000),  # later
    ):
        store.record(event)
    assert store.writer.flush(5)
    found = store.traffic("lavoro", AT, AT + 1000)
    assert found.visits == {"menu": 4, "one": 4, "more": 1}
    assert found.moves == {("menu", "one"): 3, ("one", "more"): 1, ("one", "menu"): 1}
    assert found.hang_ups == {"more": 1, "one": 1}
    assert store.traffic("lavoro", AT + 4000, AT + 9000).hang_ups == {"menu": 1}
    assert store.traffic("sociale", AT, AT + 1000).visits == {"menu": 1}
    store.close()


def test_wishes_to_be_called_back_lose_their_number_with_the_caller(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.start()
    for event in (
        *call("A", "lavoro/menu", Cause.GOODBYE)[:2],
        PrivateNoted("A", AT + 2, "callback_number", "+393331234567"),
        CallbackWished("A", AT + 2, "lavoro", "naspi", "morning"),
    ):
        store.record(event)
    assert store.writer.flush(5)
    with store.administration.look() as connection:
        (wish,) = callbacks.to_call(connection, "lavoro")
        assert callbacks.to_call(connection, "sociale") == []
    assert (wish.contact, wish.topic, wish.best_time, wish.wished, wish.number) == (
        "A",
        "naspi",
        "morning",
        AT + 2,
        "+393331234567",
    )
    store.erase("A").result(5)
    with store.administration.look() as connection:
        assert [each.number for each in callbacks.to_call(connection)] == [""]
    store.close()
