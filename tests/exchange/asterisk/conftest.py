"""A manager that can misbehave, and an exchange that talks to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .fake_manager import FakeManager, Turns

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def manager() -> Iterator[FakeManager]:
    manager = FakeManager()
    yield manager
    manager.close()


@pytest.fixture
def turns() -> Turns:
    return Turns()
