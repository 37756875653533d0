"""The live board: how a line is said to go, and that nothing of it slips away from whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ivr_engine.console.pages.board import _tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    SignIn = Callable[..., Page]

ALARM = '<p class="console-notice">{} non torna</p>'


@pytest.mark.parametrize(
    ("in_time", "queued", "waits", "tone"),
    [
        (0, 0, [], "calm"),
        (0, 0, [3.0], "good"),
        (0, 0, [21.0], "warn"),
        (0, 0, [121.0], "bad"),
        (10, 10, [], "good"),
        (7, 10, [], "warn"),
        (4, 10, [], "bad"),
        (0, 3, [], "bad"),
    ],
)
def test_a_line_goes_as_those_fare_who_want_an_operator(in_time: int, queued: int, waits: list[float], tone: str) -> None:
    assert _tone(in_time, queued, waits, 20.0) == tone


@pytest.mark.timeout(180)
def test_the_board_stays_where_its_reader_is_while_it_changes(sign_in: SignIn) -> None:
    page = sign_in("supervisor", "/board")
    page.set_viewport_size({"width": 360, "height": 800})
    region = page.locator("#board-lines")
    region.focus()
    region.evaluate("it => { it.scrollLeft = 120 }")
    times = iter(range(1, 100))

    def changed(route: Route) -> None:
        text = route.fetch().text().replace("</caption>", f", volta {next(times)}</caption>")
        route.fulfill(body=text, content_type="text/html")

    page.route("**/board/part", changed)
    expect(region.locator("caption")).to_contain_text("volta 2")
    assert region.evaluate("it => [it.scrollLeft, document.activeElement === it]") == [120, True]


@pytest.mark.timeout(180)
def test_an_alarm_of_the_board_is_said_once(sign_in: SignIn) -> None:
    page = sign_in("supervisor", "/board")
    days = ["ieri"]

    def alarm(route: Route) -> None:
        text = route.fetch().text()
        assert text.count('role="alert">') == 1
        said = "".join(ALARM.format(day) for day in days)
        route.fulfill(body=text.replace('role="alert">', f'role="alert">{said}'), content_type="text/html")

    page.evaluate(
        "window.said = 0; new MutationObserver(() => { window.said += 1 })"
        ".observe(document.getElementById('board-alarms'), {childList: true, subtree: true})"
    )
    page.route("**/board/part", alarm)
    expect(page.get_by_role("alert").filter(has_text="ieri")).to_be_visible()
    page.wait_for_timeout(5000)
    assert page.evaluate("window.said") == 1
    days.append("oggi")
    expect(page.get_by_role("alert").filter(has_text="oggi")).to_be_visible()
