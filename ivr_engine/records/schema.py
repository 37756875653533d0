"""The tables, as they came to be: each migration and the note that it ran are one transaction (sqlite-utils).

Instants are whole milliseconds since 1970 UTC; durations whole seconds, as the exchange's ledger has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable
from ivr_engine.records import article_search, closings, figures, staff_time

if TYPE_CHECKING:
    import sqlite3

    from sqlite_utils import Database

_SET = "ivr_engine"


def require_known(connection: sqlite3.Connection) -> None:
    """Raises Unavailable when a newer engine has worked on this database: what it does there this one does not know."""
    if newer := [name for name in _applied(connection) if name not in versions()]:
        raise Unavailable(
            f"the database was made by a newer engine ({', '.join(newer)})", "install that engine, or restore a backup of before"
        )


def migrate(connection: sqlite3.Connection, *, before: str | None = None) -> None:
    """Bring the schema up to date, or (in tests) to what it was `before` a migration; nothing is written when it is. Raises
    sqlite3.Error; Unavailable as require_known does."""
    require_known(connection)
    if set(versions()).issubset(_applied(connection)):
        return
    from sqlite_utils import Database  # with numpy a sixth of a start, and most find nothing to do
    from sqlite_utils.migrations import Migrations

    migrations = Migrations(_SET)
    for migration in _MIGRATIONS:
        migrations()(migration)
    migrations.apply(Database(connection, execute_plugins=False), stop_before=before)


def versions() -> tuple[str, ...]:
    """The migrations' names, the oldest first."""
    return tuple(migration.__name__ for migration in _MIGRATIONS)


def _applied(connection: sqlite3.Connection) -> list[str]:
    """Those that sqlite-utils has noted in this database."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
        return []
    noted = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid", (_SET,))
    return [str(name) for (name,) in noted]


def _run(database: Database, statements: str) -> None:
    # One by one: executescript would commit the transaction that the migration runs in.
    for statement in statements.split(";"):
        if statement.strip():
            database.execute(statement)


_FIRST_TABLES = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE citizens (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    created INTEGER NOT NULL
);

CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    medium TEXT NOT NULL DEFAULT '',
    line TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT '',
    dialled TEXT NOT NULL DEFAULT '',
    exchange TEXT NOT NULL DEFAULT '',
    channel TEXT NOT NULL DEFAULT '',
    caller_key TEXT NOT NULL DEFAULT '',
    caller_kind TEXT NOT NULL DEFAULT '',
    citizen INTEGER REFERENCES citizens(id),
    started INTEGER NOT NULL,
    ended INTEGER,
    outcome TEXT,
    cause TEXT,
    queue TEXT NOT NULL DEFAULT '',
    queued INTEGER,
    answered INTEGER,
    wait_s INTEGER NOT NULL DEFAULT 0,
    talk_s INTEGER NOT NULL DEFAULT 0,
    operator TEXT NOT NULL DEFAULT '',
    answer_line TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX contacts_by_start ON contacts(started);
CREATE INDEX contacts_by_line ON contacts(line, started);
CREATE INDEX contacts_by_channel ON contacts(channel);
CREATE INDEX contacts_by_citizen ON contacts(citizen);
CREATE INDEX contacts_open ON contacts(id) WHERE ended IS NULL;

CREATE TABLE journal (
    contact TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (contact, seq)
) WITHOUT ROWID;

CREATE TABLE private (
    contact TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (contact, name)
) WITHOUT ROWID;

CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    year INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    number TEXT NOT NULL UNIQUE,
    citizen INTEGER REFERENCES citizens(id),
    line TEXT NOT NULL,
    state TEXT NOT NULL,
    level TEXT NOT NULL,
    category TEXT NOT NULL DEFAULT '',
    topic TEXT NOT NULL DEFAULT '',
    opened INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (year, serial)
);
CREATE INDEX cases_by_citizen ON cases(citizen, line);
CREATE INDEX cases_by_update ON cases(updated);

CREATE TABLE case_contacts (
    contact TEXT NOT NULL REFERENCES contacts(id),
    case_id INTEGER NOT NULL REFERENCES cases(id),
    PRIMARY KEY (contact, case_id)
) WITHOUT ROWID;
CREATE INDEX case_contacts_by_case ON case_contacts(case_id);

CREATE TABLE case_history (
    case_id INTEGER NOT NULL REFERENCES cases(id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    what TEXT NOT NULL,
    contact TEXT NOT NULL DEFAULT '',
    operator TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (case_id, seq)
) WITHOUT ROWID;

CREATE TABLE articles (
    line TEXT NOT NULL,
    id TEXT NOT NULL,
    language TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    source TEXT NOT NULL,
    certainty TEXT NOT NULL,
    category TEXT NOT NULL,
    topic TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    verified TEXT NOT NULL,
    published INTEGER NOT NULL,
    PRIMARY KEY (line, id, language, version)
) WITHOUT ROWID
"""


def m001_first_tables(database: Database) -> None:
    """Contacts with their journal, citizens, cases, articles."""
    _run(database, _FIRST_TABLES)


_ADMINISTRATION = """
CREATE TABLE callbacks (
    contact TEXT PRIMARY KEY,
    line TEXT NOT NULL,
    topic TEXT NOT NULL,
    best_time TEXT NOT NULL,
    wished INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    name TEXT PRIMARY KEY,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL,
    created INTEGER NOT NULL,
    disabled INTEGER
) WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_object ON audit(object);

CREATE TABLE line_versions (
    line TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    digest TEXT NOT NULL,
    files TEXT NOT NULL,
    author TEXT NOT NULL,
    created INTEGER NOT NULL,
    submitted_by TEXT NOT NULL DEFAULT '',
    approved_by TEXT NOT NULL DEFAULT '',
    published_by TEXT NOT NULL DEFAULT '',
    published INTEGER,
    PRIMARY KEY (line, version)
) WITHOUT ROWID;
CREATE UNIQUE INDEX line_versions_published ON line_versions(line) WHERE state = 'published';

CREATE TABLE closures (
    id INTEGER PRIMARY KEY,
    line TEXT NOT NULL,
    emergency INTEGER NOT NULL,
    starts TEXT NOT NULL,
    until TEXT NOT NULL,
    periods TEXT NOT NULL,
    reason TEXT NOT NULL,
    ended INTEGER
);

CREATE TABLE front_messages (
    id INTEGER PRIMARY KEY,
    line TEXT NOT NULL,
    starts TEXT NOT NULL,
    until TEXT NOT NULL,
    texts TEXT NOT NULL,
    ended INTEGER
);

CREATE TABLE switches (
    line TEXT NOT NULL,
    function TEXT NOT NULL,
    since INTEGER NOT NULL,
    who TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (line, function)
) WITHOUT ROWID
"""


def m002_administration(database: Database) -> None:
    """Wishes to be called back; users, the audit log, versions of lines, and what is switched by hand."""
    _run(database, _ADMINISTRATION)


_SIGN_IN = """
ALTER TABLE users ADD COLUMN password TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN tutor TEXT NOT NULL DEFAULT '';

CREATE TABLE sessions (
    token TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users(name),
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions(user)
"""


def m003_sign_in(database: Database) -> None:
    """Passwords, teams and sessions of the console."""
    _run(database, _SIGN_IN)


_DESK = """
ALTER TABLE users ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN queues TEXT NOT NULL DEFAULT ''
"""


def m004_desk(database: Database) -> None:
    """Operators' telephones and queues."""
    _run(database, _DESK)


_CASE_WORK = """
ALTER TABLE cases ADD COLUMN disposition TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN assigned TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN deadline INTEGER;
ALTER TABLE case_history ADD COLUMN detail TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_by_deadline ON cases(deadline) WHERE deadline IS NOT NULL;
CREATE INDEX cases_by_level ON cases(level, state, updated);

CREATE TABLE case_articles (
    case_id INTEGER NOT NULL REFERENCES cases(id),
    line TEXT NOT NULL,
    article TEXT NOT NULL,
    language TEXT NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (case_id, line, article, language, version)
) WITHOUT ROWID;

CREATE TRIGGER audit_keeps UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER audit_stays DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END
"""


def m005_case_work(database: Database) -> None:
    """What people do with cases, and an audit log that cannot be changed."""
    for statement in re.split(r";\n", _CASE_WORK):
        if statement.strip():
            database.execute(statement)


_ARTICLE_WORDS = """
CREATE VIRTUAL TABLE article_words USING fts5(
    title, text, stems, line UNINDEXED, id UNINDEXED, language UNINDEXED, tokenize = 'unicode61 remove_diacritics 2'
)
"""


def m006_article_words(database: Database) -> None:
    """The words of the articles, to be searched."""
    database.execute(_ARTICLE_WORDS)
    article_search.fill(database.conn)


_PEOPLE = """
ALTER TABLE citizens ADD COLUMN tax_code TEXT NOT NULL DEFAULT '';
ALTER TABLE citizens ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE citizens ADD COLUMN erased INTEGER;
CREATE UNIQUE INDEX citizens_by_tax_code ON citizens(tax_code) WHERE tax_code != '';
CREATE INDEX citizens_by_email ON citizens(email) WHERE email != '';
CREATE INDEX citizens_by_name ON citizens(name COLLATE NOCASE);

CREATE TABLE consents (
    id INTEGER PRIMARY KEY,
    citizen INTEGER NOT NULL REFERENCES citizens(id),
    what TEXT NOT NULL,
    given INTEGER NOT NULL,
    withdrawn INTEGER,
    who TEXT NOT NULL
);
CREATE INDEX consents_by_citizen ON consents(citizen)
"""


def m007_people(database: Database) -> None:
    """Tax codes, e-mail addresses and consents of citizens."""
    _run(database, _PEOPLE)


_AGREEMENTS = """
CREATE TABLE agreements (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    line TEXT NOT NULL,
    name TEXT NOT NULL,
    day TEXT NOT NULL,
    document TEXT NOT NULL,
    registered INTEGER NOT NULL,
    who TEXT NOT NULL,
    ended INTEGER
)
"""


def m008_agreements(database: Database) -> None:
    """What is allowed about operators on which line."""
    _run(database, _AGREEMENTS)


_ANSWERS = """
CREATE TABLE article_drafts (
    id INTEGER PRIMARY KEY,
    line TEXT NOT NULL,
    file TEXT NOT NULL,
    article TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    authors TEXT NOT NULL,
    updated INTEGER NOT NULL,
    submitted_by TEXT NOT NULL DEFAULT '',
    approved_by TEXT NOT NULL DEFAULT '',
    published_by TEXT NOT NULL DEFAULT '',
    published INTEGER,
    base TEXT NOT NULL DEFAULT 'null'
);
CREATE INDEX article_drafts_by_state ON article_drafts(state);

CREATE TABLE searches_in_vain (
    id INTEGER PRIMARY KEY,
    words TEXT NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL
);
CREATE INDEX searches_in_vain_by_time ON searches_in_vain(at)
"""


def m009_answers(database: Database) -> None:
    """Articles on their way, and what operators looked for and did not find."""
    _run(database, _ANSWERS)


_BY_HAND = """
CREATE TABLE contact_files (
    contact TEXT NOT NULL REFERENCES contacts(id),
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (contact, number)
)
"""


def m010_by_hand(database: Database) -> None:
    """Documents that come with contacts of other channels."""
    _run(database, _BY_HAND)


_FIGURES = """
CREATE INDEX contacts_by_caller ON contacts(caller_key, line, started, medium, answer) WHERE caller_key != ''
"""


def m011_figures(database: Database) -> None:
    """Figures of ended contacts, filled from the journal; closed months; what operators' time went to."""
    for tables in (figures.TABLES, staff_time.TABLES, _FIGURES):
        _run(database, tables)
    for statement in closings.TABLES:
        database.execute(statement)
    figures.rebuild(database.conn)


_ENDS = """
CREATE INDEX contacts_by_outcome ON contacts(outcome, started, line, medium, caller_key, answer)
WHERE caller_key != '' AND outcome IS NOT NULL
"""


def m012_ends(database: Database) -> None:
    """Who called again is found without reading the contacts' own pages, one for each contact of the period."""
    _run(database, _ENDS)


_CALLBACKS = """
ALTER TABLE callbacks ADD COLUMN result TEXT NOT NULL DEFAULT '';
ALTER TABLE callbacks ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE callbacks ADD COLUMN tried INTEGER;
ALTER TABLE callbacks ADD COLUMN who TEXT NOT NULL DEFAULT ''
"""


def m013_callbacks(database: Database) -> None:
    """What came of a wish to be called back."""
    _run(database, _CALLBACKS)


_MIGRATIONS = (
    m001_first_tables,
    m002_administration,
    m003_sign_in,
    m004_desk,
    m005_case_work,
    m006_article_words,
    m007_people,
    m008_agreements,
    m009_answers,
    m010_by_hand,
    m011_figures,
    m012_ends,
    m013_callbacks,
)
