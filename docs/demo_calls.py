"""Fills an example store: a morning's calls, each through the real engine, people of every role, citizens with names, cases under
way. `python docs/demo_calls.py SETTINGS`. The passwords are for demonstrations alone; nothing else ever sets them."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ivr_engine import config, logs
from ivr_engine.engine.commands import Call
from ivr_engine.engine.own import call_all
from ivr_engine.records import citizens, people, users
from ivr_engine.records.case_work import Disposition, Work
from ivr_engine.records.cases import CaseState, Level
from ivr_engine.records.people import Known
from ivr_engine.records.store import StoreReader
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    import sqlite3

PASSWORD = "dimostrazione"  # noqa: S105 - it is printed for everybody to read
PEOPLE = (
    ("ada", "Ada Neri", Role.ADMINISTRATOR, ""),
    ("teresa", "Teresa Gallo", Role.TUTOR, ""),
    ("anna", "Anna Verdi", Role.OPERATOR, "lavoro"),
    ("bruno", "Bruno Conti", Role.OPERATOR, "sociale"),
    ("carla", "Carla Russo", Role.BACK_OFFICE, ""),
    ("sergio", "Sergio Fontana", Role.SUPERVISOR, ""),
    ("clara", "Clara Ricci", Role.KNOWLEDGE_MANAGER, ""),
    ("marco", "Marco Greco", Role.MINISTRY, ""),
)
CITIZENS = {
    "+390612345601": ("Giulia Esposito", ""),
    "+393331234502": ("Officine Meccaniche Riunite", "00743110157"),
    "+393331234504": ("Mario Rossi", "RSSMRA80A01H501U"),
    "+390112345606": ("Paolo Ferrari", ""),
}

CALLS = (
    Call("800196196", "1 1 1 01102026", "+390612345601"),
    Call("800196196", "3 1 2 1 13122011", "+393331234502"),
    Call("800196001", "3 1 00187", "+393331234503"),
    Call("800196001", "0", "+393331234504"),
    Call("800196002", "1", "+390212345605"),
    Call("800196002", "0", "+393331234504"),
    Call("800196003", "2 0", "+390112345606"),
    Call("800196003", "~ ~ ~", "+393331234507"),
    Call("800196004", "1 1 01062026", "+393331234508"),
    Call("800196004", "!", ""),
)


def main() -> None:
    """Call after call, in fast time."""
    settings = config.load(Path(sys.argv[1]))
    logs.configure("error", "text")
    start = time.time() - 3600
    for answer in call_all(settings, settings.path(settings.engine.data), CALLS, start):
        print(f"  {answer['line']:28} {answer['outcome']}")
    store = StoreReader(settings.path(settings.engine.data))
    with store.administration.change() as connection:
        _people(connection, start)
        _cases(connection, [case.number for case in store.cases.list(open_only=True)], start + 1800)


def _people(connection: sqlite3.Connection, at: float) -> None:
    hashed = users.hashed(PASSWORD)
    for name, full_name, role, queue in PEOPLE:
        users.add(connection, name, role, full_name, at, "demo")
        users.set_password(connection, name, hashed, at, "demo")
        if queue:
            users.set_desk(connection, name, f"PJSIP/{name}", [queue], [queue], at, "demo")
            users.set_tutor(connection, name, "teresa", at, "demo")
    for number, (name, code) in CITIZENS.items():
        citizen = citizens.of_number(connection, number)
        if citizen is not None:
            people.update(connection, citizen.id, Known(name, code, ""), Known(citizen.name, "", ""), "anna", at)


def _cases(connection: sqlite3.Connection, numbers: list[str], at: float) -> None:
    """One goes to the back office, one on to the Ministry, one is solved; the others' citizens are to be called back."""
    sergio, carla = users.get(connection, "sergio"), users.get(connection, "carla")
    notes = ("Chiede un parere scritto.", "Manca il modello firmato.", "Aspetta una telefonata.")
    for number, note in zip(numbers, notes, strict=False):
        Work(connection, number, sergio, at).note(note)
    if len(numbers) > 1:
        Work(connection, numbers[0], sergio, at).hand_to(Level.BACK_OFFICE, "Serve il back office.")
        Work(connection, numbers[0], carla, at + 60).hand_to(Level.MINISTRY, "Serve un parere del Ministero.")
        Work(connection, numbers[1], sergio, at).hand_to(Level.BACK_OFFICE, "Da completare.")
    if len(numbers) > 2:
        Work(connection, numbers[2], sergio, at).move(CaseState.RESOLVED)
    for number in numbers[3:]:
        work = Work(connection, number, users.get(connection, "anna"), at)
        work.file(Disposition.CALL_BACK, "Preferisce dopo le 15.", (work.case.category, work.case.topic))


if __name__ == "__main__":
    main()
