"""What is kept of citizens beyond their calls: tax code, e-mail, consents; everything for whoever asks, and forgetting them."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale, iva

from ivr_engine.errors import IvrError
from ivr_engine.records import audit, callbacks, private
from ivr_engine.records.case_search import literal
from ivr_engine.records.journal import milliseconds, seconds

if TYPE_CHECKING:
    import sqlite3

PAGE = 50
CONSENTS = ("recontact", "survey", "recording")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,63}")


@dataclass(frozen=True, slots=True)
class Person:
    """A citizen, whole. `tax_code`: codice fiscale or partita IVA; `erased`: nothing identifies them any more."""

    id: int
    number: str
    name: str
    tax_code: str
    email: str
    since: float
    erased: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """What they agreed to, when, and until when (None: still)."""

    what: str
    given: float
    withdrawn: float | None
    who: str


def checked_tax_code(text: str) -> str:
    """A codice fiscale or a partita IVA in its one form; "" for none. Raises IvrError when it is neither."""
    if not text:
        return ""
    for kind in (codicefiscale, iva):
        try:
            return str(kind.validate(text))
        except ValidationError:
            continue
    raise IvrError(f"{text!r:.40} is no codice fiscale and no partita IVA", "16 characters, or 11 digits")


def get(connection: sqlite3.Connection, citizen: int) -> Person | None:
    """That citizen."""
    row = connection.execute("SELECT * FROM citizens WHERE id = ?", (citizen,)).fetchone()
    return None if row is None else _person(row)


def search(connection: sqlite3.Connection, words: str, number: str | None) -> list[Person]:
    """By telephone number (E.164 form, when the words are one), tax code, e-mail, or the beginning of a name or a word in it."""
    code = re.sub(r"\s", "", words).upper()
    rows = connection.execute(
        "SELECT * FROM (SELECT * FROM citizens WHERE number = :number"
        " UNION SELECT * FROM citizens WHERE tax_code = :code AND :code != ''"
        " UNION SELECT * FROM citizens WHERE email = :words AND :words != ''"
        " UNION SELECT * FROM (SELECT * FROM citizens WHERE :words != '' AND name >= :words COLLATE NOCASE"
        " AND name < :words || :last COLLATE NOCASE ORDER BY name COLLATE NOCASE LIMIT :page)"
        " UNION SELECT * FROM (SELECT * FROM citizens WHERE :words != '' AND name LIKE '% ' || :within ESCAPE '!'"
        " ORDER BY name COLLATE NOCASE LIMIT :page)) ORDER BY name LIMIT :page",
        {
            "number": number,
            "code": code,
            "words": words,
            "within": f"{literal(words)}%",
            "last": "\U0010fffd",
            "page": PAGE,
        },
    )
    return [_person(row) for row in rows]


class Overtaken(IvrError):
    """They are not any more as whoever writes about them knew them."""


class Known(NamedTuple):
    """What people write down of a citizen; "" for what nobody knows."""

    name: str
    tax_code: str
    email: str


def update(connection: sqlite3.Connection, citizen: int, new: Known, seen: Known, who: str, at: float) -> None:
    """`seen`: what it was when they began to write. Raises Overtaken when it is not that any more, or they were erased, and
    IvrError for a code or an address that is none, or a code somebody else has."""
    email, tax_code = new.email, new.tax_code
    person = get(connection, citizen)
    if person is None or person.erased:
        raise Overtaken("that citizen is not known, or their data were erased")
    if seen != (person.name, person.tax_code, person.email):
        raise Overtaken("somebody has changed it meanwhile", "this is how it is now: write yours again")
    if email and not _EMAIL.fullmatch(email):
        raise IvrError(f"{email!r:.60} is no e-mail address", "name@domain.it")
    code = checked_tax_code(tax_code)
    taken = connection.execute("SELECT id FROM citizens WHERE tax_code = ? AND id != ?", (code, citizen)).fetchone()
    if code and taken is not None:
        raise IvrError(f"{code} is the code of another citizen", f"see citizen {taken['id']}")
    connection.execute("UPDATE citizens SET name = ?, tax_code = ?, email = ? WHERE id = ?", (new.name, code, email, citizen))
    audit.note(connection, at, who, "changed", f"citizen {citizen}")


def consents(connection: sqlite3.Connection, citizen: int) -> list[Consent]:
    """All they gave, the newest first."""
    rows = connection.execute("SELECT * FROM consents WHERE citizen = ? ORDER BY id DESC", (citizen,))
    return [
        Consent(row["what"], seconds(row["given"]), None if row["withdrawn"] is None else seconds(row["withdrawn"]), row["who"])
        for row in rows
    ]


def consent(connection: sqlite3.Connection, citizen: int, what: str, *, given: bool, who: str, at: float) -> None:
    """They agree, or no longer do. Raises IvrError for what cannot be agreed to, and for the erased."""
    if what not in CONSENTS:
        raise IvrError(f"there is no consent {what!r:.20}")
    person = get(connection, citizen)
    if person is None or person.erased:
        raise IvrError("that citizen is not known, or their data were erased")
    connection.execute(
        "UPDATE consents SET withdrawn = ? WHERE citizen = ? AND what = ? AND withdrawn IS NULL",
        (milliseconds(at), citizen, what),
    )
    if given:
        connection.execute(
            "INSERT INTO consents (citizen, what, given, who) VALUES (?, ?, ?, ?)", (citizen, what, milliseconds(at), who)
        )
    audit.note(connection, at, who, "consent given" if given else "consent withdrawn", f"citizen {citizen}", what)


def export_all(connection: sqlite3.Connection, citizen: int, who: str, at: float) -> dict[str, Any]:
    """Everything known of a citizen, as plain data."""
    audit.note(connection, at, who, "exported", f"citizen {citizen}")

    def rows(query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(query, (citizen,))]

    of_theirs = "WHERE contact IN (SELECT id FROM contacts WHERE citizen = ?)"
    of_cases = "WHERE case_id IN (SELECT id FROM cases WHERE citizen = ?)"
    return {
        "citizen": rows("SELECT * FROM citizens WHERE id = ?"),
        "consents": rows("SELECT * FROM consents WHERE citizen = ?"),
        "contacts": rows("SELECT * FROM contacts WHERE citizen = ? ORDER BY started"),
        "journal": rows(f"SELECT * FROM journal {of_theirs} ORDER BY contact, seq"),  # noqa: S608 - own names
        "keyed": rows(f"SELECT * FROM private {of_theirs}"),  # noqa: S608 - own names
        "files": [
            {**row, "content": b64encode(row["content"]).decode()}
            for row in rows(f"SELECT * FROM contact_files {of_theirs}")  # noqa: S608 - own names
        ],
        "callbacks": rows(f"SELECT * FROM callbacks {of_theirs}"),  # noqa: S608 - own names
        "cases": rows("SELECT * FROM cases WHERE citizen = ? ORDER BY opened"),
        "case_history": rows(f"SELECT * FROM case_history {of_cases} ORDER BY case_id, seq"),  # noqa: S608 - own names
        "articles_given": rows(f"SELECT * FROM case_articles {of_cases}"),  # noqa: S608 - own names
    }


def erase(connection: sqlite3.Connection, citizen: int, who: str, at: float) -> None:
    """Forget who they are: counts and journals stay, of nobody. The spool must be rotated afterwards (Store.forget)."""
    _erase(connection, citizen, who, at)
    audit.note(connection, at, who, "erased", f"citizen {citizen}")


def erase_again(connection: sqlite3.Connection, who: str, at: float) -> None:
    """Forget once more whoever was erased, as far as a backup has brought them back."""
    erased = connection.execute(
        "SELECT id FROM citizens WHERE erased IS NOT NULL"
        " UNION SELECT CAST(substr(object, 9) AS INTEGER) FROM audit WHERE what = 'erased' AND object GLOB 'citizen [0-9]*'"
    )
    for (citizen,) in erased.fetchall():
        _erase(connection, citizen, who, at)


def _erase(connection: sqlite3.Connection, citizen: int, who: str, at: float) -> None:
    for (contact,) in connection.execute("SELECT id FROM contacts WHERE citizen = ?", (citizen,)).fetchall():
        private.erase(connection, contact)
    callbacks.give_up(connection, citizen, who, at)
    connection.execute(
        "UPDATE case_history SET detail = '' WHERE what = 'note' AND case_id IN (SELECT id FROM cases WHERE citizen = ?)",
        (citizen,),
    )
    connection.execute("DELETE FROM consents WHERE citizen = ?", (citizen,))
    connection.execute(
        "UPDATE citizens SET number = 'erased ' || id, name = '', tax_code = '', email = '', erased = coalesce(erased, ?)"
        " WHERE id = ?",
        (milliseconds(at), citizen),
    )


def _person(row: sqlite3.Row) -> Person:
    erased = row["erased"] is not None
    number = "" if erased else row["number"]
    return Person(row["id"], number, row["name"], row["tax_code"], row["email"], seconds(row["created"]), erased)
