"""All tests: which of them may run beside one another (pytest-xdist, --dist loadgroup)."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of tests/asterisk share one Asterisk: one worker runs them, first of all; others stay together by file."""
    items.sort(key=lambda item: not _needs_asterisk(item))
    for item in items:
        item.add_marker(pytest.mark.xdist_group("asterisk" if _needs_asterisk(item) else item.path.as_posix()))


def _needs_asterisk(item: pytest.Item) -> bool:
    return item.path.is_relative_to(TESTS / "asterisk")
