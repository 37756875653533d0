"""Sites with an engine and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .site import SETTINGS, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A folder with settings, and nothing that runs."""
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose engine runs as long as the tests of one file."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.serve()
    yield site
    site.close()


@pytest.fixture(scope="module")
def plain_settings() -> str:
    """What every site here begins with."""
    return SETTINGS
