"""The console's desk on a real Asterisk, in a real browser: queue membership, screen-pop, transfer and filing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ivr_engine.records import users
from ivr_engine.records.users import Role

from .engine import Engine
from .proxy import Proxy
from .server import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from .server import RealAsterisk

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

PASSWORD = "una frase lunga e segreta"
PHONE = "Local/opanna@operators"


@pytest.fixture
def manager(asterisk: RealAsterisk) -> Iterator[Proxy]:
    """The way to Asterisk's manager."""
    proxy = Proxy(asterisk.ami_port)
    yield proxy
    proxy.close()


@pytest.fixture
def engine(asterisk: RealAsterisk, manager: Proxy, audio: Path, tmp_path: Path) -> Iterator[Engine]:
    """An engine whose only operators at work are those of the console."""
    engine = Engine(tmp_path, asterisk, audio, ami_port=manager.port)
    with engine.store.administration.change() as connection:
        users.add(connection, "ada", Role.ADMINISTRATOR, "Ada Neri", 0, "test")
        users.add(connection, "anna", Role.OPERATOR, "Anna Verdi", 0, "test")
        users.set_password(connection, "anna", users.hashed(PASSWORD), 0, "test")
        users.set_desk(connection, "anna", PHONE, ["lavoro", "tfr"], ["lavoro", "tfr"], 0, "test")
    asterisk.pause(*asterisk.operators)
    asterisk.set_global(opanna_RING="1", opanna_TALK="120")
    engine.start()
    yield engine
    engine.stop()
    for queue in ("lavoro", "tfr"):
        asterisk.cli(f"queue remove member {PHONE} from {queue}", check=False)


def address(engine: Engine) -> str:
    """Where the desk is of the engine that runs now."""
    found = re.findall(r"console: (http://\S+)/", engine.log())
    assert found, engine.log()[-2000:]
    return f"{found[-1]}/desk"


@pytest.fixture
def page(engine: Engine, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(locale="it-IT")
    page.set_default_timeout(20_000)
    page.goto(address(engine))
    page.fill("#name", "anna")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#desk-state")
    expect(page.locator("#live-state")).not_to_be_empty()  # connected
    yield page
    page.close()


def state(page: Page, name: str) -> None:
    expect(page.locator("#desk-state")).to_have_attribute("data-state", name, timeout=30_000)


def paused(asterisk: RealAsterisk, queue: str) -> bool | None:
    """Is Anna paused there? None: she is no member."""
    line = next((line for line in asterisk.cli(f"queue show {queue}").splitlines() if PHONE in line), None)
    return None if line is None else "(paused" in line


def test_ring_pop_answer_transfer_and_file(asterisk: RealAsterisk, engine: Engine, page: Page) -> None:
    wait_for(lambda: paused(asterisk, "lavoro") is True, 10, lambda: asterisk.cli("queue show lavoro"))
    page.keyboard.press("Alt+r")
    state(page, "ready")
    wait_for(lambda: paused(asterisk, "lavoro") is False, 10, lambda: asterisk.cli("queue show lavoro"))
    citizen = asterisk.call("800196009", "0")
    card = page.locator(".desk-card")
    expect(card).to_contain_text(citizen.number)
    contact = card.get_attribute("data-contact")
    state(page, "busy")
    page.wait_for_timeout(2500)  # they talk
    page.locator("textarea").fill("Da passare alla linea TFR")
    page.locator("[name=to]").select_option("line:tfr_cliclavoro")
    page.locator(".desk-transfer button").click()
    state(page, "wrap_up")
    wait_for(lambda: paused(asterisk, "lavoro") is True, 10, lambda: asterisk.cli("queue show lavoro"))
    page.locator("[name=subject]").select_option(index=1)
    page.keyboard.press("Alt+1")
    state(page, "ringing")  # nobody else serves the other line
    assert card.get_attribute("data-contact") == contact
    state(page, "busy")
    asterisk.hang_up(citizen)
    state(page, "wrap_up")
    page.locator("[name=subject]").select_option(index=1)
    page.keyboard.press("Alt+1")
    state(page, "ready")
    row = engine.wait_end(citizen)
    kinds = engine.kinds(citizen)
    assert row.id == contact
    assert (row.outcome, row.line) == ("answered", "tfr_cliclavoro"), engine.story(citizen)
    counts = {kind: kinds.count(kind) for kind in ("ContactStarted", "ContactEnded", "OperatorTransferred", "OperatorAnswered")}
    assert counts == {"ContactStarted": 1, "ContactEnded": 1, "OperatorTransferred": 1, "OperatorAnswered": 2}, engine.story(
        citizen
    )
    assert kinds.count("OperatorRang") >= 2
    assert "ScreenPopShown" in kinds
    talks = [int(entry.data["talk_s"]) for entry in engine.file(row.id).journal if entry.kind == "QueueLeft"]
    assert 2 <= talks[0] <= 8, "Asterisk counts the first talk on until the caller is gone; the engine does not"
    assert row.talk_s == sum(talks)
    assert len(engine.file(row.id).cases) == 2, "a case on each line"


def test_operators_of_an_engine_that_died_are_rung_no_more(asterisk: RealAsterisk, engine: Engine, page: Page) -> None:
    page.keyboard.press("Alt+r")
    state(page, "ready")
    wait_for(lambda: paused(asterisk, "lavoro") is False, 10, lambda: asterisk.cli("queue show lavoro"))
    page.close()
    engine.kill()
    assert paused(asterisk, "lavoro") is False, "else nobody need take her out"
    engine.start()
    wait_for(lambda: paused(asterisk, "lavoro") is None, 10, lambda: asterisk.cli("queue show lavoro"))
    assert "op1" in asterisk.cli("queue show lavoro")


def test_a_lost_manager_is_told_on_the_desk_and_found_again(
    asterisk: RealAsterisk, manager: Proxy, engine: Engine, page: Page
) -> None:
    notice = page.get_by_text("Collegamento con il centralino interrotto")
    expect(notice).to_have_count(0)
    manager.cut()
    expect(notice).to_be_visible()
    page.keyboard.press("Alt+r")
    state(page, "ready")
    assert paused(asterisk, "lavoro") is True, "nobody could tell the queue"
    manager.restore()
    expect(notice).to_have_count(0, timeout=30_000)
    wait_for(lambda: paused(asterisk, "lavoro") is False, 10, lambda: asterisk.cli("queue show lavoro"))


def test_a_talk_outlives_the_engine_with_its_card_and_note(asterisk: RealAsterisk, engine: Engine, page: Page) -> None:
    page.keyboard.press("Alt+r")
    state(page, "ready")
    citizen = asterisk.call("800196009", "0")
    state(page, "busy")
    contact = page.locator(".desk-card").get_attribute("data-contact")
    way = page.locator(".desk-path").inner_text()
    with page.expect_response("**/desk/draft"):
        page.locator("textarea").fill("Chiede dello stipendio")
    assert engine.stop() == 0
    engine.start()
    page.goto(address(engine))  # the session is still good; the port alone is another
    state(page, "busy")
    card = page.locator(".desk-card")
    assert card.get_attribute("data-contact") == contact
    expect(card).to_contain_text(citizen.number)
    assert page.locator(".desk-path").inner_text() == way, "the way through the menus is in the journal"
    page.locator("[name=to]").select_option("line:tfr_cliclavoro")
    page.locator(".desk-transfer button").click()
    for called in ("wrap_up", "busy", "wrap_up", "ready"):
        state(page, called)
        if called == "busy":
            asterisk.hang_up(citizen)
        if called == "wrap_up":
            page.locator("[name=subject]").select_option(index=1)
            page.keyboard.press("Alt+1")
    row = engine.wait_end(citizen)
    file = engine.file(row.id)
    left = [entry.data for entry in file.journal if entry.kind == "QueueLeft"]
    assert [(stay["queue"], stay["operator"], stay["status"]) for stay in left] == [
        ("lavoro", "anna", "answered"),
        ("tfr", "anna", "answered"),
    ]
    assert (row.outcome, row.talk_s) == ("answered", sum(int(stay["talk_s"]) for stay in left)), engine.story(citizen)
    assert int(left[0]["talk_s"]) >= 2, "it began before the engine did"
    page.goto(page.url.replace("/desk", f"/cases/{file.cases[0]}"))
    expect(page.locator("main")).to_contain_text("Chiede dello stipendio")


def test_what_was_filed_before_the_engine_was_started_anew_is_filed(asterisk: RealAsterisk, engine: Engine, page: Page) -> None:
    page.keyboard.press("Alt+r")
    state(page, "ready")
    citizen = asterisk.call("800196009", "0")
    state(page, "busy")
    page.locator("[name=subject]").select_option(index=1)
    page.keyboard.press("Alt+1")
    expect(page.locator(".console-notice")).to_be_visible()  # filed
    engine.kill()
    engine.start()
    page.goto(address(engine))
    state(page, "busy")
    expect(page.locator(".console-notice")).to_be_visible()
    asterisk.hang_up(citizen)
    state(page, "ready")
    row = engine.wait_end(citizen)
    (case,) = engine.file(row.id).cases
    history = engine.store.cases.show(case)
    assert history is not None
    assert [entry.what for entry in history.history].count("disposition") == 1
