"""Citizens, known by their telephone number; and what a caller's number says about the caller."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType

from ivr_engine.records.journal import milliseconds, seconds
from ivr_engine.records.private import NAME, NUMBER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ivr_engine.events import PrivateNoted
    from ivr_engine.records.database import Reader

_ITALY = 39
_DIALLED = re.compile(r"\+?[0-9]{2,18}")
_LANDLINES = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class CallerKind(StrEnum):
    """What sort of telephone a call comes from. FOREIGN: a number outside Italy; OTHER: none of these."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    ANONYMOUS = "anonymous"
    OTHER = "other"


class Caller(NamedTuple):
    """Who calls: the number in E.164 form, None when it is withheld or no public number, and its kind."""

    number: str | None
    kind: CallerKind


@dataclass(frozen=True, slots=True)
class Citizen:
    """A person or organisation; `name` is "" until somebody gave it, `number` once they were erased; `since` seconds since 1970
    UTC."""

    id: int
    number: str
    name: str
    since: float


@lru_cache(maxsize=1024)
def caller_of(raw: str) -> Caller:
    """Read a caller's number as an exchange writes it: "+39…", "0039…", "39…", national; "" or a word when withheld."""
    text = re.sub(r"[\s./()-]", "", raw)
    if not any(character.isdigit() for character in text):
        return Caller(None, CallerKind.ANONYMOUS)
    if not _DIALLED.fullmatch(text):
        return Caller(None, CallerKind.OTHER)
    number, kind = _parse(text)
    if number is None:
        return Caller(None, CallerKind.OTHER)
    return Caller(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), _kind(number, kind))


def _parse(text: str) -> tuple[phonenumbers.PhoneNumber | None, int]:
    """The first reading that is a number in use, with its PhoneNumberType; else the first that might be one, of unknown type.
    A number in use (is_valid_number) is one whose type is known; that is asked once, for it takes most of the time."""
    first = None
    for form in (text, f"+{text}"):  # some exchanges leave the + out
        try:
            number = phonenumbers.parse(form, "IT")
        except phonenumbers.NumberParseException:
            continue
        kind = phonenumbers.number_type(number)
        if kind != PhoneNumberType.UNKNOWN:
            return number, kind
        if first is None:
            first = number
    return first if first is not None and phonenumbers.is_possible_number(first) else None, PhoneNumberType.UNKNOWN


def _kind(number: phonenumbers.PhoneNumber, kind: int) -> CallerKind:
    if number.country_code != _ITALY:
        return CallerKind.FOREIGN
    if kind == PhoneNumberType.MOBILE:
        return CallerKind.MOBILE
    return CallerKind.LANDLINE if kind in _LANDLINES else CallerKind.OTHER


def note(connection: sqlite3.Connection, event: PrivateNoted) -> None:
    """A number makes its contact that citizen's; a name is kept with the citizen."""
    if event.name == NUMBER and event.value.startswith("+"):
        connection.execute(
            "INSERT INTO citizens (number, created) VALUES (?, ?) ON CONFLICT (number) DO NOTHING",
            (event.value, milliseconds(event.at)),
        )
        connection.execute(
            "UPDATE contacts SET citizen = (SELECT id FROM citizens WHERE number = ?) WHERE id = ?", (event.value, event.contact)
        )
    elif event.name == NAME and event.value:
        connection.execute(
            "UPDATE citizens SET name = ? WHERE id = (SELECT citizen FROM contacts WHERE id = ?)", (event.value, event.contact)
        )


def of_number(connection: sqlite3.Connection, number: str) -> Citizen | None:
    """The citizen of a number in E.164 form."""
    row = connection.execute("SELECT * FROM citizens WHERE number = ?", (number,)).fetchone()
    return None if row is None else _citizen(row)


def get(connection: sqlite3.Connection, citizen: int) -> Citizen | None:
    """That citizen."""
    row = connection.execute("SELECT * FROM citizens WHERE id = ?", (citizen,)).fetchone()
    return None if row is None else _citizen(row)


def _citizen(row: sqlite3.Row) -> Citizen:
    return Citizen(row["id"], "" if row["erased"] is not None else row["number"], row["name"], seconds(row["created"]))


def names(connection: sqlite3.Connection, wanted: Iterable[int]) -> dict[int, str]:
    """Their names, or their numbers while nobody gave a name; "" for the erased."""
    found = (get(connection, citizen) for citizen in wanted)
    return {citizen.id: citizen.name or citizen.number for citizen in found if citizen is not None}


class Citizens:
    """Looks citizens up. Every method may raise Unavailable."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def find(self, number: str) -> Citizen | None:
        """The citizen of a number, in whatever form it is written."""
        caller = caller_of(number)
        if caller.number is None:
            return None
        with self._reader.open() as connection:
            return of_number(connection, caller.number)
