"""Articles published from the console, and the line's files: neither takes back what the other says without anybody's wish."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from ivr_engine import config
from ivr_engine.engine.answers import Answers
from ivr_engine.engine.publication import Publication
from ivr_engine.errors import Invalid, IvrError
from ivr_engine.records import article_search, articles, drafts, users
from ivr_engine.records.users import Role

from ..cli.site import LINES, SETTINGS, TRIAL, Site

if TYPE_CHECKING:
    from pathlib import Path

    from ivr_engine.records.drafts import Body, Draft

NOW = 1_795_000_000.0  # in November 2026
TODAY = date(2026, 11, 18)
OLD, NEW = "entro trenta giorni", "La domanda si presenta entro quaranta giorni."


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Its one own line is `prova`, as `ivr lines new` makes it; people of three roles."""
    (tmp_path / "lines").mkdir()
    site = Site(tmp_path, SETTINGS.replace(str(LINES), "lines"))
    assert site.run("lines", "new", "prova", "--number", TRIAL).returncode == 0
    with Publication(config.load(tmp_path / "ivr.toml")).store.change() as connection:
        for name, role in (("ada", Role.ADMINISTRATOR), ("ivo", Role.KNOWLEDGE_MANAGER), ("mia", Role.MINISTRY)):
            users.add(connection, name, role, "", NOW, "ada")
    return site


@pytest.fixture
def publication(site: Site, monkeypatch: pytest.MonkeyPatch) -> Publication:
    """With version 1 published; no sound is made here."""
    monkeypatch.setattr(Publication, "make_sounds", lambda _self, _lines: 0)
    publication = Publication(config.load(site.folder / "ivr.toml"))
    publication.propose(NOW)
    return publication


def write(publication: Publication, text: str, at: float) -> Draft:
    """An approved draft of the line's one article."""
    file, body = publication.answers.file("prova", "R01")
    body["text"]["it"] = text
    with publication.store.change() as connection:
        draft = drafts.start(connection, "prova", file, "R01", body, "ivo", at)
        publication.answers.check(draft, at)
        drafts.submit(connection, draft, "ivo", at)
        draft = drafts.get(connection, draft.id)
        with pytest.raises(IvrError, match="meanwhile"):
            drafts.approve(connection, draft, "mia", at, seen=round(draft.updated * 1000) - 1)
        drafts.approve(connection, draft, "mia", at, seen=round(draft.updated * 1000))
        return drafts.get(connection, draft.id)


def approved(publication: Publication, line: str, file: str, article: str, body: Body) -> Draft:
    """A draft of any article, not checked."""
    with publication.store.change() as connection:
        draft = drafts.start(connection, line, file, article, body, "ivo", NOW)
        drafts.submit(connection, draft, "ivo", NOW)
        drafts.approve(connection, drafts.get(connection, draft.id), "mia", NOW, seen=round(NOW * 1000))
        return drafts.get(connection, draft.id)


def correct(publication: Publication, text: str, at: float) -> None:
    publication.answers.publish(write(publication, text, at), "mia", at)


def heard(publication: Publication) -> str:
    """What callers hear, which is what operators read."""
    article = publication.published(NOW)[0].lines["prova"].articles["R01"].text["it"]
    with publication.store.look() as connection:
        card = articles.versions(connection, "prova", "R01", "it")
    assert card == () or card[-1].article.text == article
    return article


def change(site: Site, file: str, old: str, new: str) -> None:
    path = site.folder / "lines/prova" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_voice_and_card_change_together_and_files_that_did_not_change_propose_nothing(publication: Publication) -> None:
    assert OLD in heard(publication)
    correct(publication, NEW, NOW + 1)
    assert heard(publication) == NEW
    assert publication.propose(NOW + 2) == []
    with publication.store.look() as connection:
        assert [it.version for it in articles.versions(connection, "prova", "R01", "it")] == [1]


def test_other_changes_of_the_files_keep_what_was_published(site: Site, publication: Publication) -> None:
    correct(publication, NEW, NOW + 1)
    change(site, "prompts.yaml", "Benvenuti.", "Buongiorno.")
    (draft,) = publication.propose(NOW + 2)
    publication.publish(draft, "", NOW + 3)
    assert heard(publication) == NEW
    assert "Buongiorno." in str(publication.published(NOW)[0].lines["prova"].prompts)


def test_an_answer_published_while_a_versions_sounds_are_made_is_taken_along(
    site: Site, publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(site, "prompts.yaml", "Benvenuti.", "Buongiorno.")
    (draft,) = publication.propose(NOW + 1)

    def slow_voice(self: Publication, _lines: object) -> int:
        monkeypatch.setattr(Publication, "make_sounds", lambda _self, _lines: 0)
        correct(self, NEW, NOW + 3)
        return 0

    monkeypatch.setattr(Publication, "make_sounds", slow_voice)
    publication.publish(draft, "", NOW + 2)
    assert heard(publication) == NEW
    assert "Buongiorno." in str(publication.published(NOW)[0].lines["prova"].prompts)


def test_a_file_that_says_the_article_anew_is_taken_at_its_word(site: Site, publication: Publication) -> None:
    correct(publication, NEW, NOW + 1)
    change(site, "articles.yaml", "entro trenta giorni", "entro sei giorni")
    (draft,) = publication.propose(NOW + 2)
    publication.publish(draft, "", NOW + 3)
    assert "entro sei giorni" in heard(publication)


def test_a_draft_of_the_files_that_is_older_does_not_take_an_article_back(site: Site, publication: Publication) -> None:
    change(site, "prompts.yaml", "Benvenuti.", "Buongiorno.")
    (draft,) = publication.propose(NOW + 1)
    correct(publication, "Prima correzione.", NOW + 2)
    correct(publication, NEW, NOW + 3)
    publication.publish(draft, "", NOW + 4)
    assert heard(publication) == NEW


def test_who_goes_back_to_an_earlier_version_gets_its_articles_and_keeps_them(site: Site, publication: Publication) -> None:
    correct(publication, NEW, NOW + 1)
    publication.roll_back("prova", None, "", NOW + 2)
    assert OLD in heard(publication)
    change(site, "prompts.yaml", "Benvenuti.", "Buongiorno.")
    (draft,) = publication.propose(NOW + 3)
    publication.publish(draft, "", NOW + 4)
    assert OLD in heard(publication)


def test_an_answer_that_is_taken_back_is_found_no_more(publication: Publication) -> None:
    file, body = publication.answers.file("prova", "R01")
    new = approved(publication, "prova", file, "N01", {**body, "text": {**body["text"], "it": "Una parola nuova: zanzibar."}})
    publication.answers.publish(new, "mia", NOW + 1)

    def found() -> tuple[bool, list[str]]:
        with publication.store.look() as connection:
            search = article_search.search(connection, "zanzibar", on=TODAY)
            return articles.in_force(connection, "prova", "N01", "it", TODAY) is not None, [it.id for it in search]

    assert found() == (True, ["N01"])
    publication.roll_back("prova", 1, "", NOW + 2)
    assert found() == (False, [])
    publication.roll_back("prova", 2, "", NOW + 3)
    assert found() == (True, ["N01"])


def test_a_mistake_of_the_article_is_found_and_the_trees_own_are_not_its_authors(publication: Publication) -> None:
    file, body = publication.answers.file("prova", "R01")
    with publication.store.change() as connection:
        draft = drafts.start(connection, "prova", file, "R01", {**body, "valid_to": "2026-06-01"}, "ivo", NOW)
    with pytest.raises(Invalid, match="no article of R01 is valid"):
        publication.answers.check(draft, NOW)


def test_what_was_approved_is_what_is_published(publication: Publication) -> None:
    approved = write(publication, NEW, NOW + 1)
    with publication.store.change() as connection:
        drafts.send_back(connection, approved, "mia", NOW + 2)
    with pytest.raises(IvrError, match="meanwhile"):
        publication.answers.publish(approved, "mia", NOW + 3)
    assert OLD in heard(publication)


def test_what_was_approved_ahead_publishes_itself_on_its_day(publication: Publication) -> None:
    file, body = publication.answers.file("prova", "R01")
    body |= {"valid_from": "2026-11-20", "text": {**body["text"], "it": NEW}}
    morning = 1_795_161_600.0  # 20 November 2026, nine o'clock in Rome
    eve = morning - 86_400
    with publication.store.change() as connection:
        draft = drafts.start(connection, "prova", file, "R01", body, "ivo", eve)
        drafts.submit(connection, draft, "ivo", eve)
        drafts.approve(connection, drafts.get(connection, draft.id), "mia", eve, seen=round(eve * 1000))
    assert publication.answers.publish_due(eve) == []
    assert OLD in heard(publication)
    assert [str(due) for due in publication.answers.publish_due(morning)] == [str(draft)]
    assert heard(publication) == NEW
    with publication.store.look() as connection:
        assert drafts.get(connection, draft.id).published_by == "mia"
    assert publication.answers.publish_due(morning) == []


def test_one_that_cannot_be_published_does_not_keep_the_others(publication: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    file, body = publication.answers.file("prova", "R01")
    morning = 1_795_161_600.0  # 20 November 2026, nine o'clock in Rome
    ahead = {**body, "valid_from": "2026-11-20"}
    good, gone, broken = (
        approved(publication, line, file, article, ahead)
        for line, article in (("prova", "N01"), ("sparita", "R01"), ("prova", "N02"))
    )
    with pytest.raises(IvrError, match="there is no line sparita any more"):
        publication.answers.check(gone, morning)
    publish = Answers.publish

    def fail(answers: Answers, draft: Draft, who: str, at: float) -> int:
        if draft.id == broken.id:
            raise ZeroDivisionError
        return publish(answers, draft, who, at)

    monkeypatch.setattr(Answers, "publish", fail)
    assert [due.id for due in publication.answers.publish_due(morning)] == [good.id]
    with publication.store.look() as connection:
        assert {draft.id for draft in drafts.on_the_way(connection)} == {gone.id, broken.id}


def test_an_unknown_line_has_no_article(publication: Publication) -> None:
    with pytest.raises(IvrError, match="line sparita has no article R01"):
        publication.answers.file("sparita", "R01")


def test_what_could_be_published_at_once_does_not_publish_itself(publication: Publication) -> None:
    write(publication, NEW, NOW)
    assert publication.answers.publish_due(NOW + 30 * 86_400) == []
    assert OLD in heard(publication)


def test_one_person_is_not_two(publication: Publication) -> None:
    draft = write(publication, NEW, NOW + 1)
    with publication.store.change() as connection:
        drafts.send_back(connection, draft, "mia", NOW)
        again = drafts.get(connection, draft.id)
        drafts.save(connection, again, {**again.body, "source": "nota"}, "ada", NOW, seen=round(again.updated * 1000))
        again = drafts.get(connection, draft.id)
        drafts.submit(connection, again, "ivo", NOW)
        again = drafts.get(connection, draft.id)
        for who in ("ivo", "ada"):
            with pytest.raises(IvrError, match="somebody else must approve"):
                drafts.approve(connection, again, who, NOW, seen=round(again.updated * 1000))
        with pytest.raises(IvrError):
            drafts.publish(connection, again, None, "mia", NOW)
