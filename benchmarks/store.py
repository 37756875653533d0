"""How fast the store takes events: `python -m benchmarks.store [calls]`.

Two figures: what `record` costs the call (it runs in the reactor's thread), and how many events a second reach the database.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import keep
from ivr_engine.events import (
    Cause,
    ContactEnded,
    ContactStarted,
    Event,
    InputTaken,
    LineChosen,
    OperatorAnswered,
    OperatorRang,
    Outcome,
    PrivateNoted,
    PromptHeard,
    QueueEntered,
    QueueLeft,
    QueueStatus,
    StepEntered,
)
from ivr_engine.records.store import Store


def call(number: int) -> list[Event]:
    """A call of three steps that ends with an operator, and is the citizen's first or second."""
    contact, at = f"C{number:09d}", 1.8e9 + number
    steps = [
        event
        for step in ("benvenuto", "menu", "dimissioni")
        for event in (
            StepEntered(contact, at, "lavoro", step, "menu"),
            PromptHeard(contact, at, step, "article.L01", 9000, 8000, counts=step == "dimissioni"),
            InputTaken(contact, at, step, "match", "1"),
        )
    ]
    return [
        ContactStarted(contact, at, "lavoro", "800196001", "virtual", f"channel-{number}", "key", "mobile", "it"),
        PrivateNoted(contact, at, "number", f"+39333{number % 5_000_000:07d}"),
        LineChosen(contact, at, "lavoro", "0123abcd"),
        *steps,
        QueueEntered(contact, at, "lavoro", 0, 300),
        OperatorRang(contact, at, "lavoro", "op1"),
        OperatorAnswered(contact, at, "lavoro", "op1"),
        QueueLeft(contact, at, "lavoro", QueueStatus.ANSWERED, 5, 60),
        ContactEnded(contact, at, Cause.OPERATOR, Outcome.ANSWERED),
    ]


def main() -> None:
    """Run both measurements in a temporary folder and print them."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    events = [event for number in range(calls) for event in call(number)]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "data")
        costs = []
        for event in events:
            before = time.perf_counter()
            store.record(event)
            costs.append(time.perf_counter() - before)
        figures: dict[str, object] = {"append, writer asleep": report("append, writer asleep", costs)}
        before = time.perf_counter()
        store.start()
        store.writer.flush(600)
        took = time.perf_counter() - before
        print(f"spool to database: {len(events) / took:,.0f} events/s ({calls / took:,.0f} calls/s), {took:.1f} s in all")
        figures["spool to database, events/s"] = round(len(events) / took)
        costs.clear()
        before = time.perf_counter()
        for number in range(calls, 2 * calls):
            for event in call(number):
                started = time.perf_counter()
                store.record(event)
                costs.append(time.perf_counter() - started)
        store.writer.flush(600)
        took = time.perf_counter() - before
        figures["append, writer at work"] = report("append, writer at work in the same process", costs)
        figures["both at once, events/s"] = round(len(costs) / took)
        print(f"both at once: {len(costs) / took:,.0f} events/s committed")
        store.close()
    print("kept in", keep("store", figures))


def report(what: str, costs: list[float]) -> dict[str, float]:
    """One line of microseconds, and the same to keep."""
    quantiles = statistics.quantiles(costs, n=1000)
    microseconds = [value * 1e6 for value in (statistics.median(costs), quantiles[989], quantiles[998], max(costs))]
    print("{}: median {:.1f} µs, 99 % {:.1f} µs, 99.9 % {:.1f} µs, worst {:.0f} µs".format(what, *microseconds))
    return dict(zip(("median us", "99 % us", "99.9 % us", "worst us"), (round(one, 1) for one in microseconds), strict=True))


if __name__ == "__main__":
    main()
