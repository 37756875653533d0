"""For all tests."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

# Whoever starts the tests in the background may have them ignore Ctrl-C, and every process they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Two workers share the tests file by file; all that need the real Asterisk, which is one, go to the same worker."""
    for item in items:
        group = "asterisk" if item.get_closest_marker("asterisk") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
