"""Users, versions, closures, messages and switches: who may, what happens, what the audit log says of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.clock import ROME
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.records import audit, notices, users, versions
from ivr_engine.records.administration import Administration
from ivr_engine.records.users import Role
from ivr_engine.records.versions import VersionState

if TYPE_CHECKING:
    from pathlib import Path

    from ivr_engine.records.versions import Version

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ROME).timestamp()
TODAY = datetime.fromisoformat("2026-11-24 10:00")
PEOPLE = {
    "ada": Role.ADMINISTRATOR,
    "bea": Role.BACK_OFFICE,
    "ivo": Role.KNOWLEDGE_MANAGER,
    "min": Role.MINISTRY,
    "ope": Role.OPERATOR,
}


@pytest.fixture
def store(tmp_path: Path) -> Administration:
    store = Administration(tmp_path / "data" / "ivr.db")
    with store.change() as connection:
        for name, role in PEOPLE.items():
            users.add(connection, name, role, name.title(), NOW, "root")
    return store


def log(store: Administration) -> list[tuple[str, str, str]]:
    with store.look() as connection:
        return [(entry.who, entry.what, entry.object) for entry in audit.entries(connection, 100)][::-1][len(PEOPLE) :]


# --- users


def test_the_first_user_is_an_administrator(tmp_path: Path) -> None:
    store = Administration(tmp_path / "ivr.db")
    with store.change() as connection:
        with pytest.raises(IvrError, match="first user must be an administrator"):
            users.add(connection, "bea", Role.OPERATOR, "", NOW, "root")
        users.add(connection, "ada", Role.ADMINISTRATOR, "", NOW, "root")
        users.add(connection, "bea", Role.OPERATOR, "", NOW, "root")


@pytest.mark.parametrize("name", ["", "Ada", "ada ", "a/b", "9a", "x" * 41])
def test_a_name_that_is_none_is_refused(store: Administration, name: str) -> None:
    with store.change() as connection, pytest.raises(IvrError, match="is no user's name"):
        users.add(connection, name, Role.OPERATOR, "", NOW, "root")


def test_a_user_who_is_disabled_signs_no_more(store: Administration) -> None:
    with store.change() as connection:
        users.disable(connection, "ivo", NOW, "root")
        with pytest.raises(IvrError, match="user ivo is disabled"):
            users.entitled(connection, "ivo", frozenset(Role), "do it")
        with pytest.raises(IvrError, match="there is no user 'eva'"):
            users.entitled(connection, "eva", frozenset(Role), "do it")
        with pytest.raises(IvrError, match="there is a user ivo already"):
            users.add(connection, "ivo", Role.OPERATOR, "", NOW, "root")
    assert log(store) == [("root", "user disabled", "user ivo")]


# --- versions


def propose(connection: sqlite3.Connection, text: str) -> Version | None:
    return versions.propose(connection, "lavoro", f"digest of {text}", {"line.yaml": text}, NOW)


def states(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    return [(version.version, str(version.state)) for version in versions.versions(connection, "lavoro")]


def test_the_first_files_are_published_and_later_ones_are_drafts(store: Administration) -> None:
    with store.change() as connection:
        first = propose(connection, "one")
        assert first is not None
        assert (first.version, first.state, first.files) == (1, VersionState.PUBLISHED, {"line.yaml": "one"})
        assert propose(connection, "one") is None
        assert propose(connection, "two") is not None
        assert propose(connection, "three") is not None  # takes the place of the draft nobody submitted
        assert states(connection) == [(1, "published"), (2, "retired"), (3, "draft")]
        published = versions.published(connection, "lavoro")
        assert published is not None
        assert published.version == 1
        assert versions.newest(connection, "lavoro").version == 3


def test_what_was_submitted_or_approved_can_be_withdrawn(store: Administration) -> None:
    with store.change() as connection:
        propose(connection, "one")
        propose(connection, "two")
        second = versions.newest(connection, "lavoro")
        with pytest.raises(IvrError, match="is draft, not submitted or approved"):
            versions.withdraw(connection, second, "bea", NOW)
        versions.submit(connection, second, "bea", NOW)
        with pytest.raises(IvrError, match="ope is operator"):
            versions.withdraw(connection, second, "ope", NOW)
        assert versions.withdraw(connection, second, "min", NOW) is VersionState.DRAFT
        versions.submit(connection, second, "bea", NOW)
        versions.approve(connection, second, "ivo", NOW)
        approved = versions.newest(connection, "lavoro")
        propose(connection, "three")
        assert versions.withdraw(connection, approved, "bea", NOW) is VersionState.RETIRED
        for approval in (True, False):
            with pytest.raises(IvrError, match="lavoro version 2 is retired"):
                versions.publish(connection, approved, "min", NOW, approval=approval)  # as it was while its sounds were made
        assert states(connection) == [(1, "published"), (2, "retired"), (3, "draft")]
    assert [what for who, what, _object in log(store) if who in {"min", "bea"}] == ["submitted", "withdrawn"] * 2


def test_what_is_published_takes_the_place_of_what_was_on_its_way_before(store: Administration) -> None:
    with store.change() as connection:
        for text in ("one", "two", "three", "four"):
            propose(connection, text)
            if text != "one":
                versions.submit(connection, versions.newest(connection, "lavoro"), "bea", NOW)
        versions.approve(connection, versions.get(connection, "lavoro", 2), "ivo", NOW)
        versions.approve(connection, versions.get(connection, "lavoro", 3), "ivo", NOW)
        versions.publish(connection, versions.get(connection, "lavoro", 3), "min", NOW, approval=True)
        assert states(connection) == [(1, "retired"), (2, "retired"), (3, "published"), (4, "submitted")]
        before = versions.before_published(connection, "lavoro")
        assert before is not None
        assert before.version == 1


def test_two_people_bring_a_version_to_the_callers(store: Administration) -> None:
    with store.change() as connection:
        propose(connection, "one")
        propose(connection, "two")
        versions.submit(connection, versions.newest(connection, "lavoro"), "bea", NOW)
        versions.approve(connection, versions.newest(connection, "lavoro"), "ivo", NOW)
        versions.publish(connection, versions.newest(connection, "lavoro"), "min", NOW, approval=True)
        assert states(connection) == [(1, "retired"), (2, "published")]
        version = versions.newest(connection, "lavoro")
        assert (version.submitted_by, version.approved_by, version.published_by) == ("bea", "ivo", "min")
        before = versions.before_published(connection, "lavoro")
        assert before is not None
        versions.rollback(connection, before, "ada", NOW + 1, approval=True)
        assert states(connection) == [(1, "published"), (2, "retired")]
        again = versions.before_published(connection, "lavoro")
        assert again is not None
        assert again.version == 2
    assert log(store)[2:] == [
        ("bea", "submitted", "line lavoro"),
        ("ivo", "approved", "line lavoro"),
        ("min", "published", "line lavoro"),
        ("ada", "rolled back", "line lavoro"),
    ]


def step(name: str, who: str, **how: Any) -> Any:
    def take(connection: sqlite3.Connection) -> None:
        getattr(versions, name)(connection, versions.newest(connection, "lavoro"), who, NOW, **how)

    return take


@pytest.mark.parametrize(
    ("before", "then", "says"),
    [
        ([], step("submit", "ope"), "ope is operator and may not submit a version"),
        ([], step("submit", "eva"), "there is no user 'eva'"),
        ([], step("approve", "ivo"), "is draft, not submitted"),
        ([step("submit", "ivo")], step("approve", "ivo"), "somebody else must approve it"),
        ([step("submit", "ivo")], step("approve", "bea"), "bea is back_office and may not approve"),
        ([step("submit", "ivo")], step("publish", "ada", approval=True), "is submitted, not approved"),
        ([step("submit", "ivo"), step("approve", "ada")], step("publish", "bea", approval=True), "may not publish"),
        ([step("submit", "ivo"), step("approve", "ada")], step("publish", "", approval=True), "there is no user ''"),
        ([step("publish", "", approval=False)], step("publish", "", approval=False), "is published"),
        ([], step("rollback", "", approval=False), "was never retired"),
    ],
)
def test_what_is_refused(store: Administration, before: list[Any], then: Any, says: str) -> None:
    with store.change() as connection:
        propose(connection, "one")
        propose(connection, "two")
        for take in before:
            take(connection)
        kept = states(connection)
        with pytest.raises(IvrError, match=says):
            then(connection)
        assert states(connection) == kept


def test_without_approval_whoever_is_at_the_machine_may_publish(store: Administration) -> None:
    with store.change() as connection:
        propose(connection, "one")
        propose(connection, "two")
        step("publish", "", approval=False)(connection)
    assert log(store)[-1] == (versions.LOCAL, "published", "line lavoro")


def test_a_line_has_one_published_version_whatever_happens(store: Administration) -> None:
    with store.change() as connection:
        propose(connection, "one")
        propose(connection, "two")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("UPDATE line_versions SET state = 'published'")


# --- what is switched by hand


def test_closures_and_messages_hold_until_they_expire_or_are_ended(store: Administration) -> None:
    with store.change() as connection:
        closure = notices.close_line(
            connection,
            line="lavoro",
            emergency=True,
            starts=TODAY,
            until=TODAY + timedelta(hours=2),
            periods=(),
            reason="guasto",
            who="ivo",
            at=NOW,
        )
        message = notices.tell_callers(
            connection,
            line=notices.ALL_LINES,
            starts=TODAY + timedelta(hours=1),
            until=TODAY + timedelta(days=1),
            texts={"it": "Il portale non è disponibile.", "en": "The portal is down."},
            who="ada",
            at=NOW,
        )
        notices.switch(connection, line="lavoro", function="ufficio", off=True, reason="lenta", who="ada", at=NOW)
        now = notices.current(connection, NOW)
        assert [(each.line, each.emergency, each.reason) for each in now.closures] == [("lavoro", True, "guasto")]
        assert now.off == {("lavoro", "ufficio")}
        assert not now.messages[0].holds("lavoro", TODAY)
        assert now.messages[0].holds("lavoro", TODAY + timedelta(hours=1))
        later = notices.current(connection, NOW + 3 * 3600)
        assert (later.closures, len(later.messages)) == ((), 1)
        notices.end(connection, "front_messages", message, "ada", NOW)
        notices.switch(connection, line="lavoro", function="ufficio", off=False, reason="", who="ada", at=NOW)
        assert notices.current(connection, NOW) == notices.Notices(now.closures)
        notices.end(connection, "closures", closure, "ada", NOW)
        with pytest.raises(IvrError, match="none with number"):
            notices.end(connection, "closures", closure, "ada", NOW)
    assert [what for _, what, _ in log(store)] == [
        "emergency closure",
        "front message",
        "switched off",
        "front messages: ended",
        "switched on",
        "closures: ended",
    ]


@pytest.mark.parametrize(
    ("until", "who", "says"),
    [
        (TODAY, "ada", "not later than its beginning"),
        (TODAY - timedelta(minutes=1), "ada", "not later"),
        (TODAY + timedelta(days=401), "ada", "more than 400 days"),
        (TODAY + timedelta(days=1), "ope", "ope is operator and may not"),
    ],
)
def test_everything_has_an_end_and_an_author(store: Administration, until: datetime, who: str, says: str) -> None:
    with store.change() as connection:
        with pytest.raises(IvrError, match=says):
            notices.tell_callers(connection, line="", starts=TODAY, until=until, texts={"it": "a"}, who=who, at=NOW)
        assert notices.current(connection, NOW) == notices.Notices()


# --- the store itself


def test_a_change_is_made_whole_or_not_at_all(store: Administration) -> None:
    def change() -> None:
        with store.change() as connection:
            propose(connection, "one")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    with store.look() as connection:
        assert versions.versions(connection, "lavoro") == ()
    assert log(store) == []


def test_a_store_that_cannot_be_changed_is_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ivr.db").write_text("no database, by far" * 100, encoding="utf-8")
    with pytest.raises(Unavailable, match="cannot be changed"), Administration(tmp_path / "ivr.db").change():
        pass
    monkeypatch.setattr("ivr_engine.records.administration._BUSY", 0.1)
    other = Administration(tmp_path / "other.db")
    with other.change():
        pass
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"), other.change():
            pass
