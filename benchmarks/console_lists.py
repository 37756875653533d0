"""How long the console's lists and pages take in a full store: `python -m benchmarks.console_lists [CITIZENS]`, 100,000.

For each citizen there are five contacts and two cases, with journal, history and audit entries. Every page is asked for many
times, each time for something else; the reference is a form that reads nothing from the store.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.results import keep
from ivr_engine.clock import ROME
from ivr_engine.records import users
from ivr_engine.records.cases import CaseState, Level
from ivr_engine.records.journal import milliseconds
from ivr_engine.records.store import StoreReader
from ivr_engine.records.users import Role
from tests.console.site import PASSWORD, SETTINGS, Console

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

TIMES = 21
YEAR_MS = 365 * 86_400_000
LINES = ("lavoro", "sociale", "comunicazioni_obbligatorie", "tfr_cliclavoro")
FIRST = ("Giulia", "Marco", "Anna", "Luca", "Sara", "Paolo", "Elena", "Davide", "Chiara", "Andrea", "Marta", "Lucia", "Pietro")
LAST = ("Rossi", "Ferrari", "Russo", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco", "De Luca", "Costa", "Rizzo")


def name(citizen: int) -> str:
    """Many share a name, as people do."""
    return f"{FIRST[citizen % 13]} {LAST[citizen // 13 % 12]} {citizen // 156}"


def fill(connection: sqlite3.Connection, citizens: int, now: float) -> None:
    """A year of work."""
    chance = random.Random(1)
    today = milliseconds(now)
    since = today - YEAR_MS

    def contacts() -> Iterator[tuple[object, ...]]:
        for number in range(citizens * 5):
            at = since + YEAR_MS * number // (citizens * 5)
            outcome = chance.choice(("served_by_ivr", "answered", "answered", "abandoned_queue"))
            yield (f"C{number:09}", chance.choice(LINES), number % citizens + 1, at, at + 90_000, outcome)

    def cases() -> Iterator[tuple[object, ...]]:
        for number in range(citizens * 2):
            at = since + YEAR_MS * number // (citizens * 2)
            state = chance.choice(list(CaseState)) if number % 10 == 0 else CaseState.CLOSED
            late = at + 2 * 86_400_000 if state not in {CaseState.CLOSED, CaseState.RESOLVED} else None
            level = chance.choice(list(Level))
            yield (
                number + 1,
                number + 1,
                f"2026-{number + 1:06}",
                number % citizens + 1,
                LINES[number % 4],
                state,
                level,
                at,
                at,
                late,
            )

    many: Callable[..., object] = connection.executemany
    people = ((n + 1, f"+39333{n:07}", name(n), f"citizen{n}@example.it") for n in range(citizens))
    many("INSERT INTO citizens (id, number, name, email, created) VALUES (?, ?, ?, ?, 0)", people)
    many(
        "INSERT INTO contacts (id, medium, line, citizen, started, ended, outcome, cause, wait_s, talk_s)"
        " VALUES (?, 'phone', ?, ?, ?, ?, ?, 'caller_hung_up', 20, 60)",
        contacts(),
    )
    for seq, kind in enumerate(("ContactStarted", "StepEntered", "ContactEnded"), 1):
        connection.execute(
            "INSERT INTO journal (contact, seq, at, kind, data) SELECT id, ?, started, ?, ? FROM contacts",
            (seq, kind, '{"line": "lavoro", "step": "menu", "kind": "menu"}'),
        )
    many(
        "INSERT INTO cases (id, year, serial, number, citizen, line, state, level, opened, updated, deadline)"
        " VALUES (?, 2026, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        cases(),
    )
    links = ((f"C{n:09}", n % (citizens * 2) + 1) for n in range(citizens * 4))
    many("INSERT INTO case_contacts (contact, case_id) VALUES (?, ?)", links)
    for seq, what in enumerate(("opened", "note", "continued"), 1):
        connection.execute(
            "INSERT INTO case_history (case_id, seq, at, what, operator) SELECT id, ?, opened, ?, 'anna' FROM cases", (seq, what)
        )
    looks = ((since + n, "anna", f"citizen {n % citizens + 1}") for n in range(citizens * 5))
    many("INSERT INTO audit (at, who, what, object, detail) VALUES (?, ?, 'looked at', ?, '')", looks)
    connection.execute(
        "UPDATE contacts SET started = ?1 + started % 1000, ended = ?1 + 90000 WHERE id IN"
        " (SELECT id FROM contacts ORDER BY started DESC LIMIT ?2)",
        (today - 3_600_000, min(20_000, citizens)),
    )


def pages() -> dict[str, Callable[[int], str]]:
    """What people ask for, of the n-th something."""
    return {
        "reference: the form for a new contact": lambda _n: "/contacts/new",
        "cases": lambda _n: "/cases",
        "cases, open ones": lambda _n: "/cases?open=1",
        "cases, late ones": lambda _n: "/cases?late=1",
        "cases of a line, waiting for the Ministry": lambda n: f"/cases?line={LINES[n % 4]}&state=waiting_ministry",
        "cases at a level, open": lambda n: f"/cases?level={list(Level)[n % 3]}&open=1",
        "cases assigned to me": lambda _n: "/cases?assigned=me",
        "cases by their number": lambda n: f"/cases?q=2026-{n:06}",
        "cases by the number's beginning": lambda n: f"/cases?q=2026-{n % 10:03}",
        "cases by telephone number": lambda n: f"/cases?q=333{n:07}",
        "cases by a citizen's name": lambda n: f"/cases?q={name(n).replace(' ', '+')}",
        "cases by a common first name": lambda n: f"/cases?q={FIRST[n % 13]}",
        "cases by a name nobody has": lambda n: f"/cases?q=Zzyzx{n}",
        "one case": lambda n: f"/cases/2026-{n + 1:06}",
        "citizens by a common first name": lambda n: f"/citizens?q={FIRST[n % 13]}",
        "citizens by name": lambda n: f"/citizens?q={name(n).replace(' ', '+')}",
        "citizens by telephone number": lambda n: f"/citizens?q=333{n:07}",
        "citizens by e-mail": lambda n: f"/citizens?q=citizen{n}%40example.it",
        "one citizen": lambda n: f"/citizens/{n + 1}",
        "one contact": lambda n: f"/contacts/C{n:09}",
        "the live board": lambda _n: "/board",
        "audit": lambda _n: "/audit",
        "audit of one citizen": lambda n: f"/audit?q=citizen+{n + 1}",
        "audit of one person": lambda _n: "/audit?who=anna",
        "audit of somebody who did nothing": lambda n: f"/audit?who=nobody{n}",
        "answers": lambda _n: "/answers",
        "answers by a word": lambda n: f"/answers?q={('dimissioni', 'congedo', 'assegno', 'password')[n % 4]}",
        "what callers ask in vain": lambda _n: "/answers/unanswered",
    }


def main(citizens: int = 100_000) -> None:
    """An engine of its own, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="ivr-lists-") as folder:
        site = Console(Path(folder), SETTINGS)
        before = time.monotonic()
        with StoreReader(site.data).administration.change() as connection:
            users.add(connection, "ada", Role.ADMINISTRATOR, "", 0, "benchmark")
            users.add(connection, "sergio", Role.SUPERVISOR, "", 0, "benchmark")
            users.set_password(connection, "sergio", users.hashed(PASSWORD), 0, "benchmark")
            fill(connection, citizens, datetime.now(ROME).timestamp())
        size = (site.data / "ivr.db").stat().st_size / 1e9
        print(
            f"{citizens:,} citizens, {citizens * 5:,} contacts, {citizens * 2:,} cases: {size:.2f} GB,"
            f" filled in {time.monotonic() - before:.0f} s"
        )
        site.open()
        chance = random.Random(2)
        reference, figures = 0.0, {}
        try:
            cookie = site.session("sergio")
            for title, path in pages().items():
                took = []
                for _ in range(TIMES):
                    asked = path(chance.randrange(citizens))
                    before = time.perf_counter()
                    reply = site.ask("GET", asked, cookie=cookie)
                    took.append((time.perf_counter() - before) * 1000)
                    assert reply.status == 200, f"{asked}: {reply.status}"
                median = statistics.median(took)
                reference = reference or median
                figures[title] = {"median ms": median, "longest ms": max(took), "ratio": median / reference}
                ratio = f"{median / reference:.1f} × the reference"
                print(f"{title}: median {median:.1f} ms, longest {max(took):.1f} ms, {ratio}", flush=True)
        finally:
            site.close()
    print("kept in", keep("console_lists", {"citizens": citizens, "pages": figures}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
