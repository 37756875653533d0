"""For all tests."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

# Whoever starts the tests in the background may have them ignore Ctrl-C, and every process they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    " --disable-sync --autoplay-policy=no-user-gesture-required"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, one for all rooms; without it tests are skipped, or fail when IVR_REQUIRE_BROWSER=1."""
    path = shutil.which("chromium")
    if path is None:
        lacking = "there is no Chromium: install the package chromium (make test does it)"
        (pytest.fail if os.environ.get("IVR_REQUIRE_BROWSER") == "1" else pytest.skip)(lacking)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield browser
        browser.close()
