"""A running engine with its console, people of every role, and a real Chromium."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ivr_engine.records import users
from ivr_engine.records.store import StoreReader
from ivr_engine.records.users import Role

from .. import sounds
from .site import SETTINGS, Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def hashed() -> str:
    """The password of everybody here, hashed once."""
    from .site import PASSWORD

    return users.hashed(PASSWORD)


def people(site: Console, hashed: str) -> None:
    """`anna` and `bruno` are operators, everybody else is called after their role."""
    with StoreReader(site.data).administration.change() as connection:
        for role in sorted(Role, key=lambda role: role is not Role.ADMINISTRATOR):
            names = ("anna", "bruno") if role is Role.OPERATOR else (role.value,)
            for name in names:
                users.add(connection, name, role, f"{name.title()} Neri", 0, "test")
                users.set_password(connection, name, hashed, 0, "test")
        users.set_desk(connection, "bruno", "PJSIP/bruno", ["lavoro"], ["lavoro"], 0, "test")


@pytest.fixture(scope="session")
def all_sounds(tmp_path_factory: pytest.TempPathFactory) -> None:
    """There where these sites have theirs: whoever publishes need not wait until all are made."""
    sounds.lay(tmp_path_factory.getbasetemp() / "sounds")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, hashed: str) -> Iterator[Console]:
    """An engine on the built-in exchange."""
    site = Console(tmp_path_factory.mktemp("site"), SETTINGS)
    people(site, hashed)
    site.open()
    yield site
    site.close()


@pytest.fixture
def sign_in(browser: Browser, console: Console) -> Iterator[Callable[..., Page]]:
    """`sign_in("anna", "/desk")`: a page of a browser of one's own, signed in and connected. Faults of a page fail the test."""
    faults: list[str] = []
    contexts = []

    def sign(name: str, path: str = "/", locale: str = "it-IT") -> Page:
        context = browser.new_context(locale=locale, viewport={"width": 1280, "height": 900}, base_url=console.url)
        context.set_default_timeout(15_000)
        contexts.append(context)
        cookie, _, token = console.session(name).partition("=")
        context.add_cookies([{"name": cookie, "value": token, "url": console.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
        page.goto(path)
        expect(page.locator("#live-state")).not_to_be_empty()  # connected
        return page

    yield sign
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def citizen(console: Console) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`citizen("0")`: a call on the built-in exchange with those keys; ended with the test."""
    calls: list[subprocess.Popen[str]] = []

    def call(keys: str, number: str = "3331234567") -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("ivr")), "call", "800196009", "--keys", keys, "--from", number]
        calls.append(subprocess.Popen(command, cwd=console.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return calls[-1]

    yield call
    for process in calls:
        process.kill()
        process.communicate(timeout=10)
