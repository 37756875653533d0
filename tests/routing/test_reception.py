"""A call is received and seen through; whatever breaks, its contact ends as what truly became of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from ivr_engine.agi.client import Introduction
from ivr_engine.agi.server import AgiServer, AgiSettings
from ivr_engine.dialogue.loader import load_line
from ivr_engine.events import Cause, ContactEnded, OperatorAnswered, QueueEntered, QueueLeft, QueueStatus
from ivr_engine.routing.contacts import Book, Contact, OpenContacts
from ivr_engine.routing.feed import Feed
from ivr_engine.routing.reception import Reception, Serving
from ivr_engine.speech.catalogue import Catalogue
from ivr_engine.testing import ManualClock
from ivr_engine.testing.fake_asterisk import FakeAsterisk
from ivr_engine.testing.rehearsal import house_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.events import Event

CHANNEL = "1700000000.1"
PROVA = Path(__file__).resolve().parents[1] / "lines" / "prova"
LEADS_ON = """
title: {it: Prima}
numbers: ["800196008"]
queue: prima
languages: [it]
hours: {mon-sun: ["00:00-24:00"]}
start: via
operator: operatore
steps:
  via: {goto: {line: prova}}
  operatore: {queue: {}}
"""


class Asterisk(FakeAsterisk):
    """Answers everything; the caller hangs up at `hangs_up_at`, and the reply to `silent_at` never comes."""

    def __init__(self, line: str, *, hangs_up_at: str = "", silent_at: str = "") -> None:
        super().__init__(introduction=Introduction(request=f"agi://engine/{line}", channel="x", uniqueid=CHANNEL))
        self._hangs_up_at, self._silent_at = hangs_up_at, silent_at

    async def respond(self, command: str, words: Sequence[str]) -> str | None:
        asked = " ".join((command, *words))
        if self._silent_at and asked.startswith(self._silent_at):
            await Deferred()
        if self._hangs_up_at and asked.startswith(self._hangs_up_at):
            self._client.hang_up()
        return await super().respond(command, words)


class House:
    """Reception with two lines, the first of which leads to the second."""

    def __init__(self, folder: Path) -> None:
        (folder / "prima").mkdir()
        (folder / "prima" / "line.yaml").write_text(LEADS_ON)
        for file in ("prompts.yaml", "articles.yaml"):
            (folder / "prima" / file).write_text("{}\n")
        lines = {"prima": load_line(folder / "prima", "prima"), "prova": load_line(PROVA, "prova")}
        self.events: list[Event] = []
        self.contacts = OpenContacts()
        self.clock = clock = ManualClock()
        book = Book(SimpleNamespace(append=self.events.append), Feed())  # type: ignore[arg-type]
        house = house_of(Catalogue({name: line.texts() for name, line in lines.items()}), clock)
        serving = Serving(lines, {}, house)
        self.reception = Reception(
            reactor=Clock(),
            exchange="asterisk",
            clock=clock,
            book=book,
            contacts=self.contacts,
            serving=lambda: serving,
            caller_key=lambda _number: "",
            answer_share=0.8,
            look=lambda: None,
        )
        self.book = book
        self.server = AgiServer(Clock(), AgiSettings(), self.reception.handle)

    def call(self, asterisk: Asterisk) -> Asterisk:
        asterisk.call(self.server.buildProtocol(asterisk.address))
        return asterisk

    def ended(self) -> list[Cause]:
        return [event.cause for event in self.events if isinstance(event, ContactEnded)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_whole_call_ends_with_the_contact(house: House) -> None:
    asterisk = house.call(Asterisk("prova"))
    assert asterisk.asked[-1][:2] == ("SET VARIABLE", "IVR_DONE")
    assert (house.ended(), len(house.contacts)) == ([Cause.GOODBYE], 0)


def test_on_another_line_the_dialplan_falls_back_to_that_lines_queue(house: House) -> None:
    asked = house.call(Asterisk("prima")).asked
    told = [words for words in asked if words[:2] == ("SET VARIABLE", "IVR_QUEUE")]
    assert told == [("SET VARIABLE", "IVR_QUEUE", "lavoro")]
    first_sound = next(place for place, words in enumerate(asked) if words[0] == "STREAM FILE")
    assert asked.index(told[0]) < first_sound, "from then on the engine may die"


def test_on_its_own_line_a_call_keeps_the_dialplans_queue(house: House) -> None:
    assert not [words for words in house.call(Asterisk("prova")).asked if "IVR_QUEUE" in words]


def test_a_call_that_breaks_at_its_last_command_is_followed(house: House) -> None:
    house.call(Asterisk("prova", silent_at="SET VARIABLE IVR_DONE")).drop()
    assert house.ended() == []
    contact = house.contacts.on(CHANNEL)
    assert contact is not None
    assert contact.lost is Cause.EXCHANGE_LOST, "the dialplan takes the caller to the queue"


def test_a_caller_who_has_gone_is_not_followed(house: House) -> None:
    house.call(Asterisk("prova", hangs_up_at="STREAM FILE", silent_at="SET VARIABLE IVR_DONE")).drop()
    assert (house.ended(), len(house.contacts)) == ([Cause.CALLER], 0)


@pytest.mark.parametrize(("ends", "cause"), [(False, Cause.CALLER), (True, Cause.EXCHANGE_LOST)])
def test_when_the_exchange_ends_it_is_not_the_caller_who_hangs_up(house: House, ends: bool, cause: Cause) -> None:
    house.reception.exchange_ends = ends
    house.call(Asterisk("prova", hangs_up_at="STREAM FILE"))
    assert house.ended() == [cause]


def test_a_followed_contact_whose_channel_a_new_call_has_is_ended(house: House) -> None:
    house.contacts.add(Contact(house.book, "BEFORE", CHANNEL, "prova", lost=Cause.ENGINE_LOST))
    house.call(Asterisk("prova"))
    ends = [(event.contact, event.cause) for event in house.events if isinstance(event, ContactEnded)]
    assert ends[0] == ("BEFORE", Cause.ENGINE_LOST)
    assert len(ends) == 2


def test_a_talk_that_outlived_its_engine_counts_when_the_caller_is_sent_back_by_telephone(house: House) -> None:
    before, now = Contact(house.book, "BEFORE", CHANNEL, "prova", lost=Cause.ENGINE_LOST), house.clock.now()
    before.record(QueueEntered("BEFORE", now - 12.0, "lavoro", 0, 300))
    before.record(OperatorAnswered("BEFORE", now - 9.0, "lavoro", "op1"))
    house.contacts.add(before)
    house.call(Asterisk("prova"))
    left = next(event for event in house.events if isinstance(event, QueueLeft))
    assert (left.contact, left.status, left.wait_s, left.talk_s, left.operator) == ("BEFORE", QueueStatus.ANSWERED, 3, 9, "op1")
    assert house.ended()[0] is Cause.ENGINE_LOST
