"""What happens, as it happens, to those who look on: facts of contacts to watchers, screen-pops to one operator alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import structlog

from ivr_engine.events import PrivateNoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.events import Event
    from ivr_engine.records.cases import CaseTouched

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case of the citizen that is not closed: its number, state and topic."""

    case: str
    state: str
    topic: str


@dataclass(frozen=True, slots=True)
class ScreenPop:
    """What the rung operator sees before lifting the phone.

    `path`: (line, step, key) as walked; `inputs`: validated, by name, as their masks let
    them be seen; `facts`: what the line's functions found; `said`: what the caller said, as it was heard; `open_cases` is None
    when the store did not answer in time.
    """

    contact: str
    at: float
    operator: str
    queue: str
    line: str
    number: str
    citizen: str
    waited_s: int
    path: tuple[tuple[str, str, str], ...]
    inputs: dict[str, str]
    facts: dict[str, str]
    topic: str
    open_cases: tuple[OpenCase, ...] | None
    said: tuple[str, ...] = ()


Notice: TypeAlias = "Event | ScreenPop | CaseTouched"


@dataclass(frozen=True, slots=True, eq=False)
class _Subscriber:
    deliver: Callable[[Notice], None]
    operator: str | None
    kinds: tuple[type[Notice], ...]


class Feed:
    """Subscribers and what they get. One subscriber's failure reaches neither the call nor another subscriber."""

    def __init__(self) -> None:
        self._subscribers: list[_Subscriber] = []
        self._concerned: dict[type[Notice], tuple[_Subscriber, ...]] = {}  # most facts concern nobody, and there are many

    def subscribe(
        self, deliver: Callable[[Notice], None], operator: str | None = None, *, kinds: tuple[type[Notice], ...] = ()
    ) -> Callable[[], None]:
        """Deliver from now on, those `kinds` alone when any are named; the answer ends it. With an operator's name: that
        operator's screen-pops and nothing else."""
        subscriber = _Subscriber(deliver, operator, (ScreenPop,) if operator is not None else kinds)
        self._subscribers.append(subscriber)
        self._concerned.clear()

        def end() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)
                self._concerned.clear()

        return end

    def publish(self, notice: Notice) -> None:
        """To everybody it concerns, at once. What identifies a citizen travels in screen-pops only."""
        kind = type(notice)
        concerned = self._concerned.get(kind)
        if concerned is None:
            concerned = tuple(one for one in self._subscribers if kind is not PrivateNoted and kind in (one.kinds or (kind,)))
            self._concerned[kind] = concerned
        for one in concerned:
            if one.operator is not None and getattr(notice, "operator", None) != one.operator:
                continue
            try:
                one.deliver(notice)
            except Exception as error:  # noqa: BLE001 - a watcher's fault is its own
                log.warning("a watcher failed", error=repr(error))
